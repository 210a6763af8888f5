using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Threading.Channels;
using Xtmp.Protocol;
using Xtmp.Transport;

namespace Xtmp.Silo;

/// <summary>
/// Security events in a file of their own, a JSON object a line, each with the hash of the one before: a line that is changed, taken
/// out, put in or moved breaks the chain at that line. Lines cut off at the end do not; whoever wants to notice that keeps the
/// hash of the last line elsewhere. Events are written and flushed to the disk within a second, all that wait with one flush, so
/// that a crash of the machine loses at most the last second. A flood of one event is cut to <see cref="MaxPerSecond"/> lines
/// and a line that counts the rest.
/// </summary>
internal sealed class AuditLog : IAsyncDisposable
{
    public const int MaxPerSecond = 50;

    private const int MaxWaiting = 4096;
    private const string Genesis = "0000000000000000000000000000000000000000000000000000000000000000";

    // As little is escaped as JSON allows inside a file that no browser interprets; what peers sent was escaped before.
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.Default };
    private static readonly TimeSpan FlushInterval = TimeSpan.FromMilliseconds(500);

    private readonly Channel<LogEvent> _waiting = Channel.CreateBounded<LogEvent>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
    private readonly FileStream _file;
    private readonly TimeProvider _time;
    private readonly Action<string> _failed;
    private readonly Task _writing;
    private readonly Dictionary<int, int> _thisSecond = [];
    private long _second;
    private long _lost;
    private long _number;
    private string _last;

    private AuditLog(FileStream file, long number, string last, TimeProvider time, Action<string> failed)
    {
        _file = file;
        _number = number;
        _last = last;
        _time = time;
        _failed = failed;
        _writing = Task.Run(WriteAsync);
    }

    /// <summary>Hash of the last line that is on the disk.</summary>
    public string Head => Volatile.Read(ref _last);

    /// <summary>Opens the file, or makes it, and goes on with its chain.</summary>
    /// <param name="path">The file.</param>
    /// <param name="time">Clock of the lines.</param>
    /// <param name="failed">Told once when the file cannot be written any more.</param>
    /// <exception cref="XtmpException">Local fault: the file cannot be used, or its chain is broken.</exception>
    public static AuditLog Open(string path, TimeProvider time, Action<string> failed)
    {
        try
        {
            var state = File.Exists(path) ? Verify(path) : new AuditState(0, Genesis, null);
            if (state.Mistake is { } mistake)
            {
                throw new XtmpException(XtmpErrorCode.Internal, Fault.Local, $"The audit log '{path}' is not continued: {mistake}. Move it away for a look at it; the silo then begins a new one.", "audit_log");
            }

            return new AuditLog(PrivateFile.Open(path, FileMode.Append, FileAccess.Write, FileShare.Read), state.Lines, state.Head, time, failed);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new XtmpException(XtmpErrorCode.Internal, Fault.Local, $"The audit log '{path}' cannot be used: {error.Message}", "audit_log", innerException: error);
        }
    }

    /// <summary>Follows the chain from the first line to the last, or to the first mistake.</summary>
    /// <param name="path">The file.</param>
    /// <param name="head">A hash that must be in it; null: none.</param>
    public static AuditState Verify(string path, string? head = null)
    {
        long number = 0;
        var isHeadSeen = head is null or Genesis;
        var last = Genesis;
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file, new UTF8Encoding(false, throwOnInvalidBytes: true));
        try
        {
            while (reader.ReadLine() is { } line)
            {
                number++;
                if (Problem(line, number, last, out var hash) is { } problem)
                {
                    return new AuditState(number - 1, last, $"line {number}: {problem}");
                }

                last = hash;
                isHeadSeen |= string.Equals(hash, head, StringComparison.OrdinalIgnoreCase);
            }
        }
        catch (DecoderFallbackException)
        {
            return new AuditState(number, last, $"line {number + 1}: it is no UTF-8");
        }

        return new AuditState(number, last, isHeadSeen ? null : $"line {number + 1}: the file ends before the line with hash {head}: lines at its end were cut off");
    }

    /// <summary>Takes an event; never waits. What comes faster than it can be written is counted.</summary>
    public void Add(LogEvent seen)
    {
        if (SiloEvents.Audited.Contains(seen.Id) && !_waiting.Writer.TryWrite(seen))
        {
            Interlocked.Increment(ref _lost);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.TryComplete();
        await _writing.ConfigureAwait(false);
        await _file.DisposeAsync().ConfigureAwait(false);
    }

    private static string? Problem(string line, long number, string last, out string hash)
    {
        hash = "";
        const string Tail = ",\"hash\":\"";
        var end = line.LastIndexOf(Tail, StringComparison.Ordinal);
        if (end < 0 || line.Length != end + Tail.Length + (2 * SHA256.HashSizeInBytes) + 2 || !line.EndsWith("\"}", StringComparison.Ordinal))
        {
            return "it is not a line of an audit log, or it is cut off";
        }

        var content = line[..end];
        hash = line[(end + Tail.Length)..^2];
        if (!content.StartsWith(string.Create(CultureInfo.InvariantCulture, $"{{\"n\":{number},\"prev\":\"{last}\","), StringComparison.Ordinal))
        {
            return content.StartsWith(string.Create(CultureInfo.InvariantCulture, $"{{\"n\":{number},"), StringComparison.Ordinal)
                ? "it does not follow the line before it, which was changed or is another"
                : "it is not the next line: lines were taken out, put in or moved";
        }

        return string.Equals(hash, HashOf(content), StringComparison.Ordinal) ? null : "it was changed";
    }

    private static string HashOf(string content) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(content)));

    private async Task WriteAsync()
    {
        var batch = new StringBuilder();
        try
        {
            while (await _waiting.Reader.WaitToReadAsync().ConfigureAwait(false))
            {
                while (_waiting.Reader.TryRead(out var seen))
                {
                    Append(batch, seen);
                }

                await FlushAsync(batch).ConfigureAwait(false);

                // A batch is worth waiting for, the end is not.
                await Task.WhenAny(_waiting.Reader.Completion, Task.Delay(FlushInterval, _time)).ConfigureAwait(false);
            }

            CountOver(batch);
            await FlushAsync(batch).ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            _failed(error.Message);
            _waiting.Writer.TryComplete();
        }
    }

    private async Task FlushAsync(StringBuilder batch)
    {
        if (batch.Length > 0)
        {
            await _file.WriteAsync(Encoding.UTF8.GetBytes(batch.ToString())).ConfigureAwait(false);
            _file.Flush(flushToDisk: true);
            batch.Clear();
        }
    }

    private void Append(StringBuilder batch, LogEvent seen)
    {
        var now = _time.GetUtcNow();
        if (now.ToUnixTimeSeconds() != _second)
        {
            CountOver(batch);
            _second = now.ToUnixTimeSeconds();
        }

        var count = _thisSecond[seen.Id] = _thisSecond.GetValueOrDefault(seen.Id) + 1;
        if (count <= MaxPerSecond)
        {
            WriteLine(batch, now, seen.Id, seen.Name, seen.Fields.Where(field => field.Key != "{OriginalFormat}").Select(field => (field.Key, field.Value)));
        }
    }

    private void CountOver(StringBuilder batch)
    {
        foreach (var (id, count) in _thisSecond.Where(pair => pair.Value > MaxPerSecond).OrderBy(pair => pair.Key))
        {
            WriteLine(batch, _time.GetUtcNow(), id, "LeftOut", [("Count", count - MaxPerSecond)]);
        }

        _thisSecond.Clear();
        if (Interlocked.Exchange(ref _lost, 0) is > 0 and var lost)
        {
            WriteLine(batch, _time.GetUtcNow(), 0, "LeftOut", [("Count", lost)]);
        }
    }

    private void WriteLine(StringBuilder batch, DateTimeOffset at, int id, string name, IEnumerable<(string Name, object? Value)> fields)
    {
        var content = new StringBuilder();
        content.Append(CultureInfo.InvariantCulture, $"{{\"n\":{++_number},\"prev\":\"{_last}\",\"at\":\"{at.UtcDateTime:O}\",\"id\":{id},\"event\":{JsonSerializer.Serialize(name, Json)}");
        foreach (var (key, value) in fields)
        {
            content.Append(',').Append(JsonSerializer.Serialize(key, Json)).Append(':').Append(value is int or long or bool ? JsonSerializer.Serialize(value, Json) : JsonSerializer.Serialize(Convert.ToString(value, CultureInfo.InvariantCulture), Json));
        }

        var hash = HashOf(content.ToString());
        batch.Append(content).Append(",\"hash\":\"").Append(hash).Append("\"}\n");
        Volatile.Write(ref _last, hash);
    }
}

/// <summary>What a look at an audit log found.</summary>
/// <param name="Lines">Lines that follow each other.</param>
/// <param name="Head">Hash of the last of them.</param>
/// <param name="Mistake">Where and how the chain breaks; null: it does not.</param>
internal sealed record AuditState(long Lines, string Head, string? Mistake);
