using System.Diagnostics;
using System.Globalization;
using Xtmp.Crypto;

namespace Xtmp.Benchmarks;

/// <summary>The verb <c>rpc</c>: 200-byte requests to a grain, client and server in processes of their own, server GC at both ends of all.</summary>
internal static class RpcBenches
{
    private const int Rounds = 5;

    // What budgets, rates and limits may cost of the throughput: 5 %.
    private const double MinShareOfUnlimited = 0.95;

    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(1.5);

    // Some thousand connections: after fewer what is measured is the compiler, which works beside them.
    private static readonly TimeSpan s_warmUpOfConnecting = TimeSpan.FromSeconds(6);

    public static async Task RunAsync(BenchContext context)
    {
        await using var server = await BenchChild.StartAsync(RpcServer.Verb);
        int Port(int word) => int.Parse(server.Words[word], CultureInfo.InvariantCulture);
        RpcPeer[] peers = [new XtmpPeer(Port(0), Fingerprint.Parse(server.Words[1])), new GrpcPeer(Port(2)), new SslPeer(Port(4)), new JsonPeerOverHttps(Port(3)), new XtmpPeer(Port(5), Fingerprint.Parse(server.Words[6]), "XTMP, nothing limited")];

        await RateAsync(context, server, peers, "rpc.1x256", connections: 1, inFlight: 256, [8, 0.25, null, MinShareOfUnlimited]);
        await RateAsync(context, server, peers, "rpc.50x8", connections: 50, inFlight: 8, [8, 0.7, null, MinShareOfUnlimited]);
        await LatencyAsync(context, server, peers, "rpc.sequential", s_warmUp, CallAsync, [1 / 0.45, 1 / 1.1, null, null]);
        await LatencyAsync(context, server, peers, "rpc.connect", s_warmUpOfConnecting, static peer => new(peer.ConnectAndCallAsync()!), [null, null, 3, null]);
    }

    private static async Task RateAsync(BenchContext context, BenchChild server, RpcPeer[] peers, string name, int connections, int inFlight, double?[] bars)
    {
        var results = new Series[peers.Length];
        for (var index = 0; index < peers.Length; index++)
        {
            await peers[index].OpenAsync(connections);
            await peers[index].PumpAsync(inFlight, s_warmUp);
            results[index] = new Series();
        }

        for (var round = 0; round < Rounds; round++)
        {
            for (var index = 0; index < peers.Length; index++)
            {
                var before = await Usage.ReadAsync(server);
                var start = Stopwatch.GetTimestamp();
                var count = await peers[index].PumpAsync(inFlight, context.Budget / Rounds);
                results[index].Values.Add(count / Stopwatch.GetElapsedTime(start).TotalSeconds);
                results[index].Add(count, before, await Usage.ReadAsync(server));
            }
        }

        Report(context, peers, results, name, "req/s", higherIsBetter: true, bars);
        foreach (var peer in peers)
        {
            await peer.CloseAsync();
        }
    }

    private static async Task LatencyAsync(BenchContext context, BenchChild server, RpcPeer[] peers, string name, TimeSpan warmUp, Func<RpcPeer, ValueTask<Func<ValueTask>?>> call, double?[] bars)
    {
        var results = new Series[peers.Length];
        for (var index = 0; index < peers.Length; index++)
        {
            await peers[index].OpenAsync(1);
            await MeasureAsync(peers[index], call, warmUp);
            results[index] = new Series();
        }

        for (var round = 0; round < Rounds; round++)
        {
            for (var index = 0; index < peers.Length; index++)
            {
                var before = await Usage.ReadAsync(server);
                var times = await MeasureAsync(peers[index], call, context.Budget / Rounds);
                results[index].Values.Add(times[times.Count / 2]);
                results[index].Tails.Add(times[times.Count * 99 / 100]);
                results[index].Add(times.Count, before, await Usage.ReadAsync(server));
            }
        }

        Report(context, peers, results, name + ".p50", "us", higherIsBetter: false, bars);
        foreach (var series in results)
        {
            series.Values.Clear();
            series.Values.AddRange(series.Tails);
        }

        Report(context, peers, results, name + ".p99", "us", higherIsBetter: false, [null, null, null, null]);
        foreach (var peer in peers)
        {
            await peer.CloseAsync();
        }
    }

    private static async ValueTask<Func<ValueTask>?> CallAsync(RpcPeer peer)
    {
        await peer.CallAsync();
        return null;
    }

    /// <summary>Microseconds of each call, sorted; the end of a connection is not counted.</summary>
    private static async Task<List<double>> MeasureAsync(RpcPeer peer, Func<RpcPeer, ValueTask<Func<ValueTask>?>> call, TimeSpan time)
    {
        var times = new List<double>();
        var start = Stopwatch.GetTimestamp();
        do
        {
            var began = Stopwatch.GetTimestamp();
            var end = await call(peer);
            times.Add(Stopwatch.GetElapsedTime(began).TotalMicroseconds);
            if (end is not null)
            {
                await end();
            }
        }
        while (Stopwatch.GetElapsedTime(start) < time);

        times.Sort();
        return times;
    }

    private static void Report(BenchContext context, RpcPeer[] peers, Series[] results, string name, string unit, bool higherIsBetter, double?[] bars)
    {
        for (var index = 1; index < peers.Length; index++)
        {
            context.Report.Add(new BenchResult
            {
                Bench = name,
                Ours = results[0].Median,
                Unit = unit,
                HigherIsBetter = higherIsBetter,
                Peer = peers[index].Name,
                PeerValue = results[index].Median,
                Bar = bars[index - 1],
                Allocated = results[0].Total.AllocatedHere,
                Note = $"a request: client {results[0].Total.Here}, server {results[0].Total.There}; peer: {results[index].Total.Here}, {results[index].Total.There}; spread {results[0].Spread:P0}, {results[index].Spread:P0}",
            });
        }
    }

    private sealed class Series
    {
        private readonly List<Usage> _costs = [];

        public List<double> Values { get; } = [];

        public List<double> Tails { get; } = [];

        public double Median => Values.Order().ElementAt(Values.Count / 2);

        public double Spread => (Values.Max() - Values.Min()) / Median;

        /// <summary>Of a request, the median of the rounds.</summary>
        public Usage Total => new(Middle(cost => cost.AllocatedHere), Middle(cost => cost.AllocatedThere), Middle(cost => cost.ProcessorHere), Middle(cost => cost.ProcessorThere));

        public void Add(long count, in Usage before, in Usage after) => _costs.Add(new Usage(
            (after.AllocatedHere - before.AllocatedHere) / count,
            (after.AllocatedThere - before.AllocatedThere) / count,
            (after.ProcessorHere - before.ProcessorHere) / count,
            (after.ProcessorThere - before.ProcessorThere) / count));

        private double Middle(Func<Usage, double> part) => _costs.Select(part).Order().ElementAt(_costs.Count / 2);
    }

    /// <summary>What client and server have used so far, or used for a request: bytes allocated, microseconds of processor time.</summary>
    private readonly record struct Usage(double AllocatedHere, double AllocatedThere, double ProcessorHere, double ProcessorThere)
    {
        public string Here => $"{AllocatedHere:0} B, cpu {ProcessorHere:0.00} us";

        public string There => $"{AllocatedThere:0} B, cpu {ProcessorThere:0.00} us";

        public static async Task<Usage> ReadAsync(BenchChild server) =>
            new(GC.GetTotalAllocatedBytes(), await server.AskAsync(), Environment.CpuUsage.TotalTime.TotalMicroseconds, await server.AskAsync(BenchChild.Processor));
    }
}
