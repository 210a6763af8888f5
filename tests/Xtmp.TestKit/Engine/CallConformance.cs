using Xtmp.Engine;
using Xtmp.Protocol;
using Xtmp.TestKit.Probes;
using Xunit;

namespace Xtmp.TestKit;

/// <summary>Calls that cannot be served, that take too long, that go round in circles; and the drain.</summary>
public abstract class CallConformance : GrainEngineConformance
{
    [Fact]
    public async Task refuses_a_kind_nobody_registered()
    {
        var (engine, _) = CreateEngine(new GrainRegistry(), Store, new EngineSettings());
        await using (engine)
        {
            await RefusedAsync(XtmpErrorCode.NotServed, new ProbeClient(engine).RunAsync(new ProbeCall { Key = "a", Script = "read" }));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\nb")]
    [InlineData("a\0")]
    public async Task refuses_a_malformed_key(string key)
    {
        var engine = await StartAsync();
        await RefusedAsync(XtmpErrorCode.PayloadInvalid, engine.RunAsync(key, "read"));
        await RefusedAsync(XtmpErrorCode.PayloadInvalid, engine.RunAsync(key + (char)0xD800, "read"));
        await RefusedAsync(XtmpErrorCode.PayloadInvalid, engine.RunAsync(new string('k', GrainId.MaxKeyLength + 1), "read"));
    }

    [Fact]
    public async Task a_full_mailbox_refuses_and_recovers()
    {
        var engine = await StartAsync(new EngineSettings { MailboxCapacity = 3 });
        var gate = Signal();
        var started = Signal();
        Scripts["wait"] = async (_, _, _) =>
        {
            started.SetResult();
            await gate.Task;
            return ProbeGrain.Reply();
        };
        var running = engine.RunAsync("a", "wait").AsTask();
        await started.Task.WaitAsync(Patience);
        var queued = Enumerable.Range(0, 3).Select(_ => engine.RunAsync("a", "add", 1).AsTask()).ToArray();
        Assert.True((await RefusedAsync(XtmpErrorCode.Overloaded, engine.RunAsync("a", "add", 100))).Retryable);
        Assert.Equal(1, (await engine.RunAsync("b", "add", 1)).Number);
        gate.SetResult();
        await Task.WhenAll([running, .. queued]).WaitAsync(Patience);
        Assert.Equal(4, (await engine.RunAsync("a", "add", 1)).Number);
    }

    [Fact]
    public async Task a_call_that_takes_too_long_times_out_and_its_grain_hears_of_it()
    {
        var engine = await StartAsync(new EngineSettings { CallTimeout = TimeSpan.FromSeconds(10) });
        var heard = Signal();
        var started = Signal();
        Scripts["hang"] = async (grain, _, context) =>
        {
            started.SetResult();
            grain.Number = 99;
            using var registration = context.CancellationToken.Register(() => heard.TrySetResult());
            await heard.Task;
            context.CancellationToken.ThrowIfCancellationRequested();
            return ProbeGrain.Reply();
        };
        var hanging = engine.RunAsync("a", "hang").AsTask();
        await started.Task.WaitAsync(Patience);
        var queued = engine.RunAsync("a", "add", 5, context: new CallContext(Timeout: TimeSpan.FromSeconds(3))).AsTask();
        Time.Advance(TimeSpan.FromSeconds(3));
        await RefusedAsync(XtmpErrorCode.Timeout, () => queued);
        Assert.False(hanging.IsCompleted);
        Time.Advance(TimeSpan.FromSeconds(7));
        await RefusedAsync(XtmpErrorCode.Timeout, () => hanging);
        await heard.Task.WaitAsync(Patience);

        // Neither the turn that gave up nor the one that never began has left anything; the next one has a fresh token.
        Assert.Equal(0, await engine.ReadAsync("a"));
        Scripts["token"] = (_, _, context) => new(ProbeGrain.Reply(context.CancellationToken.IsCancellationRequested ? 1 : 0));
        Assert.Equal(0, (await engine.RunAsync("a", "token")).Number);
        Assert.Empty(Faults);
    }

    [Fact]
    public async Task a_caller_can_give_up()
    {
        var engine = await StartAsync();
        using var cancellation = new CancellationTokenSource();
        var started = Signal();
        Scripts["hang"] = async (_, _, context) =>
        {
            var cancelled = Signal();
            using var registration = context.CancellationToken.Register(() => cancelled.TrySetResult());
            started.SetResult();
            await cancelled.Task;
            context.CancellationToken.ThrowIfCancellationRequested();
            return ProbeGrain.Reply();
        };
        var hanging = engine.RunAsync("a", "hang", context: cancellation.Token).AsTask();
        await started.Task.WaitAsync(Patience);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => hanging);
        Assert.Equal(1, (await engine.RunAsync("a", "add", 1)).Number);
    }

    [Fact]
    public async Task grains_call_grains()
    {
        var engine = await StartAsync();
        Scripts["sum"] = async (grain, call, context) =>
        {
            var rest = call.Text.Split(' ', 2);
            var next = rest.Length == 1
                ? await new ProbeClient(grain.Context.Calls).RunAsync(new ProbeCall { Key = rest[0], Script = "read" })
                : await new ProbeClient(grain.Context.Calls).RunAsync(new ProbeCall { Key = rest[0], Script = "sum", Text = rest[1] }, context);
            return ProbeGrain.Reply(grain.Number + next.Number);
        };
        foreach (var key in new[] { "a", "b", "c", "d" })
        {
            await engine.RunAsync(key, "add", 10);
        }

        Assert.Equal(40, (await engine.RunAsync("a", "sum", text: "b c d")).Number);
    }

    [Theory]
    [InlineData("a", "a")]
    [InlineData("a", "b a")]
    [InlineData("a", "b c d b")]
    public async Task a_call_cycle_is_an_error_and_no_deadlock(string start, string path)
    {
        var engine = await StartAsync();
        Scripts["walk"] = async (grain, call, _) =>
        {
            var rest = call.Text.Split(' ', 2);
            grain.Number++;
            return await new ProbeClient(grain.Context.Calls).RunAsync(new ProbeCall { Key = rest[0], Script = "walk", Text = rest.Length > 1 ? rest[1] : "end" });
        };
        await RefusedAsync(XtmpErrorCode.CallCycle, engine.RunAsync(start, "walk", text: path)).WaitAsync(Patience);
        Assert.Equal(0, await engine.ReadAsync("a"));
    }

    [Fact]
    public async Task two_calls_that_wait_on_each_other_are_an_error_and_no_deadlock()
    {
        var engine = await StartAsync();
        for (var round = 0; round < 50; round++)
        {
            var a = $"a{round}";
            var b = $"b{round}";
            using var both = new Barrier(2);
            Scripts["cross"] = async (grain, call, _) =>
            {
                await Task.Run(() => Assert.True(both.SignalAndWait(Patience)));
                return await new ProbeClient(grain.Context.Calls).RunAsync(new ProbeCall { Key = call.Text, Script = "add", Number = 1 });
            };
            Task<ProbeReply>[] calls = [engine.RunAsync(a, "cross", text: b).AsTask(), engine.RunAsync(b, "cross", text: a).AsTask()];
            await Task.WhenAny(Task.WhenAll(calls)).WaitAsync(Patience);
            var errors = calls.Where(call => call.IsFaulted).Select(call => Assert.IsType<XtmpException>(call.Exception!.InnerException)).ToArray();
            Assert.InRange(errors.Length, 1, 2);
            Assert.All(errors, error => Assert.Equal(XtmpErrorCode.CallCycle, error.Code));
            Assert.All(errors, error => Assert.True(error.Retryable));
        }
    }

    [Fact]
    public async Task a_chain_of_calls_has_a_limit()
    {
        var engine = await StartAsync(new EngineSettings { MaxCallDepth = 5 });
        Scripts["deeper"] = async (grain, call, _) =>
            await new ProbeClient(grain.Context.Calls).RunAsync(new ProbeCall { Key = $"g{call.Number + 1}", Script = "deeper", Number = call.Number + 1 });
        await RefusedAsync(XtmpErrorCode.CallCycle, engine.RunAsync("g0", "deeper"));
    }

    [Fact]
    public async Task existence_is_known_without_a_turn()
    {
        var engine = await StartAsync();
        var gate = Signal();
        Scripts["exists"] = async (grain, call, _) =>
            ProbeGrain.Reply(await grain.Context.ExistsAsync(new GrainId("Probe", call.Text)) ? 1 : 0);
        Scripts["wait"] = async (_, _, _) =>
        {
            await gate.Task;
            return ProbeGrain.Reply();
        };
        await engine.RunAsync("b", "add", 1);
        var busy = engine.RunAsync("b", "wait").AsTask();
        Assert.Equal(1, (await engine.RunAsync("a", "exists", text: "b")).Number);
        Assert.Equal(0, (await engine.RunAsync("a", "exists", text: "c")).Number);
        await engine.ReadAsync("c");
        Assert.Equal(0, (await engine.RunAsync("a", "exists", text: "c")).Number);
        gate.SetResult();
        await busy.WaitAsync(Patience);
    }

    [Fact]
    public async Task a_one_way_call_is_accepted_and_run()
    {
        var engine = await StartAsync();
        var gate = Signal();
        Scripts["wait"] = async (_, _, _) =>
        {
            await gate.Task;
            return ProbeGrain.Reply();
        };
        var busy = engine.RunAsync("a", "wait").AsTask();
        await engine.NoteAsync("a", "add", 3);
        gate.SetResult();
        await busy.WaitAsync(Patience);
        await engine.WhenQuietAsync();
        Assert.Equal(3, await engine.ReadAsync("a"));
    }

    [Fact]
    public async Task the_caller_is_who_the_gateway_says()
    {
        var engine = await StartAsync();
        Scripts["who"] = (_, _, context) => new(ProbeGrain.Reply(text: context.Caller?.PeerAddress ?? "nobody"));
        var caller = new CallerInfo { SessionId = 7, PeerAddress = "192.0.2.1:5" };
        Assert.Equal("192.0.2.1:5", (await engine.RunAsync("a", "who", context: new CallContext(Caller: caller))).Text);
        Assert.Equal("nobody", (await engine.RunAsync("a", "who")).Text);
    }

    [Fact]
    public async Task a_drain_finishes_what_runs_and_refuses_what_comes()
    {
        var engine = await StartAsync();
        var gate = Signal();
        Scripts["wait add"] = async (grain, call, _) =>
        {
            await gate.Task;
            await new ProbeClient(grain.Context.Calls).RunAsync(new ProbeCall { Key = "b", Script = "add", Number = 1 });
            grain.Number += call.Number;
            return ProbeGrain.Reply(grain.Number);
        };
        var running = engine.RunAsync("a", "wait add", 2).AsTask();
        var queued = engine.RunAsync("a", "add", 40).AsTask();
        var stopping = engine.Engine.StopAsync();
        Assert.True((await RefusedAsync(XtmpErrorCode.ShuttingDown, engine.RunAsync("c", "add", 1))).Retryable);
        Assert.False(stopping.IsCompleted);
        gate.SetResult();
        await stopping.WaitAsync(Patience);
        Assert.Equal(2, (await running).Number);
        Assert.Equal(42, (await queued).Number);

        var next = await StartAsync();
        Assert.Equal(42, await next.ReadAsync("a"));
        Assert.Equal(1, await next.ReadAsync("b"));
    }

    [Fact]
    public async Task a_drain_that_is_given_up_cancels_what_runs()
    {
        var engine = await StartAsync();
        var heard = Signal();
        var started = Signal();
        Scripts["hang"] = async (_, _, context) =>
        {
            started.SetResult();
            using var registration = context.CancellationToken.Register(() => heard.TrySetResult());
            await heard.Task;
            return ProbeGrain.Reply();
        };
        var hanging = engine.RunAsync("a", "hang").AsTask();
        await started.Task.WaitAsync(Patience);
        using var patience = new CancellationTokenSource();
        var stopping = engine.Engine.StopAsync(patience.Token);
        Assert.False(stopping.IsCompleted);
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stopping);
        await heard.Task.WaitAsync(Patience);
        await hanging.WaitAsync(Patience);
    }
}
