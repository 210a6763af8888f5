namespace Xtmp.TestKit;

/// <summary>How an emulated network treats datagrams. Probabilities are from 0 to 1.</summary>
public sealed record NetworkConditions
{
    public static NetworkConditions Perfect { get; } = new();

    public double Loss { get; init; }

    public double Duplication { get; init; }

    /// <summary>The chance of one flipped bit.</summary>
    public double Corruption { get; init; }

    public TimeSpan MinDelay { get; init; } = TimeSpan.FromMilliseconds(1);

    /// <summary>Delays are drawn up to this; a wide range reorders.</summary>
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromMilliseconds(1);

    /// <summary>Drops everything, as a firewall would.</summary>
    public bool Blocked { get; init; }
}
