using Microsoft.Extensions.Logging;
using Xtmp.Messages;
using Xtmp.Runtime;

namespace Xtmp.Silo;

/// <summary>
/// A logger whose lines of level Information and above are also events for those who follow <c>events:silo</c>, whether the log
/// takes them or not. An event has the name of the log line's event id.
/// </summary>
internal sealed class EventLogger(ILogger inner, ITopicHub topics, TimeProvider time) : ILogger
{
    private const string Topic = "events:silo";
    private const int MaxNameLength = 64;
    private const int MaxDetailBytes = 512;
    private const int MaxAttributes = 16;
    private const int MaxValueBytes = 256;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => inner.BeginScope(state);

    public bool IsEnabled(LogLevel logLevel) => logLevel is >= LogLevel.Information and < LogLevel.None || inner.IsEnabled(logLevel);

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        ArgumentNullException.ThrowIfNull(formatter);
        if (inner.IsEnabled(logLevel))
        {
            inner.Log(logLevel, eventId, state, exception, formatter);
        }

        if (logLevel is >= LogLevel.Information and < LogLevel.None)
        {
            var now = time.GetUtcNow();
            topics.Publish(Topic, new EventItem
            {
                Topic = Topic,
                Sequence = 0,
                At = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond)),
                Severity = logLevel switch
                {
                    LogLevel.Information => EventSeverity.Info,
                    LogLevel.Warning => EventSeverity.Warning,
                    LogLevel.Error => EventSeverity.Error,
                    _ => EventSeverity.Critical,
                },
                Name = Cut(string.IsNullOrEmpty(eventId.Name) ? $"event-{eventId.Id}" : eventId.Name, MaxNameLength),
                Detail = Cut(formatter(state, exception), MaxDetailBytes),
                Attributes = AttributesOf(state),
            });
        }
    }

    private static Dictionary<string, string> AttributesOf(object? state)
    {
        var attributes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in state as IReadOnlyList<KeyValuePair<string, object?>> ?? [])
        {
            if (attributes.Count < MaxAttributes && name.Length is > 0 and <= 64 && name != "{OriginalFormat}")
            {
                attributes[name] = Cut(value?.ToString() ?? string.Empty, MaxValueBytes);
            }
        }

        return attributes;
    }

    // A character takes up to three bytes of UTF-8 for each of its code units.
    private static string Cut(string text, int mostBytes)
    {
        if (System.Text.Encoding.UTF8.GetByteCount(text) <= mostBytes)
        {
            return text;
        }

        var end = mostBytes / 3;
        return char.IsHighSurrogate(text[end - 1]) ? text[..(end - 1)] : text[..end];
    }
}
