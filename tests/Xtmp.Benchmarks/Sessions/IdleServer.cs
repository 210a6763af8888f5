using System.Globalization;
using Xtmp.Gateway;
using Xtmp.Silo;

namespace Xtmp.Benchmarks;

/// <summary>The silo of the verb sessions.</summary>
internal static class IdleServer
{
    public const string Verb = "serve-sessions";

    public static async Task<int> RunAsync()
    {
        var directory = Directory.CreateTempSubdirectory("xtmp-sessions-");
        try
        {
            await using var silo = await SiloHost.StartAsync(new SiloOptions
            {
                DataDirectory = directory.FullName,
                Port = 0,
                Gateway = new GatewayOptions { MaxConnections = 20_000, MaxConnectionsPerAddress = 20_000, MaxHandshakes = int.MaxValue, MaxHandshakesPerAddress = int.MaxValue, Rates = RateLimits.None },
            });
            await BenchChild.ServeAsync($"{silo.EndPoint.Port} {silo.Fingerprint}", static _ => WorkingSet().ToString(CultureInfo.InvariantCulture));
            return 0;
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static long WorkingSet()
    {
        for (var turn = 0; turn < 3; turn++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        return Environment.WorkingSet;
    }
}
