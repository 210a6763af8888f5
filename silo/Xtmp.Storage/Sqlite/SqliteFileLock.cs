namespace Xtmp.Storage;

/// <summary>
/// Keeps a second process off the file. The operating system holds the lock for the life of this process, so a crash
/// frees it; the lock file itself stays, since removing it could take it from under another process.
/// </summary>
internal sealed class SqliteFileLock : IDisposable
{
    private readonly FileStream _stream;

    public SqliteFileLock(string databaseFile)
    {
        var path = databaseFile + ".lock";
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 1 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        try
        {
            _stream = new FileStream(path, options);
        }
        catch (UnauthorizedAccessException)
        {
            throw SqliteErrors.Create(databaseFile, "cannot be opened: this user may not write its lock file.");
        }
        catch (DirectoryNotFoundException)
        {
            throw SqliteErrors.Create(databaseFile, "cannot be opened: its directory does not exist.");
        }
        catch (IOException error) when (!IsHeld(error))
        {
            throw SqliteErrors.Create(databaseFile, $"cannot be opened: {error.Message}");
        }
        catch (IOException)
        {
            throw SqliteErrors.Create(databaseFile, "is in use by another silo: its lock file is held. Stop that silo, or give this one a data directory of its own.");
        }
    }

    // A full disk or a read-only file system is another trouble than another silo.
    private static bool IsHeld(IOException error)
    {
        const int SharingViolation = 0x20;
        const int WouldBlockOnLinux = 11;
        const int WouldBlockOnMac = 35;
        return (error.HResult & 0xFFFF) is SharingViolation or WouldBlockOnLinux or WouldBlockOnMac;
    }

    public void Dispose() => _stream.Dispose();
}
