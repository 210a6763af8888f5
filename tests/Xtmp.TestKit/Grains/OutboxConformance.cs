using System.Collections.Concurrent;
using Xtmp.Protocol;
using Xtmp.Runtime;
using Xtmp.Storage;
using Xtmp.TestKit.Probes;
using Xunit;

namespace Xtmp.TestKit;

/// <summary>Messages between grains: committed with the turn, delivered at least once, also after a crash.</summary>
public abstract class OutboxConformance : GrainConformance
{
    /// <summary>A store that takes nothing new still takes what is on its way, and says once in the log that it is full.</summary>
    [Fact]
    public async Task a_delivery_finds_its_place_in_a_full_store()
    {
        var full = new MemoryGrainStore(new StoreLimits { MaxGrains = 1 });
        var silo = await StartAsync(store: full);
        Scripts["send"] = (grain, call, _) =>
        {
            grain.Context.Send(ProbeMethods.Run, new ProbeCall { Key = "b", Script = "add", Number = call.Number }, replyWaits: Patience);
            return new(ProbeGrain.Reply());
        };
        await silo.RunAsync("a", "send", 5);
        await silo.WhenQuietAsync();
        Assert.Equal(5, await silo.ReadAsync("b"));
        await silo.RunAsync("b", "add", 1);
        for (var i = 0; i < 3; i++)
        {
            Assert.True((await RefusedAsync(XtmpErrorCode.StorageFull, silo.RunAsync("c", "add", 1))).Retryable);
        }

        Assert.Contains("full", Assert.Single(Faults).Text, StringComparison.Ordinal);
        Assert.Equal(0, await silo.ReadAsync("c"));
    }

    [Fact]
    public async Task a_message_arrives_after_the_commit()
    {
        var silo = await StartAsync();
        Scripts["send"] = Send(script: "add");
        await silo.RunAsync("a", "send", 5, "b");
        await silo.WhenQuietAsync();
        Assert.Equal(5, await silo.ReadAsync("b"));
        Assert.Empty(await Store.ReadOutboxAsync(null, 10));
    }

    [Fact]
    public async Task a_message_of_a_turn_whose_commit_fails_never_arrives()
    {
        var faulty = new FaultyStore(Store);
        var silo = await StartAsync(store: faulty);
        Scripts["send"] = Send(script: "add");
        faulty.BeforeCommit = commit => commit.Id.Key == "a" ? throw FaultyStore.Unavailable() : ValueTask.CompletedTask;
        await RefusedAsync(XtmpErrorCode.StorageUnavailable, silo.RunAsync("a", "send", 5, "b"));
        await silo.WhenQuietAsync();
        Assert.Equal(0, await silo.ReadAsync("b"));
    }

    [Fact]
    public async Task the_reply_waits_for_the_delivery_and_holds_no_grain()
    {
        var faulty = new FaultyStore(Store);
        var silo = await StartAsync(store: faulty);
        var gate = Signal();
        var arrived = Signal();
        Scripts["send"] = Send(script: "slow", wait: TimeSpan.FromSeconds(10));
        Scripts["slow"] = async (grain, call, _) =>
        {
            arrived.TrySetResult();
            await gate.Task;
            grain.Number += call.Number;
            return ProbeGrain.Reply();
        };
        var call = silo.RunAsync("a", "send", 5, "b").AsTask();
        await arrived.Task.WaitAsync(Patience);
        Assert.False(call.IsCompleted);
        Assert.Equal(6, (await silo.RunAsync("a", "add", 1)).Number);
        gate.SetResult();
        await call.WaitAsync(Patience);
        Assert.Equal(5, await silo.ReadAsync("b"));
    }

    [Fact]
    public async Task the_reply_does_not_wait_for_ever()
    {
        var silo = await StartAsync();
        var gate = Signal();
        var arrived = Signal();
        Scripts["send"] = Send(script: "slow", wait: TimeSpan.FromSeconds(2));
        Scripts["slow"] = async (_, _, _) =>
        {
            arrived.TrySetResult();
            await gate.Task;
            return ProbeGrain.Reply();
        };
        var call = silo.RunAsync("a", "send", 5, "b").AsTask();
        await arrived.Task.WaitAsync(Patience);
        Time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(call.IsCompleted);
        Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(5, (await call.WaitAsync(Patience)).Number);
        gate.SetResult();
    }

    [Fact]
    public async Task two_grains_that_send_to_each_other_at_once_do_not_wait_on_each_other()
    {
        var silo = await StartAsync();
        Scripts["send"] = Send(script: "add", wait: TimeSpan.FromSeconds(10));
        var calls = Enumerable.Range(0, 200).SelectMany(_ => new[]
        {
            Task.Run(async () => await silo.RunAsync("a", "send", 1, "b")),
            Task.Run(async () => await silo.RunAsync("b", "send", 1, "a")),
        });
        await Task.WhenAll(calls).WaitAsync(Patience);
        Assert.Equal(400, await silo.ReadAsync("a"));
        Assert.Equal(400, await silo.ReadAsync("b"));
    }

    [Fact]
    public async Task a_delivery_that_fails_is_tried_again()
    {
        var silo = await StartAsync();
        var tries = 0;
        Scripts["send"] = Send(script: "third time");
        Scripts["third time"] = (grain, call, _) =>
        {
            if (Interlocked.Increment(ref tries) < 3)
            {
                throw new XtmpException(XtmpErrorCode.Overloaded, Fault.Peer, "later", retryable: true);
            }

            grain.Number += call.Number;
            return new(ProbeGrain.Reply());
        };
        await silo.RunAsync("a", "send", 5, "b");
        await silo.WhenQuietAsync();
        Assert.Equal(1, tries);
        Assert.Single(await Store.ReadOutboxAsync(null, 10));

        for (var expected = 2; expected <= 3; expected++)
        {
            Time.Advance(TimeSpan.FromSeconds(10));
            await silo.WhenQuietAsync();
            Assert.Equal(expected, tries);
        }

        Assert.Equal(3, tries);
        Assert.Equal(5, await silo.ReadAsync("b"));
        Assert.Empty(await Store.ReadOutboxAsync(null, 10));
    }

    [Fact]
    public async Task a_delivery_that_keeps_failing_is_never_lost()
    {
        var silo = await StartAsync();
        var works = false;
        Scripts["send"] = Send(script: "some day");
        Scripts["some day"] = (grain, call, _) =>
        {
            grain.Number += call.Number;
            return works ? new(ProbeGrain.Reply()) : throw new InvalidOperationException("a bug");
        };
        await silo.RunAsync("a", "send", 5, "b");
        for (var i = 0; i < 20; i++)
        {
            await silo.WhenQuietAsync();
            Time.Advance(TimeSpan.FromSeconds(60));
        }

        works = true;
        for (var i = 0; i < 5; i++)
        {
            await silo.WhenQuietAsync();
            Time.Advance(TimeSpan.FromSeconds(60));
        }

        await silo.WhenQuietAsync();
        Assert.Equal(5, await silo.ReadAsync("b"));
    }

    [Fact]
    public async Task a_refusal_for_good_comes_back_to_the_sender_once()
    {
        var silo = await StartAsync();
        Scripts["send"] = Send(script: "refuse", wait: TimeSpan.FromSeconds(10));
        Scripts["refuse"] = (_, _, _) => throw new XtmpException(XtmpErrorCode.PermissionDenied, Fault.Peer, "never");
        Scripts.OnRefused = (grain, message, receiver, error) =>
        {
            Assert.Equal("b", receiver.Key);
            Assert.Equal(XtmpErrorCode.PermissionDenied, error.Code);
            grain.Number -= ((ProbeCall)message).Number;
            return ValueTask.CompletedTask;
        };
        var error = await RefusedAsync(XtmpErrorCode.PermissionDenied, silo.RunAsync("a", "send", 5, "b"));
        Assert.Equal("never", error.Message);
        Assert.Equal(0, await silo.ReadAsync("a"));
        Assert.Empty(await Store.ReadOutboxAsync(null, 10));
    }

    [Fact]
    public async Task a_delivery_is_told_to_the_sender_who_asked()
    {
        var silo = await StartAsync();
        Scripts["send"] = Send(script: "add", wait: TimeSpan.FromSeconds(10), notify: true);
        Scripts.OnDelivered = (grain, message, receiver) =>
        {
            Assert.Equal("b", receiver.Key);
            grain.Number += 100 * ((ProbeCall)message).Number;
            return ValueTask.CompletedTask;
        };
        await silo.RunAsync("a", "send", 5, "b");
        Assert.Equal(505, await silo.ReadAsync("a"));
        Assert.Equal(5, await silo.ReadAsync("b"));
        Assert.Empty(await Store.ReadOutboxAsync(null, 10));
    }

    [Theory]
    [InlineData("before the receiver commits")]
    [InlineData("after the receiver has committed")]
    [InlineData("before the sender is told")]
    [InlineData("after the sender was told")]
    public async Task a_crash_loses_no_message_and_tells_the_sender_once(string when)
    {
        var faulty = new FaultyStore(Store);
        var first = await StartAsync(store: faulty);
        Scripts["send"] = Send(script: "add once", notify: true);
        Scripts["add once"] = async (grain, call, _) =>
        {
            if (await grain.Context.Entries.GetAsync("done") is null)
            {
                grain.Context.Entries.Put("done", new byte[] { 1 });
                grain.Number += call.Number;
            }

            return ProbeGrain.Reply();
        };
        Scripts.OnDelivered = (grain, _, _) =>
        {
            grain.Number += 100;
            return ValueTask.CompletedTask;
        };

        var crashed = Signal();
        ValueTask CrashAt(GrainCommit commit, string point)
        {
            var here = commit.Id.Key == "b" ? "the receiver" : commit.OutboxRemovals.Count > 0 ? "the sender is told" : "sending";
            if (when.Contains(here, StringComparison.Ordinal) || (here == "the sender is told" && when.Contains("sender was told", StringComparison.Ordinal)))
            {
                if (when.StartsWith(point, StringComparison.Ordinal))
                {
                    faulty.Crash();
                    crashed.TrySetResult();
                }
            }

            return ValueTask.CompletedTask;
        }

        faulty.BeforeCommit = commit => CrashAt(commit, "before");
        faulty.AfterCommit = commit => CrashAt(commit, "after");
        await first.RunAsync("a", "send", 5, "b");
        await crashed.Task.WaitAsync(Patience);

        var second = await StartAsync();
        await second.WhenQuietAsync();
        Assert.Equal(5, await second.ReadAsync("b"));
        Assert.Equal(105, await second.ReadAsync("a"));
        Assert.Empty(await Store.ReadOutboxAsync(null, 10));
    }

    [Fact]
    public async Task many_messages_all_arrive()
    {
        var silo = await StartAsync();
        var seen = new ConcurrentDictionary<long, int>();
        Scripts["burst"] = (grain, call, _) =>
        {
            for (var i = 0; i < 500; i++)
            {
                grain.Context.Send(ProbeMethods.Run, new ProbeCall { Key = $"r{i % 17}", Script = "note", Number = (call.Number * 500) + i });
            }

            return new(ProbeGrain.Reply());
        };
        Scripts["note"] = (_, call, _) =>
        {
            seen.AddOrUpdate(call.Number, 1, static (_, count) => count + 1);
            return new(ProbeGrain.Reply());
        };
        for (var i = 0; i < 20; i++)
        {
            await silo.RunAsync($"s{i % 3}", "burst", i);
        }

        for (var i = 0; i < 40 && seen.Count < 10_000; i++)
        {
            await silo.WhenQuietAsync();
            Time.Advance(TimeSpan.FromSeconds(60));
        }

        Assert.Equal(10_000, seen.Count);
    }

    // Adds to the sender what it sends to the other.
    private static ProbeScript Send(string script, TimeSpan wait = default, bool notify = false) => (grain, call, _) =>
    {
        grain.Number += call.Number;
        grain.Context.Send(ProbeMethods.Run, new ProbeCall { Key = call.Text, Script = script, Number = call.Number }, wait, notify);
        return new(ProbeGrain.Reply(grain.Number));
    };
}
