namespace Xtmp.Cli.Crypto;

/// <summary>How the tests of one file went.</summary>
public sealed record VectorCounts(int Passed, int Failed, int Skipped);
