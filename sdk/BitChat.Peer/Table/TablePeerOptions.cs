using BitChat.Messages;

namespace BitChat.Peer;

/// <summary>Times and bounds of a peer.</summary>
public sealed record TablePeerOptions
{
    /// <summary>Those of a table whose messages a silo relays.</summary>
    public static TablePeerOptions Relayed { get; } = new() { BettingWindow = TimeSpan.FromMilliseconds(300), Consensus = new ConsensusLimits { StepTimeout = TimeSpan.FromSeconds(1) } };

    public ConsensusLimits Consensus { get; init; } = new();

    /// <summary>Time between two tellings of what a seat has, each to one other seat, while a height is being decided.</summary>
    public TimeSpan GossipInterval { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The same while the table rests.</summary>
    public TimeSpan IdleGossipInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Time between signs of life; a seat silent for <see cref="PartitionRecoveryManager.Silence"/> is out of reach.</summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Operations between checkpoints.</summary>
    public ulong CheckpointInterval { get; init; } = 50;

    /// <summary>Decided values kept before the last checkpoint, for those that are a little behind.</summary>
    public ulong KeptHeights { get; init; } = 64;

    /// <summary>As leader, this peer ends betting by itself after so long; null: only when told to.</summary>
    public TimeSpan? BettingWindow { get; init; }

    /// <summary>Whether this peer votes for letting a player in; null: whoever the rules let in, by each request once.</summary>
    public Func<JoinRequest, bool>? Admits { get; init; }
}
