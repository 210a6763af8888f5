namespace Xtmp.Session.Tests;

/// <summary>
/// The long runs: <c>XTMP_SESSION_SEEDS=100000 dotnet test tests/Xtmp.Session.Tests</c> takes minutes and tries that many
/// seeds, and every byte where the default run takes a sample.
/// </summary>
internal static class ExhaustiveRuns
{
    private const int DefaultSeeds = 300;

    public static int Seeds { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("XTMP_SESSION_SEEDS"), out var seeds) ? seeds : DefaultSeeds;

    public static bool Enabled => Seeds > DefaultSeeds;
}
