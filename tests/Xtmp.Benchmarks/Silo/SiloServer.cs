using Xtmp.Crypto;
using Xtmp.Gateway;
using Xtmp.Grains;
using Xtmp.Protocol;
using Xtmp.Silo;
using Xtmp.TestKit;

namespace Xtmp.Benchmarks;

/// <summary>The server process of the silo benches: a silo alone, on SQLite, without bounds on rates.</summary>
internal static class SiloServer
{
    public const string Verb = "serve-silo";
    public const string NodeId = "node-1";

    /// <summary>The ledger node and operator of the benches. Both processes make it from the same seed.</summary>
    public static IdentityKey MakeNode() => IdentityKey.Generate(new SeededEntropy(4711));

    public static async Task<int> RunAsync()
    {
        var directory = Directory.CreateTempSubdirectory("xtmp-bench-silo-");
        try
        {
            using var node = MakeNode();
            await using var silo = await SiloHost.StartAsync(new SiloOptions
            {
                DataDirectory = directory.FullName,
                Port = 0,
                Grains = new GrainOptions { OpeningBalance = 1_000_000_000, Nodes = new Dictionary<string, IdentityPublicKey> { [NodeId] = node.Public } },
                Gateway = new GatewayOptions
                {
                    Rates = RateLimits.None,
                    MaxHandshakes = int.MaxValue,
                    MaxHandshakesPerAddress = int.MaxValue,
                    MaxConnectionsPerAddress = int.MaxValue,
                    Roles = new Dictionary<Fingerprint, CallerRoles> { [node.Public.Fingerprint] = CallerRoles.Operator | CallerRoles.Node },
                },
            });
            await BenchChild.ServeAsync($"{silo.EndPoint.Port} {silo.Fingerprint}");
            return 0;
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }
}
