namespace BitChat.Simulator;

/// <summary>Something that goes wrong in a life, until the network heals.</summary>
/// <param name="Kind">What.</param>
/// <param name="From">When it begins.</param>
/// <param name="To">When it ends.</param>
/// <param name="Seat">Whom it strikes, where it is one.</param>
/// <param name="Amount">How much: a probability, or for a partition the seats of one side as bits, for a clock milliseconds.</param>
public sealed record Fault(FaultKind Kind, TimeSpan From, TimeSpan To, int Seat, double Amount)
{
    public override string ToString() => Kind switch
    {
        FaultKind.Loss or FaultKind.Duplication or FaultKind.Reordering => $"{From.TotalSeconds:0.0}-{To.TotalSeconds:0.0} s {Kind} {Amount:0.00}",
        FaultKind.Partition => $"{From.TotalSeconds:0.0}-{To.TotalSeconds:0.0} s Partition, one side {Convert.ToString((int)Amount, 2)}",
        FaultKind.OneWay => $"{From.TotalSeconds:0.0}-{To.TotalSeconds:0.0} s OneWay, seat {Seat} is not heard by {Convert.ToString((int)Amount, 2)}",
        FaultKind.ClockStep => $"{From.TotalSeconds:0.0} s ClockStep of seat {Seat} by {Amount:0} ms",
        FaultKind.ClockDrift => $"ClockDrift of seat {Seat} by {Amount:0.0000}",
        FaultKind.Trap => $"{From.TotalSeconds:0.0}-{To.TotalSeconds:0.0} s Trap ({Amount:0} ms)",
        FaultKind.Replay => $"{From.TotalSeconds:0.0}-{To.TotalSeconds:0.0} s Replay",
        _ => $"{From.TotalSeconds:0.0}-{To.TotalSeconds:0.0} s {Kind} of seat {Seat}",
    };
}

public enum FaultKind
{
    Loss,
    Duplication,
    Reordering,
    Partition,
    OneWay,

    /// <summary>The process dies and comes back; what was not durable is lost.</summary>
    Crash,

    /// <summary>The same, at the moment the seat has sent something it signed.</summary>
    CrashOnSend,

    /// <summary>The seat is cut off at the moment it has decided; what it sent and has not arrived is lost.</summary>
    CutOnDecision,

    ClockStep,
    ClockDrift,

    /// <summary>Byzantine: signs one thing for some seats and another for others.</summary>
    Equivocation,

    /// <summary>Byzantine: comes back from a crash without its journal.</summary>
    Amnesia,

    /// <summary>Byzantine: sends to some seats only.</summary>
    SelectiveSending,

    /// <summary>Byzantine: keeps its parts of rolls back.</summary>
    WithheldShares,

    /// <summary>Byzantine: tells of heights and peers that are not.</summary>
    FalseViews,

    /// <summary>Byzantine: sends messages with changed content, and in others' names.</summary>
    Forgery,

    /// <summary>Byzantine: answers state requests with changed values and pieces.</summary>
    LyingSync,

    /// <summary>Byzantine: other parts of rolls than committed to, and outcomes of its own choice.</summary>
    DiceBias,

    /// <summary>Byzantine: deals shares of the coin that its commitments contradict, and accuses seats that did nothing.</summary>
    BadDealing,

    /// <summary>Byzantine: has one seat decide before the others, and the others something else (<see cref="BitChat.Simulator.Ambush"/>).</summary>
    Ambush,

    /// <summary>The network and the Byzantine seats together against one lock (<see cref="BitChat.Simulator.Trap"/>). Amount: how long in ms the seats that locked are down; 0: they are shown a false proof of lock.</summary>
    Trap,

    /// <summary>Somebody without a seat sends again, and with changes, what correct seats send (<see cref="BitChat.Simulator.Replay"/>). Until the end of the life. Amount: how many times as long players wait.</summary>
    Replay,

    /// <summary>Byzantine: proposes values of its own design (<see cref="BitChat.Simulator.Composer"/>).</summary>
    Composition,
}
