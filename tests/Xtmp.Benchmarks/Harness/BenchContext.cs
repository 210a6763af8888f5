namespace Xtmp.Benchmarks;

/// <summary>What a verb is given: where results go and how long each contender of a bench may take in all.</summary>
internal sealed record BenchContext(BenchReport Report, TimeSpan Budget);
