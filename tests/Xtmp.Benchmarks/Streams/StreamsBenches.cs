using System.Diagnostics;
using System.Globalization;
using Xtmp.Benchmarks.Echo;

namespace Xtmp.Benchmarks;

/// <summary>The verb <c>streams</c>: updates of 64 bytes that one grain publishes, to subscribers in another process, over sockets.</summary>
internal static class StreamsBenches
{
    private const int Subscribers = 100;
    private const int Sessions = 10;
    private const int Rounds = 5;
    private const uint Burst = 100;
    private const string Key = "feed";

    public static async Task RunAsync(BenchContext context)
    {
        await using var server = await BenchChild.StartAsync(RpcServer.Verb);
        var endpoint = new XtmpEndpoint("127.0.0.1", int.Parse(server.Words[0], CultureInfo.InvariantCulture));
        using var identity = IdentityKey.Generate(SystemEntropy.Instance);
        var options = new XtmpClientOptions { ServerFingerprint = Fingerprint.Parse(server.Words[1]), Identity = identity, StreamWindow = 1024 };
        var connections = Enumerable.Range(0, Sessions).Select(_ => new XtmpConnection([endpoint], options)).ToArray();
        using var stop = new CancellationTokenSource();
        var delivered = new Deliveries();
        var readers = Enumerable.Range(0, Subscribers).Select(index => ReadAsync(new EchoesClient(connections[index % Sessions].Invoker), delivered, stop.Token)).ToArray();
        var publisher = new EchoesClient(connections[0].Invoker);

        // A reader counts once its subscription has brought something.
        while (delivered.Readers < Subscribers)
        {
            ThrowIfFailed(readers);
            await publisher.PublishAsync(new Publish { Key = Key, Count = 1 });
        }

        await delivered.QuietAsync();
        await BurstsAsync(publisher, delivered, readers, context.Budget);
        var rates = new List<double>();
        var allocatedThere = await server.AskAsync();
        var total = 0L;
        for (var round = 0; round < Rounds; round++)
        {
            var start = Stopwatch.GetTimestamp();
            var count = await BurstsAsync(publisher, delivered, readers, context.Budget / Rounds);
            rates.Add(count / Stopwatch.GetElapsedTime(start).TotalSeconds);
            total += count;
        }

        var allocated = (await server.AskAsync() - allocatedThere) / (double)total;
        rates.Sort();
        context.Report.Add(new BenchResult
        {
            Bench = "streams.fanout",
            Ours = rates[Rounds / 2],
            Unit = "deliveries/s",
            HigherIsBetter = true,
            Bar = 300_000,
            Allocated = allocated,
            Note = string.Create(CultureInfo.InvariantCulture, $"{Subscribers} subscribers on {Sessions} sessions, bursts of {Burst} updates of 64 bytes, separate processes, allocation of the silo; from {rates[0]:0} to {rates[^1]:0}"),
        });
        await stop.CancelAsync();
        foreach (var connection in connections)
        {
            await connection.DisposeAsync();
        }
    }

    private static async Task<long> BurstsAsync(EchoesClient publisher, Deliveries delivered, Task[] readers, TimeSpan budget)
    {
        var start = Stopwatch.GetTimestamp();
        var count = 0L;
        while (Stopwatch.GetElapsedTime(start) < budget)
        {
            var all = delivered.ExpectAsync(Burst * Subscribers);
            await publisher.PublishAsync(new Publish { Key = Key, Count = Burst });
            await Task.WhenAny(all, Task.WhenAny(readers));
            ThrowIfFailed(readers);
            count += Burst * Subscribers;
        }

        return count;
    }

    private static async Task ReadAsync(EchoesClient client, Deliveries delivered, CancellationToken cancellationToken)
    {
        var isFirst = true;
        await foreach (var _ in client.FollowAsync(new Follow { Key = Key }, cancellationToken))
        {
            delivered.Count(isFirst);
            isFirst = false;
        }
    }

    private static void ThrowIfFailed(Task[] readers)
    {
        if (readers.FirstOrDefault(reader => reader.IsCompleted) is { } ended)
        {
            throw new InvalidOperationException("A subscription ended.", ended.Exception);
        }
    }

    /// <summary>Counts what all readers get.</summary>
    private sealed class Deliveries
    {
        private static readonly TimeSpan s_quiet = TimeSpan.FromMilliseconds(200);

        private long _count;
        private long _target = long.MaxValue;
        private int _readers;
        private TaskCompletionSource _reached = new();

        public int Readers => Volatile.Read(ref _readers);

        public void Count(bool isFirst)
        {
            if (isFirst)
            {
                Interlocked.Increment(ref _readers);
            }

            if (Interlocked.Increment(ref _count) == Volatile.Read(ref _target))
            {
                _reached.TrySetResult();
            }
        }

        /// <summary>Done when so many more have come. Nothing may be on its way.</summary>
        public Task ExpectAsync(long more)
        {
            _reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Volatile.Write(ref _target, Interlocked.Read(ref _count) + more);
            return _reached.Task;
        }

        /// <summary>Done when nothing has come for a while.</summary>
        public async Task QuietAsync()
        {
            long before;
            do
            {
                before = Interlocked.Read(ref _count);
                await Task.Delay(s_quiet);
            }
            while (Interlocked.Read(ref _count) != before);
        }
    }
}
