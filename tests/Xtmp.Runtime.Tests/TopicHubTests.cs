using Xtmp.Protocol;
using Xtmp.TestKit.Probes;

namespace Xtmp.Runtime.Tests;

public sealed class TopicHubTests
{
    [Fact]
    public void refuses_more_subscriptions_than_allowed_and_takes_them_again_when_some_are_closed()
    {
        var hub = new TopicHub(maxSubscriptions: 2);
        var first = hub.Subscribe("t");
        using var second = hub.Subscribe("u");
        Assert.Equal(XtmpErrorCode.Overloaded, Assert.Throws<XtmpException>(() => hub.Subscribe("t")).Code);
        first.Dispose();
        first.Dispose();
        Assert.Equal(1, hub.SubscriptionCount);
        using var third = hub.Subscribe("t");
        Assert.Equal(2, hub.SubscriptionCount);
    }

    // Before: each one copied the list of all, 6 GB for 40,000.
    [Fact]
    public void a_subscription_costs_the_same_however_many_there_are()
    {
        const int Subscribers = 40_000;
        var hub = new TopicHub(maxSubscriptions: Subscribers);
        var first = Allocated(hub, Subscribers / 10);
        var all = Allocated(hub, Subscribers);
        Assert.InRange(all, 0, 2 * first);
        Assert.Equal(0, hub.SubscriptionCount);

        static long Allocated(TopicHub hub, int count)
        {
            var subscriptions = new ITopicSubscription[count];
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var index = 0; index < count; index++)
            {
                subscriptions[index] = hub.Subscribe("t");
            }

            foreach (var subscription in subscriptions)
            {
                subscription.Dispose();
            }

            return (GC.GetAllocatedBytesForCurrentThread() - before) / count;
        }
    }

    [Fact]
    public async Task a_subscription_is_read_once()
    {
        var hub = new TopicHub();
        using var subscription = hub.Subscribe("t");
        await using var items = subscription.GetAsyncEnumerator();
        Assert.Throws<InvalidOperationException>(() => subscription.GetAsyncEnumerator());
    }

    [Fact]
    public async Task disposing_ends_a_waiting_reader()
    {
        var hub = new TopicHub();
        var subscription = hub.Subscribe("t");
        var waiting = subscription.GetAsyncEnumerator().MoveNextAsync();
        Assert.False(waiting.IsCompleted);
        subscription.Dispose();
        Assert.False(await waiting);
        hub.Publish("t", new ProbeItem { Number = 1 });
    }

    [Fact]
    public async Task subscribers_come_and_go_while_others_publish()
    {
        var hub = new TopicHub();
        var publishing = Task.Run(() =>
        {
            for (var i = 0; i < 20_000; i++)
            {
                hub.Publish("t", new ProbeItem { Number = i });
            }
        });
        while (!publishing.IsCompleted)
        {
            using var subscription = hub.Subscribe("t", new SubscriptionOptions { Capacity = 4 });
            await using var items = subscription.GetAsyncEnumerator();
            var next = items.MoveNextAsync();
            if (await Task.WhenAny(next.AsTask(), publishing) != publishing)
            {
                Assert.True(items.Current.Item is not null || items.Current.Missed > 0);
            }
        }

        await publishing;
        Assert.Equal(0, hub.SubscriptionCount);
    }
}
