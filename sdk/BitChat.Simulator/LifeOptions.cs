namespace BitChat.Simulator;

/// <summary>A life to live.</summary>
/// <param name="Seats">2 to 8.</param>
/// <param name="Faults">Byzantine seats among them. More than ⌊(n − 1)/3⌋ shows what is then no longer promised.</param>
/// <param name="Seed">All of its chance.</param>
public sealed record LifeOptions(int Seats, int Faults, ulong Seed)
{
    /// <summary>Virtual seconds: faults in the first half, none in the second.</summary>
    public int Seconds { get; init; } = 60;

    /// <summary>Ends a life once every correct seat has decided a few heights more after the network healed, in place of living its whole second half.</summary>
    public bool EndsOnProgress { get; init; }

    public Mutant? Mutant { get; init; }

    /// <summary>The faults, in place of those of the seed; for shrinking.</summary>
    public IReadOnlyList<Fault>? Schedule { get; init; }
}

/// <summary>How a life ended.</summary>
/// <param name="Violation">What was broken; null where nothing was.</param>
/// <param name="LogHash">SHA-256 over all that happened, in hex.</param>
/// <param name="Heights">Heights decided.</param>
/// <param name="Rolls">Rolls settled.</param>
/// <param name="Messages">Messages delivered.</param>
/// <param name="Epochs">The last seat set's number.</param>
/// <param name="Expelled">Byzantine seats that were expelled.</param>
/// <param name="Snapshots">States that seats took from checkpoints.</param>
/// <param name="Lies">Answers found to contradict what a quorum has certified.</param>
/// <param name="Culprits">Seats that honest ones can prove guilty of a fork.</param>
/// <param name="SeesFork">True where an honest seat holds both certificates of a fork.</param>
/// <param name="Schedule">The faults.</param>
public sealed record LifeResult(string? Violation, string LogHash, ulong Heights, ulong Rolls, long Messages, ulong Epochs, int Expelled, int Snapshots, int Lies, IReadOnlyList<int> Culprits, bool SeesFork, IReadOnlyList<Fault> Schedule);
