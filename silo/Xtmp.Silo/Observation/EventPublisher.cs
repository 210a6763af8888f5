using Microsoft.Extensions.Logging;
using Xtmp.Messages;
using Xtmp.Runtime;

namespace Xtmp.Silo;

/// <summary>Log events of level Information and above, for those who follow <c>events:silo</c>, whether the log takes them or not.</summary>
internal sealed class EventPublisher(ITopicHub topics, TimeProvider time)
{
    private const string Topic = "events:silo";
    private const int MaxNameLength = 64;
    private const int MaxDetailBytes = 512;
    private const int MaxAttributes = 16;
    private const int MaxValueBytes = 256;

    public void Add(LogEvent seen)
    {
        if (seen.Level < LogLevel.Information)
        {
            return;
        }

        var now = time.GetUtcNow();
        topics.Publish(Topic, new EventItem
        {
            Topic = Topic,
            Sequence = 0,
            At = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond)),
            Severity = seen.Level switch
            {
                LogLevel.Information => EventSeverity.Info,
                LogLevel.Warning => EventSeverity.Warning,
                LogLevel.Error => EventSeverity.Error,
                _ => EventSeverity.Critical,
            },
            Name = Cut(seen.Name, MaxNameLength),
            Detail = Cut(seen.Text, MaxDetailBytes),
            Attributes = AttributesOf(seen.Fields),
        });
    }

    private static Dictionary<string, string> AttributesOf(IReadOnlyList<KeyValuePair<string, object?>> fields)
    {
        var attributes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in fields)
        {
            if (attributes.Count < MaxAttributes && name.Length is > 0 and <= 64 && name != "{OriginalFormat}")
            {
                attributes[name] = Cut(value?.ToString() ?? string.Empty, MaxValueBytes);
            }
        }

        return attributes;
    }

    // A character takes up to three bytes of UTF-8 for each of its code units.
    private static string Cut(string text, int maxBytes)
    {
        if (System.Text.Encoding.UTF8.GetByteCount(text) <= maxBytes)
        {
            return text;
        }

        var end = maxBytes / 3;
        return char.IsHighSurrogate(text[end - 1]) ? text[..(end - 1)] : text[..end];
    }
}
