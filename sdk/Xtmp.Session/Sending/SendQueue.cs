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
    private readonly SendLevel[] _levels = [new(), new(), new(), new()];

    /// <summary>The session's own messages, ahead of all others.</summary>
    public SendLevel Control => _levels[0];

    public long Bytes => _levels[0].Bytes + _levels[1].Bytes + _levels[2].Bytes + _levels[3].Bytes;

    /// <summary>Bytes of application messages.</summary>
    public long ApplicationBytes => _levels[1].Bytes + _levels[2].Bytes + _levels[3].Bytes;

    public SendLevel Level(MessagePriority priority) => _levels[3 - (int)priority];

    /// <summary>The level to serve next, or null when all are empty.</summary>
    public SendLevel? Next()
    {
        if (!Control.IsEmpty)
        {
            return Control;
        }

        SendLevel? chosen = null;
        for (var i = _levels.Length - 1; i > 0; i--)
        {
            var level = _levels[i];
            if (!level.IsEmpty && (chosen is null || chosen.PassedOver < MaxPassedOver))
            {
                chosen = level;
            }
        }

        if (chosen is null)
        {
            return null;
        }

        chosen.PassedOver = 0;
        for (var i = 1; i < _levels.Length; i++)
        {
            if (!ReferenceEquals(_levels[i], chosen) && !_levels[i].IsEmpty)
            {
                _levels[i].PassedOver++;
            }
        }

        return chosen;
    }

    public void Dispose()
    {
        foreach (var level in _levels)
        {
            level.Dispose();
        }
    }
}
