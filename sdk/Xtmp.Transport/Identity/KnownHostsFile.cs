using System.Globalization;
using System.Text;
using Xtmp.Crypto;
using Xtmp.Protocol;
using Xtmp.Session;

namespace Xtmp.Transport;

/// <summary>
/// First-use trust on disk: one line a server, <c>host fingerprint date</c>. Lines that start with # are comments.
/// Safe for concurrent use, also between processes: one writes at a time, after reading what the others wrote.
/// </summary>
public sealed class KnownHostsFile : IKnownHosts
{
    private const long MaxFileSize = 4 * 1024 * 1024;

    // Another process holds the file for the time of one read and one line.
    private const int LockAttempts = 100;
    private static readonly TimeSpan LockPause = TimeSpan.FromMilliseconds(20);

    private readonly Lock _gate = new();
    private readonly string _path;
    private Dictionary<string, (Fingerprint Fingerprint, int Line)> _hosts = new(StringComparer.OrdinalIgnoreCase);

    private KnownHostsFile(string path)
    {
        _path = path;
    }

    /// <exception cref="XtmpException">
    /// Local fault: the file cannot be read, others may use it, a line is none, or two lines contradict each other; the
    /// message names them.
    /// </exception>
    public static KnownHostsFile Open(string path)
    {
        var file = new KnownHostsFile(path);
        if (File.Exists(path))
        {
            file.Use("read", FileMode.Open, FileAccess.Read, FileShare.Read, stream => file._hosts = file.Read(stream));
        }

        return file;
    }

    public Fingerprint? Find(string host)
    {
        lock (_gate)
        {
            return _hosts.TryGetValue(host, out var known) ? known.Fingerprint : null;
        }
    }

    /// <summary>Every host of the file, by name.</summary>
    public IReadOnlyList<KnownHost> Hosts
    {
        get
        {
            lock (_gate)
            {
                return [.. _hosts.OrderBy(host => host.Key, StringComparer.OrdinalIgnoreCase).Select(host => new KnownHost(host.Key, host.Value.Fingerprint))];
            }
        }
    }

    /// <summary>Takes the lines of a host out of the file; false where there are none.</summary>
    /// <exception cref="XtmpException">Local fault: the file cannot be written.</exception>
    public bool Forget(string host)
    {
        lock (_gate)
        {
            if (!File.Exists(_path))
            {
                return false;
            }

            var found = false;
            Use("written", FileMode.Open, FileAccess.ReadWrite, FileShare.None, stream =>
            {
                _hosts = Read(stream);
                found = _hosts.Remove(host);
                stream.Seek(0, SeekOrigin.Begin);
                using var reader = new StreamReader(stream, Encoding.UTF8, detectEncodingFromByteOrderMarks: false, leaveOpen: true);
                var kept = reader.ReadToEnd().Split('\n').Where(line => !line.TrimStart().Split(' ', 2)[0].TrimEnd('\r').Equals(host, StringComparison.OrdinalIgnoreCase));
                var text = Encoding.UTF8.GetBytes(string.Join('\n', kept));
                stream.Seek(0, SeekOrigin.Begin);
                stream.Write(text);
                stream.SetLength(text.Length);
                stream.Flush(flushToDisk: true);
            });
            return found;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="XtmpException">
    /// The file cannot be written (local fault), or another process has remembered another identity of this host meanwhile
    /// (<see cref="XtmpErrorCode.UntrustedPeer"/>): the session must end.
    /// </exception>
    public void Remember(string host, Fingerprint fingerprint, DateTimeOffset when)
    {
        lock (_gate)
        {
            if (Path.GetDirectoryName(Path.GetFullPath(_path)) is { } directory && !Directory.Exists(directory))
            {
                Use("written", () => PrivateFile.CreateDirectory(directory));
            }

            Use("written", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, stream =>
            {
                _hosts = Read(stream);
                if (!_hosts.TryGetValue(host, out var known))
                {
                    stream.Seek(0, SeekOrigin.End);
                    stream.Write(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{host} {fingerprint} {when.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}\n")));
                    stream.Flush(flushToDisk: true);
                    _hosts.Add(host, (fingerprint, 0));
                }
                else if (known.Fingerprint != fingerprint)
                {
                    throw new XtmpException(XtmpErrorCode.UntrustedPeer, Fault.Peer, $"The identity of '{host}' is {fingerprint}; {_path}:{known.Line} remembers {known.Fingerprint}.");
                }
            });
        }
    }

    private Dictionary<string, (Fingerprint Fingerprint, int Line)> Read(FileStream stream)
    {
        if (stream.Length > MaxFileSize)
        {
            throw Malformed($"{_path} is over {MaxFileSize} bytes.");
        }

        var hosts = new Dictionary<string, (Fingerprint Fingerprint, int Line)>(StringComparer.OrdinalIgnoreCase);
        using var reader = new StreamReader(stream, Encoding.UTF8, detectEncodingFromByteOrderMarks: false, leaveOpen: true);
        for (var number = 1; reader.ReadLine() is { } line; number++)
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            if (words.Length == 0 || words[0].StartsWith('#'))
            {
                continue;
            }

            if (words.Length < 2 || !Fingerprint.TryParse(words[1], out var fingerprint))
            {
                throw Malformed($"{_path}:{number}: the line is not 'host fingerprint date'.");
            }

            if (!hosts.TryAdd(words[0], (fingerprint, number)) && hosts[words[0]].Fingerprint != fingerprint)
            {
                throw Malformed($"{_path}:{number} contradicts line {hosts[words[0]].Line}: '{words[0]}' has two identities, {hosts[words[0]].Fingerprint} and {fingerprint}. Remove the one that is wrong.");
            }
        }

        return hosts;
    }

    private void Use(string purpose, FileMode mode, FileAccess access, FileShare share, Action<FileStream> action) => Use(purpose, () =>
    {
        using var stream = OpenWhenFree(mode, access, share);
        action(stream);
    });

    private void Use(string purpose, Action action)
    {
        try
        {
            action();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new XtmpException(XtmpErrorCode.Internal, Fault.Local, $"The known-hosts file '{_path}' cannot be {purpose}: {error.Message}", innerException: error);
        }
    }

    private FileStream OpenWhenFree(FileMode mode, FileAccess access, FileShare share)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return PrivateFile.Open(_path, mode, access, share);
            }
            catch (IOException error) when (attempt < LockAttempts && error is not (FileNotFoundException or DirectoryNotFoundException or PathTooLongException))
            {
                Thread.Sleep(LockPause);
            }
        }
    }

    private static XtmpException Malformed(string text) => new(XtmpErrorCode.Internal, Fault.Local, text);
}
