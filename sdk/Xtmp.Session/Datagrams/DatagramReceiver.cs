namespace Xtmp.Session;

/// <summary>The receiving keys of one epoch, with their replay window and what the report says of them.</summary>
internal sealed class DatagramReceiver(TrafficKeys keys) : IDisposable
{
    private IdWindow _window;

    public TrafficKeys Keys { get; } = keys;

    public ulong Highest => _window.Highest;

    /// <summary>Frames that verified.</summary>
    public ulong Received { get; private set; }

    /// <summary>Tested before the tag is verified.</summary>
    public bool IsReplay(ulong sequence) => _window.Contains(sequence);

    /// <summary>Committed after it verified. True where no later frame had come before.</summary>
    public bool Commit(ulong sequence)
    {
        var isNewest = !_window.Any || sequence > _window.Highest;
        _window.Mark(sequence);
        Received++;
        return isNewest;
    }

    public void Dispose() => Keys.Dispose();
}
