using System.Collections.Concurrent;
using System.Threading.Channels;
using Xtmp.Protocol;
using Xtmp.Storage;
using Xtmp.TestKit;
using Xtmp.TestKit.Probes;
using Xtmp.Testing;
using Xunit;

namespace Xtmp.Runtime.Tests;

/// <summary>Three silos: who is where, and what happens to calls when silos come and go.</summary>
public sealed class ClusterTests
{
    private const int Accounts = 24;
    private const long Opening = 1000;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private readonly ProbeScripts _scripts = new();

    public enum Change
    {
        Kill,
        Stop,
        Join,

        /// <summary>One silo hears neither of the others, which declare it dead.</summary>
        CutOff,

        /// <summary>Two silos do not hear each other for a while; the third hears both.</summary>
        Partition,
    }

    [Fact]
    public async Task grains_are_spread_and_every_silo_reaches_all_of_them()
    {
        await using var cluster = await TestCluster.StartAsync(3, _scripts.Register);
        for (var round = 0; round < 3; round++)
        {
            for (var grain = 0; grain < 60; grain++)
            {
                Assert.Equal(round + 1, (await AddAsync(Client(cluster, (grain + round) % 3), $"g{grain}", 1)).Number);
            }
        }

        var spread = cluster.Members.Select(member => member.Silo.ActivationCount).ToArray();
        Assert.Equal(60, spread.Sum());
        Assert.All(spread, count => Assert.InRange(count, 5, 45));
    }

    [Fact]
    public async Task a_refusal_keeps_its_code_and_field_between_silos()
    {
        _scripts["refuse"] = static (_, _, _) => throw new XtmpException(XtmpErrorCode.InsufficientFunds, Fault.Peer, "Not enough.", "amount", retryable: true);
        await using var cluster = await TestCluster.StartAsync(3, _scripts.Register);
        for (var silo = 0; silo < 3; silo++)
        {
            var client = Client(cluster, silo);
            var error = await Assert.ThrowsAsync<XtmpException>(async () => await client.RunAsync(new ProbeCall { Key = "a", Script = "refuse" }));
            Assert.Equal((XtmpErrorCode.InsufficientFunds, "amount", Fault.Peer, true), (error.Code, error.Field, error.Fault, error.Retryable));
        }
    }

    [Fact]
    public async Task a_stream_reaches_callers_in_every_silo()
    {
        _scripts.Stream("count", static (_, _, context) => CountAsync(context.CancellationToken));
        await using var cluster = await TestCluster.StartAsync(3, _scripts.Register);
        for (var silo = 0; silo < 3; silo++)
        {
            var numbers = new List<long>();
            await foreach (var item in Client(cluster, silo).WatchAsync(new ProbeWatch { Key = "a", Script = "count" }))
            {
                numbers.Add(item.Number);
            }

            Assert.Equal(Enumerable.Range(0, 100).Select(number => (long)number), numbers);
        }
    }

    [Fact]
    public async Task subscribers_in_every_silo_get_every_publication_in_order_wherever_it_is_made()
    {
        _scripts["publish"] = static (grain, call, _) =>
        {
            grain.Number = call.Number;
            grain.Context.Publish("t", new ProbeItem { Number = call.Number });
            return new(ProbeGrain.Reply());
        };
        var subscribed = new ConcurrentDictionary<string, TaskCompletionSource>();
        _scripts.Stream("follow", (grain, call, _) => grain.Context.OpenStream(async () =>
        {
            var live = grain.Context.Subscribe<ProbeItem>("t", new SubscriptionOptions { Capacity = 1000 });
            await Task.Yield();
            subscribed.GetOrAdd(call.Key, _ => new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
            return ItemsAsync(live);
        }));
        await using var cluster = await TestCluster.StartAsync(3, _scripts.Register);

        // Followers are grains anywhere; six of them are in more than one silo.
        var followers = Enumerable.Range(0, 6).Select(async follower =>
        {
            var seen = new List<long>();
            await foreach (var item in Client(cluster, follower % 3).WatchAsync(new ProbeWatch { Key = $"f{follower}", Script = "follow" }))
            {
                seen.Add(item.Number);
                if (item.Number == 200)
                {
                    break;
                }
            }

            return seen;
        }).ToArray();
        await Task.WhenAll(Enumerable.Range(0, 6).Select(follower => subscribed.GetOrAdd($"f{follower}", _ => new(TaskCreationOptions.RunContinuationsAsynchronously)).Task)).WaitAsync(Patience);
        for (var number = 1; number <= 200; number++)
        {
            await Client(cluster, number % 3).RunAsync(new ProbeCall { Key = "publisher", Script = "publish", Number = number });
        }

        foreach (var seen in await Task.WhenAll(followers).WaitAsync(Patience))
        {
            Assert.Equal(Enumerable.Range(1, 200).Select(number => (long)number), seen);
        }
    }

    [Theory]
    [InlineData(Change.Kill)]
    [InlineData(Change.Stop)]
    [InlineData(Change.Join)]
    [InlineData(Change.CutOff)]
    [InlineData(Change.Partition)]
    public async Task money_is_conserved_and_nothing_acknowledged_is_lost_or_doubled_when_silos_change_under_load(Change change)
    {
        // A transfer is a turn of its payer with a message to its payee. Each carries an id, by which a repeated call is known.
        _scripts["pay"] = async (grain, call, _) =>
        {
            var parts = call.Text.Split(' ');
            if (await grain.Context.Entries.GetAsync("out/" + parts[1]) is null)
            {
                grain.Number = (grain.HasState ? grain.Number : Opening) - call.Number;
                grain.Context.Entries.Put("out/" + parts[1], new byte[] { 1 });
                grain.Context.Send(ProbeMethods.Run, new ProbeCall { Key = parts[0], Script = "take", Number = call.Number, Text = parts[1] });
            }

            return ProbeGrain.Reply(grain.Number);
        };
        _scripts["take"] = async (grain, call, _) =>
        {
            if (await grain.Context.Entries.GetAsync("in/" + call.Text) is null)
            {
                grain.Number = (grain.HasState ? grain.Number : Opening) + call.Number;
                grain.Context.Entries.Put("in/" + call.Text, new byte[] { 1 });
            }

            return ProbeGrain.Reply(grain.Number);
        };
        _scripts["balance"] = static (grain, _, _) => new(ProbeGrain.Reply(grain.HasState ? grain.Number : Opening));
        await using var cluster = await TestCluster.StartAsync(3, _scripts.Register, probeInterval: change is Change.Stop or Change.Join ? null : TimeSpan.FromSeconds(1));
        var seed = Environment.TickCount;
        TestMember[] survivors = [cluster.Members[0], cluster.Members[1]];
        using var stop = new CancellationTokenSource();
        var events = Channel.CreateUnbounded<int>();
        var acknowledged = new ConcurrentQueue<(int Payer, int Payee, long Amount)>();
        var callers = Enumerable.Range(0, Accounts).Select(payer => Task.Run(async () =>
        {
            var random = new Random(seed + payer);
            for (var number = 0; !stop.IsCancellationRequested; number++)
            {
                var payee = (payer + random.Next(1, Accounts)) % Accounts;
                var call = new ProbeCall { Key = $"a{payer}", Script = "pay", Number = random.Next(1, 9), Text = $"a{payee} {payer}.{number}" };
                while (true)
                {
                    try
                    {
                        await Client(survivors[random.Next(2)]).RunAsync(call);
                        acknowledged.Enqueue((payer, payee, call.Number));
                        events.Writer.TryWrite(payer);
                        break;
                    }
                    catch (XtmpException error) when (error.Retryable || error.Code == XtmpErrorCode.Timeout)
                    {
                        await Task.Yield();
                    }
                }
            }
        })).ToArray();

        await ReachAsync(500);
        await (change switch
        {
            Change.Kill => cluster.KillAsync(cluster.Members[2]),
            Change.Stop => TestCluster.StopAsync(cluster.Members[2]),
            Change.Join => cluster.JoinAsync(),
            _ => CutAsync(),
        }).WaitAsync(Patience);
        await ReachAsync(acknowledged.Count + 500);
        await stop.CancelAsync();
        await Task.WhenAll(callers).WaitAsync(Patience);

        // Whatever a silo left in the outbox is delivered by the others.
        while ((await cluster.Store.ReadOutboxAsync(null, 1)).Count > 0)
        {
            await Task.Yield();
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
        }

        var expected = new long[Accounts];
        foreach (var (payer, payee, amount) in acknowledged)
        {
            expected[payer] -= amount;
            expected[payee] += amount;
        }

        long total = 0;
        for (var account = 0; account < Accounts; account++)
        {
            var number = (await Client(cluster, account % 2).RunAsync(new ProbeCall { Key = $"a{account}", Script = "balance" })).Number;
            Assert.True(number == Opening + expected[account], $"seed {seed}, account {account}: {number}, expected {Opening + expected[account]}");
            total += number;
        }

        Assert.Equal(Accounts * Opening, total);

        async Task CutAsync()
        {
            var lost = cluster.Members[2];
            cluster.Partition(cluster.Members[0], lost);
            if (change == Change.Partition)
            {
                await ReachAsync(acknowledged.Count + 300);
                cluster.Heal(cluster.Members[0], lost);
                return;
            }

            cluster.Partition(cluster.Members[1], lost);
            while (lost.IsRunning)
            {
                await ReachAsync(acknowledged.Count + 1);
            }

            // It says why, and only the silo ends: this process is still here to read it.
            Assert.Contains("cannot go on", (await lost.Silo.Lost).Message, StringComparison.Ordinal);
            Assert.Equal(XtmpErrorCode.ShuttingDown, (await Assert.ThrowsAsync<XtmpException>(async () => await AddAsync(Client(lost), "a0", 1))).Code);
        }

        async Task ReachAsync(int count)
        {
            using var patience = new CancellationTokenSource(Patience);
            while (acknowledged.Count < count)
            {
                await events.Reader.ReadAsync(patience.Token);
            }
        }
    }

    private static ProbeClient Client(TestCluster cluster, int member) => Client(cluster.Members[member]);

    private static ProbeClient Client(TestMember member) => new(member.Invoker);

    private static ValueTask<ProbeReply> AddAsync(ProbeClient client, string key, long number) => client.RunAsync(new ProbeCall { Key = key, Script = "add", Number = number });

    private static async IAsyncEnumerable<ProbeItem> CountAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var number = 0; number < 100; number++)
        {
            await Task.Yield();
            cancellationToken.ThrowIfCancellationRequested();
            yield return new ProbeItem { Number = number };
        }
    }

    private static async IAsyncEnumerable<ProbeItem> ItemsAsync(IAsyncEnumerable<TopicEvent<ProbeItem>> live)
    {
        await foreach (var (item, missed) in live)
        {
            Assert.Equal(0, missed);
            yield return item!;
        }
    }
}
