using System.Runtime.CompilerServices;
using Xtmp.Protocol;
using Xtmp.Runtime;
using Xtmp.Storage;
using Xtmp.TestKit.Probes;
using Xunit;

namespace Xtmp.TestKit;

/// <summary>Streams of grains and the topics behind them.</summary>
public abstract class StreamConformance : GrainConformance
{
    protected StreamConformance()
    {
        Scripts["publish"] = (grain, call, _) =>
        {
            grain.Number += call.Number;
            grain.Context.Publish(call.Text, new ProbeItem { Number = call.Number });
            return new(ProbeGrain.Reply());
        };
        Scripts.Stream("follow", (grain, call, _) => Numbers(grain.Context.Subscribe<ProbeItem>("t")));
        Scripts.Stream("small", (grain, _, _) => Numbers(grain.Context.Subscribe<ProbeItem>("t", new SubscriptionOptions { Capacity = 3 })));
        Scripts.Stream("strict", (grain, _, _) =>
            Numbers(grain.Context.Subscribe<ProbeItem>("t", new SubscriptionOptions { Capacity = 3, Policy = SlowConsumerPolicy.Disconnect })));
        Scripts.Stream("snapshot", (grain, _, _) => grain.Context.OpenStream(async () =>
        {
            var live = grain.Context.Subscribe<ProbeItem>("t");
            var total = await new ProbeClient(grain.Context.Calls).RunAsync(new ProbeCall { Key = "p", Script = "read" });
            return Prepend(total.Number, Numbers(live));
        }));
    }

    [Fact]
    public async Task every_subscriber_gets_every_item_in_order()
    {
        var silo = await StartAsync();
        await using var one = silo.WatchAsync("s", "follow").GetAsyncEnumerator();
        await using var two = silo.WatchAsync("s", "follow").GetAsyncEnumerator();
        var waitingOne = one.MoveNextAsync();
        var waitingTwo = two.MoveNextAsync();
        await silo.WhenQuietAsync();
        for (var number = 1; number <= 20; number++)
        {
            await silo.RunAsync("p", "publish", number, "t");
        }

        await silo.RunAsync("p", "publish", 99, "other");
        Assert.Equal(Enumerable.Range(1, 20).Select(n => (long)n), await TakeAsync(one, waitingOne, 20));
        Assert.Equal(Enumerable.Range(1, 20).Select(n => (long)n), await TakeAsync(two, waitingTwo, 20));
    }

    [Fact]
    public async Task an_item_is_published_with_the_commit_and_not_without_it()
    {
        var faulty = new FaultyStore(Store);
        var silo = await StartAsync(store: faulty);
        await using var items = silo.WatchAsync("s", "follow").GetAsyncEnumerator();
        var waiting = items.MoveNextAsync();
        await silo.WhenQuietAsync();
        faulty.BeforeCommit = _ => throw FaultyStore.Unavailable();
        await RefusedAsync(XtmpErrorCode.StorageUnavailable, silo.RunAsync("p", "publish", 1, "t"));
        var gate = Signal();
        faulty.BeforeCommit = _ => new ValueTask(gate.Task);
        var publishing = silo.RunAsync("p", "publish", 2, "t").AsTask();
        Assert.False(waiting.IsCompleted);
        gate.SetResult();
        await publishing.WaitAsync(Patience);
        Assert.Equal([2], await TakeAsync(items, waiting, 1));
    }

    [Fact]
    public async Task a_slow_subscriber_loses_the_oldest_and_is_told_how_many()
    {
        var silo = await StartAsync();
        await using var items = silo.WatchAsync("s", "small").GetAsyncEnumerator();
        var waiting = items.MoveNextAsync();
        await silo.WhenQuietAsync();
        await silo.RunAsync("p", "publish", 1, "t");
        Assert.Equal([1], await TakeAsync(items, waiting, 1));
        for (var number = 2; number <= 10; number++)
        {
            await silo.RunAsync("p", "publish", number, "t");
        }

        // A gap shows as its negative count.
        Assert.Equal([-6, 8, 9, 10], await TakeAsync(items, items.MoveNextAsync(), 4));
    }

    [Fact]
    public async Task a_slow_subscriber_can_be_disconnected_instead()
    {
        var silo = await StartAsync();
        await using var items = silo.WatchAsync("s", "strict").GetAsyncEnumerator();
        var waiting = items.MoveNextAsync();
        await silo.WhenQuietAsync();
        await silo.RunAsync("p", "publish", 1, "t");
        Assert.Equal([1], await TakeAsync(items, waiting, 1));
        for (var number = 2; number <= 10; number++)
        {
            await silo.RunAsync("p", "publish", number, "t");
        }

        Assert.Equal([2, 3, 4], await TakeAsync(items, items.MoveNextAsync(), 3));
        Assert.True((await RefusedAsync(XtmpErrorCode.SlowConsumer, () => items.MoveNextAsync().AsTask())).Retryable);
    }

    [Fact]
    public async Task nothing_is_missed_between_snapshot_and_live()
    {
        var silo = await StartAsync();
        await silo.RunAsync("p", "publish", 5, "t");
        await using var items = silo.WatchAsync("s", "snapshot").GetAsyncEnumerator();
        Assert.Equal([5], await TakeAsync(items, items.MoveNextAsync(), 1));
        await silo.RunAsync("p", "publish", 7, "t");
        Assert.Equal([7], await TakeAsync(items, items.MoveNextAsync(), 1));
    }

    [Fact]
    public async Task a_refusal_of_a_stream_method_reaches_the_caller()
    {
        var silo = await StartAsync();
        Scripts.Stream("refuse", (_, _, _) => throw new XtmpException(XtmpErrorCode.PermissionDenied, Fault.Peer, "not yours"));
        await using var items = silo.WatchAsync("s", "refuse").GetAsyncEnumerator();
        await RefusedAsync(XtmpErrorCode.PermissionDenied, () => items.MoveNextAsync().AsTask());
    }

    [Fact]
    public async Task a_stream_cannot_touch_its_grain_outside_a_turn()
    {
        var silo = await StartAsync();
        Scripts.Stream("touch", (grain, _, _) => Touch(grain));
        await using var items = silo.WatchAsync("s", "touch").GetAsyncEnumerator();
        Assert.Equal([1], await TakeAsync(items, items.MoveNextAsync(), 1));
        await RefusedAsync(XtmpErrorCode.Internal, () => items.MoveNextAsync().AsTask());
        Assert.IsType<InvalidOperationException>(Assert.Single(Faults).Exception);

        static async IAsyncEnumerable<ProbeItem> Touch(ProbeGrain grain)
        {
            await Task.Yield();
            yield return new ProbeItem { Number = 1 };
            yield return new ProbeItem { Number = grain.Number };
        }
    }

    /// <summary>An async iterator as one writes it: its body is in the turn up to the first item.</summary>
    [Fact]
    public async Task an_iterator_subscribes_and_reads_its_state_before_its_first_item()
    {
        var silo = await StartAsync();
        Scripts.Stream("natural", (grain, _, _) => Natural(grain));
        await silo.RunAsync("s", "add", 5);
        await using var items = silo.WatchAsync("s", "natural").GetAsyncEnumerator();
        Assert.Equal([5], await TakeAsync(items, items.MoveNextAsync(), 1));
        await silo.RunAsync("s", "publish", 7, "t");
        await silo.RunAsync("p", "publish", 8, "t");
        Assert.Equal([7, 8], await TakeAsync(items, items.MoveNextAsync(), 2));

        static async IAsyncEnumerable<ProbeItem> Natural(ProbeGrain grain)
        {
            var live = grain.Context.Subscribe<ProbeItem>("t");
            await new ProbeClient(grain.Context.Calls).RunAsync(new ProbeCall { Key = "other", Script = "read" });
            yield return new ProbeItem { Number = grain.Number };
            await foreach (var item in live)
            {
                yield return item.Item!;
            }
        }
    }

    /// <summary>A body that waits for what others publish does not hold its grain, and ends with its reader, which gave it no token.</summary>
    [Fact]
    public async Task an_iterator_that_waits_leaves_its_grain_free_and_ends_with_its_reader()
    {
        var silo = await StartAsync();
        var ended = Signal();
        Scripts.Stream("natural", (grain, _, _) => Natural(grain, ended));
        using var cancellation = new CancellationTokenSource();
        await using var items = silo.WatchAsync("s", "natural", cancellation.Token).GetAsyncEnumerator();
        var waiting = items.MoveNextAsync();
        await silo.WhenQuietAsync();
        await silo.RunAsync("s", "publish", 3, "t");
        Assert.Equal([3], await TakeAsync(items, waiting, 1));
        var last = items.MoveNextAsync().AsTask();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => last.WaitAsync(Patience));
        await ended.Task.WaitAsync(Patience);

        static async IAsyncEnumerable<ProbeItem> Natural(ProbeGrain grain, TaskCompletionSource ended)
        {
            try
            {
                await foreach (var item in grain.Context.Subscribe<ProbeItem>("t"))
                {
                    yield return item.Item!;
                }
            }
            finally
            {
                ended.SetResult();
            }
        }
    }

    [Fact]
    public async Task what_an_iterator_changes_before_its_first_item_is_committed_with_its_turn()
    {
        var silo = await StartAsync();
        Scripts.Stream("count", (grain, _, _) => Count(grain));
        await using var items = silo.WatchAsync("s", "count").GetAsyncEnumerator();
        Assert.Equal([1], await TakeAsync(items, items.MoveNextAsync(), 1));
        Assert.Equal(1, await Store.ReadVersionAsync(new GrainId("Probe", "s")));

        static async IAsyncEnumerable<ProbeItem> Count(ProbeGrain grain)
        {
            await Task.Yield();
            grain.Number++;
            yield return new ProbeItem { Number = grain.Number };
        }
    }

    [Fact]
    public async Task a_stream_ends_when_its_reader_gives_up()
    {
        var silo = await StartAsync();
        using var cancellation = new CancellationTokenSource();
        await using var items = silo.WatchAsync("s", "follow", cancellation.Token).GetAsyncEnumerator();
        var waiting = items.MoveNextAsync().AsTask();
        await silo.WhenQuietAsync();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(Patience));
        await silo.RunAsync("p", "publish", 1, "t");
    }

    [Fact]
    public async Task a_drain_ends_streams()
    {
        var silo = await StartAsync();
        await using var items = silo.WatchAsync("s", "follow").GetAsyncEnumerator();
        var waiting = items.MoveNextAsync().AsTask();
        await silo.WhenQuietAsync();
        await silo.RunAsync("p", "publish", 1, "t");
        Assert.True(await waiting.WaitAsync(Patience));
        await silo.Silo.StopAsync().WaitAsync(Patience);
        await RefusedAsync(XtmpErrorCode.ShuttingDown, () => items.MoveNextAsync().AsTask());
    }

    private static async Task<List<long>> TakeAsync(IAsyncEnumerator<ProbeItem> items, ValueTask<bool> waiting, int count)
    {
        var taken = new List<long>();
        while (true)
        {
            Assert.True(await waiting.AsTask().WaitAsync(Patience));
            taken.Add(items.Current.Number);
            if (taken.Count == count)
            {
                return taken;
            }

            waiting = items.MoveNextAsync();
        }
    }

    private static async IAsyncEnumerable<ProbeItem> Numbers(
        IAsyncEnumerable<TopicEvent<ProbeItem>> events, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var (item, missed) in events.WithCancellation(cancellationToken))
        {
            yield return item ?? new ProbeItem { Number = -missed };
        }
    }

    private static async IAsyncEnumerable<ProbeItem> Prepend(
        long first, IAsyncEnumerable<ProbeItem> rest, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        yield return new ProbeItem { Number = first };
        await foreach (var item in rest.WithCancellation(cancellationToken))
        {
            yield return item;
        }
    }
}
