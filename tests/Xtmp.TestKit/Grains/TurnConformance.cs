using Xtmp.Protocol;
using Xtmp.Runtime;
using Xtmp.Storage;
using Xunit;

namespace Xtmp.TestKit;

/// <summary>One turn at a time, durable before its reply, all or nothing.</summary>
public abstract class TurnConformance : GrainConformance
{
    [Fact]
    public async Task state_outlives_the_engine()
    {
        var first = await StartAsync();
        Assert.Equal(5, (await first.RunAsync("a", "add", 5)).Number);
        Assert.Equal(7, (await first.RunAsync("a", "add", 2)).Number);
        Assert.Equal(0, await first.ReadAsync("b"));
        await first.DisposeAsync();

        var second = await StartAsync();
        Assert.Equal(7, await second.ReadAsync("a"));
    }

    [Fact]
    public async Task state_that_could_not_be_read_back_is_not_written()
    {
        var silo = await StartAsync();
        Assert.Equal(5, (await silo.RunAsync("a", "add", 5)).Number);
        Scripts["too long"] = (grain, _, _) =>
        {
            grain.Number = 6;
            grain.Text = new string('x', (1024 * 1024) + 1);
            return new(ProbeGrain.Reply());
        };
        await RefusedAsync(XtmpErrorCode.Internal, silo.RunAsync("a", "too long"));
        Assert.Equal(5, await silo.ReadAsync("a"));
        Assert.Equal(7, (await silo.RunAsync("a", "add", 2)).Number);
        await silo.DisposeAsync();
        Assert.Equal(7, await (await StartAsync()).ReadAsync("a"));
    }

    [Fact]
    public async Task turns_of_one_grain_never_overlap()
    {
        var silo = await StartAsync();
        var inside = 0;
        Scripts["slow add"] = async (grain, call, _) =>
        {
            Assert.Equal(1, Interlocked.Increment(ref inside));
            var before = grain.Number;
            await Task.Yield();
            grain.Number = before + call.Number;
            Assert.Equal(0, Interlocked.Decrement(ref inside));
            return ProbeGrain.Reply(grain.Number);
        };
        await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => Task.Run(async () => await silo.RunAsync("a", "slow add", 1)))).WaitAsync(Patience);
        Assert.Equal(200, await silo.ReadAsync("a"));
    }

    [Fact]
    public async Task turns_of_one_caller_run_in_the_order_of_its_calls()
    {
        var silo = await StartAsync();
        var gate = Signal();
        var order = new List<long>();
        Scripts["wait"] = async (_, _, _) =>
        {
            await gate.Task;
            return ProbeGrain.Reply();
        };
        Scripts["note"] = (_, call, _) =>
        {
            order.Add(call.Number);
            return new(ProbeGrain.Reply());
        };
        var calls = new List<Task> { silo.RunAsync("a", "wait").AsTask() };
        calls.AddRange(Enumerable.Range(0, 100).Select(number => silo.RunAsync("a", "note", number).AsTask()));
        gate.SetResult();
        await Task.WhenAll(calls).WaitAsync(Patience);
        Assert.Equal(Enumerable.Range(0, 100).Select(number => (long)number), KeepsOrderOfUnawaitedCalls ? order : order.Order());
    }

    [Fact]
    public async Task a_grain_that_waits_holds_up_no_other()
    {
        var silo = await StartAsync();
        var gate = Signal();
        Scripts["wait"] = async (_, _, _) =>
        {
            await gate.Task;
            return ProbeGrain.Reply();
        };
        var waiting = silo.RunAsync("a", "wait").AsTask();
        Assert.Equal(1, (await silo.RunAsync("b", "add", 1)).Number);
        Assert.False(waiting.IsCompleted);
        gate.SetResult();
        await waiting.WaitAsync(Patience);
    }

    [Fact]
    public async Task a_reply_waits_for_the_commit()
    {
        var faulty = new FaultyStore(Store);
        var silo = await StartAsync(store: faulty);
        var gate = Signal();
        faulty.BeforeCommit = _ => new ValueTask(gate.Task);
        var call = silo.RunAsync("a", "add", 3).AsTask();
        Assert.False(call.IsCompleted);
        Assert.Equal(0, await Store.ReadVersionAsync(new GrainId("Probe", "a")));
        gate.SetResult();
        Assert.Equal(3, (await call.WaitAsync(Patience)).Number);
        Assert.Equal(1, await Store.ReadVersionAsync(new GrainId("Probe", "a")));
    }

    [Fact]
    public async Task a_turn_that_only_reads_writes_nothing()
    {
        var silo = await StartAsync();
        await silo.RunAsync("a", "add", 1);
        await silo.ReadAsync("a");
        await silo.ReadAsync("nobody");
        Assert.Equal(1, await Store.ReadVersionAsync(new GrainId("Probe", "a")));
        Assert.Equal(0, await Store.ReadVersionAsync(new GrainId("Probe", "nobody")));
    }

    [Fact]
    public async Task a_refusal_rolls_everything_back_and_reaches_the_caller_as_it_is()
    {
        var silo = await StartAsync();
        Scripts["refuse"] = (grain, _, _) =>
        {
            grain.Number = 99;
            grain.Context.Entries.Put("k", new byte[] { 1 });
            grain.Context.SetReminder("r", TimeSpan.FromSeconds(1));
            grain.Context.Send(Probes.ProbeMethods.Run, new Probes.ProbeCall { Key = "b", Script = "add", Number = 1 });
            throw new XtmpException(XtmpErrorCode.Conflict, Fault.Peer, "no", "a.field", retryable: true);
        };
        await silo.RunAsync("a", "add", 1);
        var error = await RefusedAsync(XtmpErrorCode.Conflict, silo.RunAsync("a", "refuse"));
        Assert.Equal("no", error.Message);
        Assert.Equal("a.field", error.Field);
        Assert.True(error.Retryable);
        Assert.Equal(1, await silo.ReadAsync("a"));
        await silo.WhenQuietAsync();
        Assert.Equal(0, await silo.ReadAsync("b"));
        Assert.Null(await Store.ReadEntryAsync(new GrainId("Probe", "a"), "k"));
        Assert.Null(await Store.ReadNextReminderAsync());
        Assert.Empty(Faults);
    }

    [Fact]
    public async Task a_bug_in_a_grain_is_told_to_the_log_and_not_to_the_caller()
    {
        var silo = await StartAsync();
        Scripts["bug"] = (grain, _, _) =>
        {
            grain.Number = 99;
            throw new InvalidOperationException("secret detail");
        };
        await silo.RunAsync("a", "add", 1);
        var before = (await silo.RunAsync("a", "where")).Number;
        var error = await RefusedAsync(XtmpErrorCode.Internal, silo.RunAsync("a", "bug"));
        Assert.DoesNotContain("secret", error.ToString(), StringComparison.Ordinal);
        Assert.Equal("secret detail", Assert.Single(Faults).Exception!.Message);

        // The grain starts afresh from what is stored.
        Assert.NotEqual(before, (await silo.RunAsync("a", "where")).Number);
        Assert.Equal(1, await silo.ReadAsync("a"));
    }

    [Fact]
    public async Task a_failing_store_is_told_to_the_log_and_the_turn_leaves_nothing()
    {
        var faulty = new FaultyStore(Store);
        var silo = await StartAsync(store: faulty);
        await silo.RunAsync("a", "add", 1);
        faulty.BeforeCommit = _ => throw FaultyStore.Unavailable();
        var error = await RefusedAsync(XtmpErrorCode.StorageUnavailable, silo.RunAsync("a", "add", 10));
        Assert.DoesNotContain("secret", error.ToString(), StringComparison.Ordinal);
        Assert.True(error.Retryable);
        Assert.Contains("secret", Assert.Single(Faults).Exception!.Message, StringComparison.Ordinal);
        faulty.BeforeCommit = null;
        Assert.Equal(1, await silo.ReadAsync("a"));
        Assert.Equal(3, (await silo.RunAsync("a", "add", 2)).Number);
    }

    [Fact]
    public async Task after_a_commit_of_unknown_outcome_the_store_decides()
    {
        var faulty = new FaultyStore(Store);
        var silo = await StartAsync(store: faulty);
        faulty.AfterCommit = _ => throw FaultyStore.Unavailable();
        await RefusedAsync(XtmpErrorCode.StorageUnavailable, silo.RunAsync("a", "add", 10));
        faulty.AfterCommit = null;
        Assert.Equal(10, await silo.ReadAsync("a"));
        Assert.Equal(11, (await silo.RunAsync("a", "add", 1)).Number);
    }

    [Fact]
    public async Task a_store_that_cannot_load_refuses_calls_until_it_can()
    {
        var faulty = new FaultyStore(Store) { BeforeLoad = _ => throw FaultyStore.Unavailable() };
        var silo = await StartAsync(store: faulty);
        await RefusedAsync(XtmpErrorCode.StorageUnavailable, silo.RunAsync("a", "add", 10));
        faulty.BeforeLoad = null;
        Assert.Equal(1, (await silo.RunAsync("a", "add", 1)).Number);
    }

    [Fact]
    public async Task a_turn_runs_again_when_another_writer_came_first()
    {
        var faulty = new FaultyStore(Store);
        var silo = await StartAsync(store: faulty);
        await silo.RunAsync("a", "add", 1);
        var other = await StartAsync();
        var interfered = false;
        faulty.BeforeCommit = async _ =>
        {
            if (!interfered)
            {
                interfered = true;
                await other.RunAsync("a", "add", 100);
            }
        };
        Assert.Equal(111, (await silo.RunAsync("a", "add", 10)).Number);
        Assert.Equal(3, await Store.ReadVersionAsync(new GrainId("Probe", "a")));
    }

    [Fact]
    public async Task a_turn_that_never_comes_first_gives_up_with_a_retryable_conflict()
    {
        var faulty = new FaultyStore(Store);
        var silo = await StartAsync(store: faulty);
        faulty.BeforeCommit = async commit =>
            await Store.CommitAsync(new GrainCommit { Id = commit.Id, ExpectedVersion = await Store.ReadVersionAsync(commit.Id) });
        Assert.True((await RefusedAsync(XtmpErrorCode.Conflict, silo.RunAsync("a", "add", 1))).Retryable);
    }

    [Fact]
    public async Task entries_are_seen_by_the_turn_that_writes_them_and_by_later_ones()
    {
        var silo = await StartAsync();
        Scripts["entries"] = async (grain, call, _) =>
        {
            var entries = grain.Context.Entries;
            var before = await entries.GetAsync("k");
            entries.Put("k", new[] { (byte)call.Number });
            Assert.Equal((byte)call.Number, (await entries.GetAsync("k"))!.Value.ToArray().Single());
            entries.Remove("gone");
            Assert.Null(await entries.GetAsync("gone"));
            return ProbeGrain.Reply(before is { } value ? value.Span[0] : -1);
        };
        Assert.Equal(-1, (await silo.RunAsync("a", "entries", 7)).Number);
        Assert.Equal(7, (await silo.RunAsync("a", "entries", 8)).Number);
        Assert.Equal(-1, (await silo.RunAsync("b", "entries", 9)).Number);
    }

    [Fact]
    public async Task idle_grains_are_released_and_come_back_with_their_state()
    {
        // Orleans looks for idle grains by a clock of its own; the test asks it to look now.
        var silo = await StartAsync();
        await silo.RunAsync("a", "add", 4);
        var first = (await silo.RunAsync("a", "where")).Number;
        await silo.Silo.CollectIdleAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(first, (await silo.RunAsync("a", "where")).Number);
        await silo.Silo.CollectIdleAsync(TimeSpan.Zero);
        Assert.NotEqual(first, (await silo.RunAsync("a", "where")).Number);
        Assert.Equal(4, await silo.ReadAsync("a"));
    }

    [Fact]
    public async Task a_grain_can_let_itself_go()
    {
        var silo = await StartAsync();
        Scripts["leave"] = (grain, _, _) =>
        {
            grain.Context.DeactivateWhenDone();
            return new(ProbeGrain.Reply(grain.Instance));
        };
        var first = (await silo.RunAsync("a", "leave")).Number;
        Assert.NotEqual(first, (await silo.RunAsync("a", "where")).Number);
    }

    [Fact]
    public async Task a_forgotten_grain_starts_from_nothing_and_its_messages_still_leave()
    {
        var silo = await StartAsync();

        // Delivered at least once: the sweep at the start may find the message while the grain that went delivers it.
        Scripts["set"] = (grain, call, _) =>
        {
            grain.Number = call.Number;
            return new(ProbeGrain.Reply());
        };
        Scripts["forget"] = (grain, call, _) =>
        {
            grain.Number = 77;
            grain.Context.Send(Probes.ProbeMethods.Run, new Probes.ProbeCall { Key = "b", Script = "set", Number = 5 });
            grain.Context.Forget();
            return new(ProbeGrain.Reply(grain.Number));
        };
        await silo.RunAsync("a", "add", 3);
        Assert.Equal(77, (await silo.RunAsync("a", "forget")).Number);
        Assert.Equal(0, await silo.ReadAsync("a"));
        await silo.WhenQuietAsync();
        Assert.Equal(5, await silo.ReadAsync("b"));
        Assert.Equal(1, (await silo.RunAsync("a", "add", 1)).Number);
        await silo.RunAsync("never was", "forget");
        Assert.Equal(0, await silo.ReadAsync("never was"));
    }

    [Fact]
    public async Task a_timer_runs_as_turns_while_the_grain_is_active()
    {
        var silo = await StartAsync();
        Scripts["start"] = (grain, _, _) =>
        {
            grain.Context.StartTimer(
                () =>
                {
                    grain.Number++;
                    return ValueTask.CompletedTask;
                },
                TimeSpan.FromSeconds(10),
                TimeSpan.FromSeconds(5));
            return new(ProbeGrain.Reply());
        };
        await silo.RunAsync("a", "start");
        Time.Advance(TimeSpan.FromSeconds(9));
        await silo.WhenQuietAsync();
        Assert.Equal(0, await silo.ReadAsync("a"));
        for (var fired = 1; fired <= 3; fired++)
        {
            Time.Advance(TimeSpan.FromSeconds(fired == 1 ? 1 : 5));
            await silo.WhenQuietAsync();
            Assert.Equal(fired, await silo.ReadAsync("a"));
        }
    }

    [Fact]
    public async Task the_clock_stands_still_within_a_turn()
    {
        var silo = await StartAsync();
        Scripts["clock"] = (grain, _, _) =>
        {
            var before = grain.Context.Now;
            Time.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal(before, grain.Context.Now);
            return new(ProbeGrain.Reply(before.UtcTicks));
        };
        var start = Time.GetUtcNow();
        Assert.Equal(start.UtcTicks, (await silo.RunAsync("a", "clock")).Number);
        Assert.Equal(start.AddSeconds(1).UtcTicks, (await silo.RunAsync("a", "clock")).Number);
    }
}
