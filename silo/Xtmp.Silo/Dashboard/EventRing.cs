using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Xtmp.Silo;

/// <summary>The latest events of the silo, for those who come to look, and each new one for those who are there.</summary>
internal sealed class EventRing(TimeProvider time)
{
    private const int Capacity = 200;

    private readonly Lock _lock = new();
    private readonly LinkedList<SeenEvent> _events = [];

    /// <summary>Told of each new event, as JSON. Called on any thread.</summary>
    public Action<string>? Added { get; set; }

    public void Add(LogEvent seen)
    {
        if (seen.Level < LogLevel.Information)
        {
            return;
        }

        var kept = new SeenEvent(time.GetUtcNow(), seen.Level.ToString(), seen.Id, seen.Text);
        lock (_lock)
        {
            _events.AddFirst(kept);
            if (_events.Count > Capacity)
            {
                _events.RemoveLast();
            }
        }

        Added?.Invoke(JsonSerializer.Serialize(kept, Dashboard.Json));
    }

    /// <summary>Newest first.</summary>
    public IReadOnlyList<SeenEvent> Read()
    {
        lock (_lock)
        {
            return [.. _events];
        }
    }

    internal sealed record SeenEvent(DateTimeOffset At, string Level, int Id, string Text);
}
