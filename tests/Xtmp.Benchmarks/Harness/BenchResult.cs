namespace Xtmp.Benchmarks;

/// <summary>One line of the report. The ratio says how many times better ours is, over 1: ours wins.</summary>
internal sealed record BenchResult
{
    /// <summary>Dotted name, the verb first.</summary>
    public required string Bench { get; init; }

    /// <summary>Our figure, in <see cref="Unit"/>.</summary>
    public required double Ours { get; init; }

    public required string Unit { get; init; }

    /// <summary>Whether more is better (a rate) or less (a time, a size).</summary>
    public required bool HigherIsBetter { get; init; }

    /// <summary>Who else was measured, or should have been.</summary>
    public string? Peer { get; init; }

    /// <summary>Its figure; null with a note where it could not run.</summary>
    public double? PeerValue { get; init; }

    /// <summary>The figure: for the ratio where there is a peer, for ours where there is none.</summary>
    public double? Bar { get; init; }

    /// <summary>Bytes allocated by one operation on our side, where it applies.</summary>
    public double? Allocated { get; init; }

    public string? Note { get; init; }

    public double? Ratio => Peer is null ? Better(Ours, Bar) : Better(Ours, PeerValue);

    public bool? Met => Bar is null || Ratio is null ? null : Ratio >= (Peer is null ? 1.0 : Bar);

    private double? Better(double ours, double? other) =>
        other is null ? null : HigherIsBetter ? ours / other : other / ours;
}
