using Xtmp.Protocol;

namespace Xtmp.Transport;

/// <summary>
/// Files and directories that belong to one user of the machine: made so, and refused where others may use them. On
/// Windows the rights of the directory above apply, and nothing is checked.
/// </summary>
public static class PrivateFile
{
    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private const UnixFileMode OwnerFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Opens a file; where it is made, only its owner may read and write it (0600).</summary>
    /// <exception cref="XtmpException">Local fault: the file is there and others may use it.</exception>
    public static FileStream Open(string path, FileMode mode, FileAccess access, FileShare share = FileShare.None)
    {
        var options = new FileStreamOptions { Mode = mode, Access = access, Share = share };
        if (!OperatingSystem.IsWindows() && mode != FileMode.Open)
        {
            options.UnixCreateMode = OwnerFile;
        }

        var stream = new FileStream(path, options);
        try
        {
            RequireOwnerOnly(path);
            return stream;
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Makes a directory that only its owner may enter (0700), where there is none.</summary>
    /// <exception cref="XtmpException">Local fault: the directory is there and others may enter it.</exception>
    public static void CreateDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
            return;
        }

        Directory.CreateDirectory(path, OwnerFile | UnixFileMode.UserExecute);
        RequireOwnerOnly(path);
    }

    /// <summary>Refuses a file or directory that others than its owner may read, write or enter.</summary>
    /// <exception cref="XtmpException">Local fault; the message holds the command that mends it.</exception>
    public static void RequireOwnerOnly(string path)
    {
        if (OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & Others) == 0)
        {
            return;
        }

        var mode = Convert.ToString((int)File.GetUnixFileMode(path), 8).PadLeft(4, '0');
        throw new XtmpException(XtmpErrorCode.Internal, Fault.Local, $"Others than its owner may use '{path}' (mode {mode}). Mend it with: chmod {(Directory.Exists(path) ? "700" : "600")} '{path}'");
    }
}
