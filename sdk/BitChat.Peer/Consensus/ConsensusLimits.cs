namespace BitChat.Peer;

/// <summary>Bounds and times of agreement.</summary>
public sealed record ConsensusLimits
{
    /// <summary>Rounds ahead of this seat's own of which votes are kept.</summary>
    public uint MaxRoundsAhead { get; init; } = 16;

    /// <summary>Rounds behind this seat's own whose votes are kept, beside those of its own lock and of locks that proposals rest on.</summary>
    public uint MaxRoundsBehind { get; init; } = 64;

    /// <summary>Messages sent in answer to one <see cref="BitChat.Messages.Have"/>.</summary>
    public int MaxAnswers { get; init; } = 48;

    /// <summary>Wait for a step in round 0.</summary>
    public TimeSpan StepTimeout { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How much longer each further round waits.</summary>
    public TimeSpan StepTimeoutGrowth { get; init; } = TimeSpan.FromMilliseconds(250);

    public TimeSpan Timeout(uint round) => StepTimeout + (StepTimeoutGrowth * Math.Min(round, 1_000));
}
