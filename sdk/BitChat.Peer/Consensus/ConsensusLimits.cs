namespace BitChat.Peer;

/// <summary>Bounds and times of agreement.</summary>
public sealed record ConsensusLimits
{
    /// <summary>Rounds ahead of this seat's own of which votes are kept.</summary>
    public uint MaxRoundsAhead { get; init; } = 16;

    /// <summary>Rounds behind this seat's own whose votes are kept; a lock of an older round can be released only by a newer one.</summary>
    public uint MaxRoundsBehind { get; init; } = 64;

    /// <summary>Decided values kept for seats that are behind.</summary>
    public int KeptDecisions { get; init; } = 64;

    /// <summary>Wait for a step in round 0.</summary>
    public TimeSpan StepTimeout { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How much longer each further round waits.</summary>
    public TimeSpan StepTimeoutGrowth { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Time between repeated sendings.</summary>
    public TimeSpan ResendInterval { get; init; } = TimeSpan.FromMilliseconds(400);

    public TimeSpan Timeout(uint round) => StepTimeout + (StepTimeoutGrowth * Math.Min(round, 1_000));
}
