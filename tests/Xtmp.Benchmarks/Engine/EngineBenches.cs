using System.Diagnostics;
using Orleans;
using Xtmp.Messages;
using Xtmp.Runtime;
using Xtmp.Storage;

namespace Xtmp.Benchmarks;

/// <summary>
/// The verb <c>engine</c>: calls to grains of this silo beside a plain Orleans grain, durable turns on SQLite and, where
/// XTMP_BENCH_POSTGRES holds a connection string, on PostgreSQL, and what an activation costs.
/// </summary>
internal static class EngineBenches
{
    private const int Grains = 1024;
    private const string Database = "XTMP_BENCH_POSTGRES";
    private const string PeerName = "plain Orleans grain, generated serializers";

    public static async Task RunAsync(BenchContext context)
    {
        await MemoryAsync(context);
        await ActivationsAsync(context);
        var directory = Directory.CreateTempSubdirectory("xtmp-bench-");
        try
        {
            await using var store = SqliteGrainStore.Open(Path.Combine(directory.FullName, "grains.db"));
            await DurableAsync(context, store, "engine.sqlite.write", "synchronous = FULL", [null, 100_000, 120_000]);
        }
        finally
        {
            directory.Delete(recursive: true);
        }

        if (Environment.GetEnvironmentVariable(Database) is { Length: > 0 })
        {
            await PostgresAsync(context);
        }
    }

    /// <summary>The verb <c>postgres</c>: only the durable turns on PostgreSQL.</summary>
    public static async Task PostgresAsync(BenchContext context)
    {
        var database = Environment.GetEnvironmentVariable(Database) ?? throw new InvalidOperationException($"{Database} holds no connection string.");
        await using var store = await PostgresGrainStore.OpenAsync(database);
        await DurableAsync(context, store, "engine.postgres.write", "PostgreSQL, as it is configured", [null, null, 20_000]);
    }

    private static async Task MemoryAsync(BenchContext context)
    {
        await using var engine = await GrainSilo.StartAsync(new MemoryGrainStore(), AddCounter);
        await using var plain = await PlainSilo.StartAsync();
        var client = new BundleLedgerClient(engine);
        var reads = Enumerable.Range(0, Grains).Select(index => new BundleSync { NodeId = $"node-{index}" }).ToArray();
        var writes = Enumerable.Range(0, Grains).Select(Write).ToArray();
        var peers = Enumerable.Range(0, Grains).Select(index => plain.Grains.GetGrain<IPlainGrain>($"node-{index}")).ToArray();
        var plainReads = reads.Select(read => new PlainRead(read.NodeId)).ToArray();
        var plainWrites = writes.Select(write => new PlainWrite(write.NodeId, write.BundleId, write.BundleHash.ToArray(), write.TransactionCount, 1, write.At)).ToArray();
        for (var grain = 0; grain < Grains; grain++)
        {
            // The first call makes the activation.
            await client.SyncAsync(reads[grain]);
            await peers[grain].ReadAsync(plainReads[grain]);
        }

        foreach (var (callers, reached) in new[] { (1, 1_000_000.0), (64, 1_500_000.0) })
        {
            // Each caller goes through grains of its own.
            var next = Enumerable.Range(0, callers).Select(caller => caller * (Grains / callers)).ToArray();
            int Next(int caller) => next[caller] = (next[caller] / (Grains / callers) * (Grains / callers)) + ((next[caller] + 1) % (Grains / callers));
            var read = await Callers.MeasureAsync(
                context.Budget, callers,
                async caller => await client.SyncAsync(reads[Next(caller)]),
                async caller =>
                {
                    var grain = Next(caller);
                    await peers[grain].ReadAsync(plainReads[grain]);
                });
            var write = await Callers.MeasureAsync(
                context.Budget, callers,
                async caller => await client.IndexedAsync(writes[Next(caller)]),
                async caller =>
                {
                    var grain = Next(caller);
                    await peers[grain].WriteAsync(plainWrites[grain]);
                });
            Report(context, $"engine.memory.read.{callers}_callers", read, bar: 3);
            Report(context, $"engine.memory.write.{callers}_callers", write, bar: 2);
            context.Report.Add(new BenchResult
            {
                Bench = $"engine.memory.read.{callers}_callers.rate",
                Ours = read[0].PerSecond,
                Unit = "calls/s",
                HigherIsBetter = true,
                Bar = reached,
                Allocated = read[0].Allocated,
                Note = read[0].Note,
            });
        }
    }

    /// <summary>The first call of a grain, which makes its activation: sessions come and go.</summary>
    private static async Task ActivationsAsync(BenchContext context)
    {
        await using var engine = await GrainSilo.StartAsync(new MemoryGrainStore(), AddCounter);
        await using var plain = await PlainSilo.StartAsync();
        var client = new BundleLedgerClient(engine);
        const int Batch = 2_000;

        // Ours is compiled as it runs, Orleans was compiled ahead: what the compiler takes in the first rounds is not an activation's cost.
        const int Warming = 5;
        var ours = new List<double>();
        var theirs = new List<double>();
        double allocated = 0;
        var made = 0;
        for (var round = -Warming; round < 5; round++, made += Batch)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            var start = Stopwatch.GetTimestamp();
            for (var grain = 0; grain < Batch; grain++)
            {
                await client.SyncAsync(new BundleSync { NodeId = $"new-{made + grain}" });
            }

            var our = Stopwatch.GetElapsedTime(start).TotalMicroseconds / Batch;
            allocated = (double)(GC.GetTotalAllocatedBytes(precise: true) - before) / Batch;
            start = Stopwatch.GetTimestamp();
            for (var grain = 0; grain < Batch; grain++)
            {
                await plain.Grains.GetGrain<IPlainGrain>($"new-{made + grain}").ReadAsync(new PlainRead("a"));
            }

            if (round >= 0)
            {
                ours.Add(our);
                theirs.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds / Batch);
            }
        }

        context.Report.Add(new BenchResult
        {
            Bench = "engine.activation",
            Ours = ours.Order().ElementAt(2),
            Unit = "µs",
            HigherIsBetter = false,
            Peer = PeerName,
            PeerValue = theirs.Order().ElementAt(2),
            Allocated = allocated,
            Note = $"one caller; the first call of a grain, with its load; rounds {Rounds(ours)}; peer {Rounds(theirs)}",
        });
    }

    private static string Rounds(IEnumerable<double> rounds) => string.Join(", ", rounds.Select(round => round.ToString("F0", System.Globalization.CultureInfo.InvariantCulture)));

    private static async Task DurableAsync(BenchContext context, IGrainStore store, string name, string durability, double?[] bars)
    {
        await using var engine = await GrainSilo.StartAsync(store, AddCounter);
        var client = new BundleLedgerClient(engine);
        var writes = Enumerable.Range(0, 256).Select(Write).ToArray();
        foreach (var (callers, bar) in new[] { 1, 64, 256 }.Zip(bars))
        {
            var rate = (await Callers.MeasureAsync(context.Budget, callers, async caller => await client.IndexedAsync(writes[caller])))[0];
            context.Report.Add(new BenchResult
            {
                Bench = $"{name}.{callers}_callers",
                Ours = rate.PerSecond,
                Unit = "turns/s",
                HigherIsBetter = true,
                Bar = bar,
                Allocated = rate.Allocated,
                Note = $"durable ({durability}); {rate.Note}",
            });
        }
    }

    public static void AddCounter(Orleans.Hosting.ISiloBuilder silo) => silo.AddXtmpGrain<CounterGrain>();

    private static void Report(BenchContext context, string name, CallRate[] rates, double bar) => context.Report.Add(new BenchResult
    {
        Bench = name,
        Ours = rates[0].PerSecond,
        Unit = "calls/s",
        HigherIsBetter = true,
        Peer = PeerName,
        PeerValue = rates[1].PerSecond,
        Bar = bar,
        Allocated = rates[0].Allocated,
        Note = $"{rates[0].Note}; peer {rates[1].ProcessorMicroseconds:F2} µs, {rates[1].Allocated:F0} B",
    });

    private static BundleIndexed Write(int index) => new()
    {
        NodeId = $"node-{index}",
        BundleId = "b",
        BundleHash = new byte[32],
        TransactionCount = 1,
        TotalValue = 1,
        Status = BundleStatusCode.Submitted,
        At = DateTimeOffset.UnixEpoch,
    };
}
