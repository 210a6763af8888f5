using Xtmp.Protocol;
using Xtmp.TestKit.Probes;

namespace Xtmp.Runtime.Tests;

/// <summary>Each policy for subscribers that read too slowly, and that nobody waits for them.</summary>
public sealed class SlowConsumerTests
{
    [Fact]
    public async Task the_oldest_are_dropped_and_counted_before_what_follows()
    {
        var hub = new TopicHub();
        using var subscription = hub.Subscribe("t", new SubscriptionOptions { Capacity = 3 });
        Publish(hub, 1, 8);
        Assert.Equal("-5 6 7 8", await ReadAsync(subscription, 4));
        Assert.Equal(5, subscription.Dropped);
    }

    [Fact]
    public async Task the_newest_are_dropped_and_counted_behind_what_is_queued()
    {
        var hub = new TopicHub();
        using var subscription = hub.Subscribe("t", new SubscriptionOptions { Capacity = 3, Policy = SlowConsumerPolicy.DropNewest });
        Publish(hub, 1, 5);
        var items = subscription.GetAsyncEnumerator();
        Assert.Equal("1", await NextAsync(items));
        Publish(hub, 6, 7);
        Assert.Equal("2 3 -2 6 -1", $"{await NextAsync(items)} {await NextAsync(items)} {await NextAsync(items)} {await NextAsync(items)} {await NextAsync(items)}");
        Assert.Equal(3, subscription.Dropped);
    }

    [Fact]
    public async Task the_latest_of_each_key_stays_in_the_order_of_its_coming()
    {
        var hub = new TopicHub();
        using var subscription = hub.Subscribe("t", new SubscriptionOptions
        {
            Capacity = 3,
            Policy = SlowConsumerPolicy.Coalesce,
            KeyOf = item => ((ProbeItem)item).Number % 10 is var key ? $"{key}" : "",
        });
        foreach (var number in new[] { 1, 2, 11, 21, 3, 12 })
        {
            Publish(hub, number, number);
        }

        Assert.Equal("21 3 12", await ReadAsync(subscription, 3));
        Assert.Equal((0L, 3L), (subscription.Dropped, subscription.Coalesced));
    }

    [Fact]
    public async Task more_keys_than_room_cost_the_oldest_and_one_without_a_key_keeps_the_latest()
    {
        var hub = new TopicHub();
        using var keyed = hub.Subscribe("t", new SubscriptionOptions { Capacity = 2, Policy = SlowConsumerPolicy.Coalesce, KeyOf = item => $"{((ProbeItem)item).Number}" });
        using var latest = hub.Subscribe("t", new SubscriptionOptions { Capacity = 2, Policy = SlowConsumerPolicy.Coalesce });
        Publish(hub, 1, 4);
        Assert.Equal("-2 3 4", await ReadAsync(keyed, 3));
        Assert.Equal("4", await ReadAsync(latest, 1));
        Assert.Equal((2L, 0L, 0L, 3L), (keyed.Dropped, keyed.Coalesced, latest.Dropped, latest.Coalesced));
    }

    [Fact]
    public async Task a_subscription_ends_after_what_is_queued_and_is_counted()
    {
        var hub = new TopicHub();
        using var subscription = hub.Subscribe("t", new SubscriptionOptions { Capacity = 2, Policy = SlowConsumerPolicy.Disconnect });
        Publish(hub, 1, 5);
        var items = subscription.GetAsyncEnumerator();
        Assert.Equal("1 2", $"{await NextAsync(items)} {await NextAsync(items)}");
        Assert.Equal(XtmpErrorCode.SlowConsumer, (await Assert.ThrowsAsync<XtmpException>(async () => await items.MoveNextAsync())).Code);
        Assert.Equal(1, hub.SlowConsumers);
    }

    [Fact]
    public async Task one_that_never_reads_costs_the_others_nothing()
    {
        const int Count = 5_000;
        var hub = new TopicHub();
        var policies = Enum.GetValues<SlowConsumerPolicy>();
        var stuck = policies.Select(policy => hub.Subscribe("t", new SubscriptionOptions { Capacity = 8, Policy = policy })).ToArray();
        using var reader = hub.Subscribe("t", new SubscriptionOptions { Capacity = Count });
        Publish(hub, 1, Count);
        Assert.Equal(string.Join(' ', Enumerable.Range(1, Count)), await ReadAsync(reader, Count));
        Assert.Equal(0, reader.Dropped);
        foreach (var subscription in stuck)
        {
            subscription.Dispose();
        }

        Assert.Equal(2 * (Count - 8), hub.Dropped);
        Assert.Equal(Count - 1, hub.Coalesced);
        Assert.Equal(1, hub.SlowConsumers);
    }

    [Theory]
    [InlineData(SlowConsumerPolicy.DropOldest)]
    [InlineData(SlowConsumerPolicy.DropNewest)]
    public void items_and_gaps_add_up_to_what_was_published(SlowConsumerPolicy policy)
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var queue = new TopicQueue(new SubscriptionOptions { Capacity = random.Next(1, 6), Policy = policy });
            var next = 1;
            var expected = 1L;
            for (var step = 0; step < 200; step++)
            {
                if (random.Next(3) > 0)
                {
                    queue.TryAdd(new ProbeItem { Number = next++ });
                }
                else if (queue.TryTake(out var taken))
                {
                    Assert.True(taken.Item is null || ((ProbeItem)taken.Item).Number == expected, $"seed {seed}");
                    expected += taken.Item is null ? taken.Missed : 1;
                }
            }

            while (queue.TryTake(out var taken))
            {
                Assert.True(taken.Item is null || ((ProbeItem)taken.Item).Number == expected, $"seed {seed}");
                expected += taken.Item is null ? taken.Missed : 1;
            }

            Assert.Equal(next, expected);
        }
    }

    private static void Publish(TopicHub hub, int from, int to)
    {
        for (var number = from; number <= to; number++)
        {
            hub.Publish("t", new ProbeItem { Number = number });
        }
    }

    private static async Task<string> ReadAsync(ITopicSubscription subscription, int count)
    {
        var items = subscription.GetAsyncEnumerator();
        var read = new List<string>();
        while (read.Count < count)
        {
            read.Add(await NextAsync(items));
        }

        return string.Join(' ', read);
    }

    /// <summary>The next item's number, or with a minus what was missed.</summary>
    private static async Task<string> NextAsync(IAsyncEnumerator<TopicEvent<IXtmpMessage>> items)
    {
        Assert.True(await items.MoveNextAsync());
        return items.Current.Item is ProbeItem item ? $"{item.Number}" : $"-{items.Current.Missed}";
    }
}
