using System.Globalization;
using Xtmp.Crypto;
using Xtmp.Protocol;
using Xtmp.Session;

namespace Xtmp.Transport;

/// <summary>
/// First-use trust on disk: one line a server, <c>host fingerprint date</c>. Lines that start with # are comments.
/// Safe for concurrent use inside one process; another process's additions are seen by the next instance.
/// </summary>
public sealed class KnownHostsFile : IKnownHosts
{
    private const long MaxFileSize = 4 * 1024 * 1024;

    private readonly Lock _gate = new();
    private readonly string _path;
    private readonly Dictionary<string, Fingerprint> _hosts = new(StringComparer.OrdinalIgnoreCase);

    private KnownHostsFile(string path)
    {
        _path = path;
    }

    /// <exception cref="XtmpException">Local fault: the file cannot be read, or a line is none; the message names it.</exception>
    public static KnownHostsFile Open(string path)
    {
        var file = new KnownHostsFile(path);
        try
        {
            file.Load();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new XtmpException(XtmpErrorCode.Internal, Fault.Local, $"The known-hosts file '{path}' cannot be read: {error.Message}", innerException: error);
        }

        return file;
    }

    public Fingerprint? Find(string host)
    {
        lock (_gate)
        {
            return _hosts.TryGetValue(host, out var fingerprint) ? fingerprint : null;
        }
    }

    public void Remember(string host, Fingerprint fingerprint, DateTimeOffset when)
    {
        lock (_gate)
        {
            if (!_hosts.TryAdd(host, fingerprint))
            {
                return;
            }

            try
            {
                Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(_path))!);
                File.AppendAllText(_path, string.Create(CultureInfo.InvariantCulture, $"{host} {fingerprint} {when.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}\n"));
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                _hosts.Remove(host);
                throw new XtmpException(XtmpErrorCode.Internal, Fault.Local, $"The known-hosts file '{_path}' cannot be written: {error.Message}", innerException: error);
            }
        }
    }

    private void Load()
    {
        if (!File.Exists(_path))
        {
            return;
        }

        if (new FileInfo(_path).Length > MaxFileSize)
        {
            throw Malformed(0, $"is over {MaxFileSize} bytes");
        }

        var number = 0;
        foreach (var line in File.ReadLines(_path))
        {
            number++;
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            if (words.Length == 0 || words[0].StartsWith('#'))
            {
                continue;
            }

            if (words.Length < 2 || !Fingerprint.TryParse(words[1], out var fingerprint))
            {
                throw Malformed(number, "is not 'host fingerprint date'");
            }

            _hosts[words[0]] = fingerprint;
        }
    }

    private XtmpException Malformed(int line, string what) =>
        new(XtmpErrorCode.Internal, Fault.Local, line > 0 ? $"{_path}:{line}: the line {what}." : $"{_path} {what}.");
}
