using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>
/// What waits to be sent on the stream: the session's own control messages first, then EMERGENCY, PRIORITY_HIGH and
/// normal messages. A level that was passed over <see cref="MaxPassedOver"/> times in a row is served next, so that
/// none starves.
/// </summary>
internal sealed class SendQueue : IDisposable
{
    private const int MaxPassedOver = 8;
    private readonly SendLevel?[] _levels = new SendLevel?[4];

    /// <summary>The session's own messages, ahead of all others.</summary>
    public SendLevel Control => _levels[0] ??= new();

    public SendLevel Level(MessagePriority priority) => _levels[3 - (int)priority] ??= new();

    /// <summary>The level to serve next, or null when all are empty.</summary>
    public SendLevel? Next()
    {
        if (_levels[0] is { IsEmpty: false } control)
        {
            return control;
        }

        SendLevel? chosen = null;
        var waiting = 0;
        for (var i = _levels.Length - 1; i > 0; i--)
        {
            if (_levels[i] is { IsEmpty: false } level)
            {
                waiting++;
                chosen = chosen is null || chosen.PassedOver < MaxPassedOver ? level : chosen;
            }
        }

        if (waiting > 1)
        {
            for (var i = 1; i < _levels.Length; i++)
            {
                if (_levels[i] is { IsEmpty: false } level)
                {
                    level.PassedOver++;
                }
            }
        }

        if (chosen is not null)
        {
            chosen.PassedOver = 0;
        }

        return chosen;
    }

    public void Dispose()
    {
        foreach (var level in _levels)
        {
            level?.Dispose();
        }
    }
}
