using Microsoft.Extensions.Logging.Abstractions;
using Xtmp.Gateway;
using Xtmp.Messages;
using Xtmp.Runtime;
using Xtmp.Session;
using Xtmp.Testing;
using Xtmp.Transport;

namespace Xtmp.Benchmarks;

/// <summary>The verb <c>cluster</c>: calls to grains of another silo, inside a mutual session and in the clear.</summary>
internal static class ClusterBenches
{
    private const int Grains = 64;

    public static async Task RunAsync(BenchContext context)
    {
        using var root = IdentityKey.Generate(SystemEntropy.Instance);
        using var identity = IdentityKey.Generate(SystemEntropy.Instance);
        var tunnel = new SiloTunnel(
            new SiloCredentials { Identity = identity, Root = root.Public, Cluster = "bench", ServerCertificate = Issue(PeerRole.Server), ClientCertificate = Issue(PeerRole.Client) },
            TimeProvider.System,
            NullLogger.Instance);
        await using var inSession = await TestCluster.StartAsync(2, EngineBenches.AddCounter, traffic: new SiloTraffic(tunnel.Inbound, tunnel.Outbound));
        await using var plain = await TestCluster.StartAsync(2, EngineBenches.AddCounter);
        var (ours, theirs) = (new BundleLedgerClient(inSession.Members[0].Invoker), new BundleLedgerClient(plain.Members[0].Invoker));
        var (ourReads, theirReads) = (await ElsewhereAsync(inSession, ours), await ElsewhereAsync(plain, theirs));
        foreach (var callers in new[] { 1, Grains })
        {
            var rates = await Callers.MeasureAsync(
                context.Budget, callers,
                async caller => await ours.SyncAsync(ourReads[caller]),
                async caller => await theirs.SyncAsync(theirReads[caller]));
            context.Report.Add(new BenchResult
            {
                Bench = $"cluster.call.{callers}_callers",
                Ours = rates[0].PerSecond,
                Unit = "calls/s",
                HigherIsBetter = true,
                Peer = "the same in the clear",
                PeerValue = rates[1].PerSecond,
                Allocated = rates[0].Allocated,
                Note = $"two silos of one process over loopback; {rates[0].Note}; peer {rates[1].ProcessorMicroseconds:F2} µs",
            });
        }

        IdentityCertificate Issue(PeerRole role) =>
            IdentityCertificate.Issue(root, identity.Public.Fingerprint, "bench", role, DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1), 1, SystemEntropy.Instance);
    }

    /// <summary>Reads of grains that the first silo finds in the second.</summary>
    private static async Task<BundleSync[]> ElsewhereAsync(TestCluster cluster, BundleLedgerClient client)
    {
        var reads = new List<BundleSync>();
        for (var index = 0; reads.Count < Grains; index++)
        {
            var read = new BundleSync { NodeId = $"node-{index}" };
            var before = cluster.Members[1].Silo.ActivationCount;
            await client.SyncAsync(read);
            if (cluster.Members[1].Silo.ActivationCount > before)
            {
                reads.Add(read);
            }
        }

        return [.. reads];
    }
}
