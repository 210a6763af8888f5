using System.Diagnostics;
using Xtmp.Messages;
using Xtmp.Runtime;
using Xtmp.Storage;

namespace Xtmp.Benchmarks;

/// <summary>The verb <c>engine</c>: turns of grains in memory, on SQLite and, where XTMP_BENCH_POSTGRES holds a connection string, on PostgreSQL.</summary>
internal static class EngineBenches
{
    private const int Grains = 1024;
    private const int Workers = 256;

    public static async Task RunAsync(BenchContext context)
    {
        await using (var engine = await GrainSilo.StartAsync(new MemoryGrainStore(), AddCounter))
        {
            var client = new BundleLedgerClient(engine);
            var reads = Enumerable.Range(0, Grains).Select(index => new BundleSync { NodeId = $"node-{index}" }).ToArray();
            var writes = Enumerable.Range(0, Grains).Select(Write).ToArray();
            foreach (var read in reads)
            {
                // The first call makes the activation, by way of Orleans.
                await client.SyncAsync(read);
            }

            var next = 0;
            Report(context, "engine.memory.read", InterleavedRounds.Measure(context.Budget, () => Finish(client.SyncAsync(reads[next++ % Grains]))), bar: 100_000);
            Report(context, "engine.memory.write", InterleavedRounds.Measure(context.Budget, () => Finish(client.IndexedAsync(writes[next++ % Grains]))), bar: 100_000);
        }

        var directory = Directory.CreateTempSubdirectory("xtmp-bench-");
        try
        {
            await using var store = SqliteGrainStore.Open(Path.Combine(directory.FullName, "grains.db"));
            await using var engine = await GrainSilo.StartAsync(store, AddCounter);
            var client = new BundleLedgerClient(engine);
            await DurableAsync(context, client, "engine.sqlite.write.one_caller", workers: 1, "synchronous = FULL");
            await DurableAsync(context, client, "engine.sqlite.write.256_callers", Workers, "synchronous = FULL");
        }
        finally
        {
            directory.Delete(recursive: true);
        }

        if (Environment.GetEnvironmentVariable("XTMP_BENCH_POSTGRES") is { Length: > 0 } database)
        {
            await using var store = await PostgresGrainStore.OpenAsync(database);
            await using var engine = await GrainSilo.StartAsync(store, AddCounter);
            var client = new BundleLedgerClient(engine);
            await DurableAsync(context, client, "engine.postgres.write.one_caller", workers: 1, "PostgreSQL, as it is configured");
            await DurableAsync(context, client, "engine.postgres.write.64_callers", workers: 64, "PostgreSQL, as it is configured");
            await DurableAsync(context, client, "engine.postgres.write.256_callers", Workers, "PostgreSQL, as it is configured", bar: 20_000);
        }
    }

    private static void AddCounter(Orleans.Hosting.ISiloBuilder silo) => silo.AddXtmpGrain<CounterGrain>();

    private static async Task DurableAsync(BenchContext context, BundleLedgerClient client, string name, int workers, string durability, double? bar = null)
    {
        var rates = new List<double>();
        for (var round = 0; round < 3; round++)
        {
            var done = 0L;
            var start = Stopwatch.GetTimestamp();
            await Task.WhenAll(Enumerable.Range(0, workers).Select(async worker =>
            {
                var write = Write(worker);
                while (Stopwatch.GetElapsedTime(start) < context.Budget)
                {
                    await client.IndexedAsync(write);
                    Interlocked.Increment(ref done);
                }
            }));
            rates.Add(done / Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        context.Report.Add(new BenchResult
        {
            Bench = name,
            Ours = rates.Max(),
            Unit = "turns/s",
            HigherIsBetter = true,
            Bar = bar,
            Note = $"durable ({durability}), best of {rates.Count}; rounds {string.Join(", ", rates.Select(rate => rate.ToString("F0")))}",
        });
    }

    private static void Report(BenchContext context, string name, Measurement result, double bar) => context.Report.Add(new BenchResult
    {
        Bench = name,
        Ours = result.PerSecond,
        Unit = "turns/s",
        HigherIsBetter = true,
        Bar = bar,
        Allocated = result.Allocated,
        Note = result.SpreadNote ?? $"one thread, {Grains} grains in turn",
    });

    // In memory a turn is over when the call returns.
    private static void Finish<T>(ValueTask<T> call)
    {
        if (!call.IsCompletedSuccessfully)
        {
            throw new InvalidOperationException("A turn in memory did not finish at once.");
        }

        call.GetAwaiter().GetResult();
    }

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
