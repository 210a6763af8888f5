using Xtmp.Protocol;
using Xtmp.Runtime;
using Xtmp.Storage;
using Xtmp.TestKit.Probes;
using Xunit;

namespace Xtmp.TestKit;

/// <summary>Calls that cannot be served, that take too long, that go round in circles; and the drain.</summary>
public abstract class CallConformance : GrainConformance
{
    /// <summary>An error that the schema declares is caught as it was thrown, also between grains, each caller with an exception of its own.</summary>
    [Fact]
    public async Task a_declared_error_arrives_with_its_detail()
    {
        var silo = await StartAsync();
        Scripts["refuse"] = (_, call, _) => throw new ProbeRefusalException(new ProbeRefusal { Number = call.Number }, "not so many", retryable: true, TimeSpan.FromSeconds(3));
        ProbeRefusalException? inner = null;
        Scripts["pass"] = async (grain, call, _) =>
        {
            try
            {
                return await new ProbeClient(grain.Context.Calls).RunAsync(new ProbeCall { Key = "b", Script = "refuse", Number = call.Number });
            }
            catch (ProbeRefusalException refusal)
            {
                inner = refusal;
                throw;
            }
        };
        var thrown = await Assert.ThrowsAsync<ProbeRefusalException>(() => silo.RunAsync("a", "pass", 7).AsTask());
        Assert.NotSame(inner, thrown);
        foreach (var error in new[] { inner!, thrown })
        {
            Assert.Equal((XtmpErrorCode)1000, error.Code);
            Assert.Equal(7, error.Detail.Number);
            Assert.Equal(("not so many", true, TimeSpan.FromSeconds(3), Fault.Peer), (error.Message, error.Retryable, error.RetryAfter!.Value, error.Fault));
        }
    }

    [Fact]
    public async Task refuses_a_kind_nobody_registered()
    {
        await using var silo = await GrainSilo.StartAsync(Store, _ => { }, time: Time);
        await RefusedAsync(XtmpErrorCode.NotServed, new ProbeClient(silo).RunAsync(new ProbeCall { Key = "a", Script = "read" }));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\nb")]
    [InlineData("a\0")]
    public async Task refuses_a_malformed_key(string key)
    {
        var silo = await StartAsync();
        await RefusedAsync(XtmpErrorCode.PayloadInvalid, silo.RunAsync(key, "read"));
        await RefusedAsync(XtmpErrorCode.PayloadInvalid, silo.RunAsync(key + (char)0xD800, "read"));
        await RefusedAsync(XtmpErrorCode.PayloadInvalid, silo.RunAsync(new string('k', GrainId.MaxKeyLength + 1), "read"));
    }

    [Fact]
    public async Task a_full_mailbox_refuses_and_recovers()
    {
        var silo = await StartAsync(Settings with { MailboxCapacity = 3 });
        var gate = Signal();
        var started = Signal();
        Scripts["wait"] = async (_, _, _) =>
        {
            started.SetResult();
            await gate.Task;
            return ProbeGrain.Reply();
        };
        var running = silo.RunAsync("a", "wait").AsTask();
        await started.Task.WaitAsync(Patience);
        var queued = Enumerable.Range(0, 3).Select(_ => silo.RunAsync("a", "add", 1).AsTask()).ToArray();
        Assert.True((await RefusedAsync(XtmpErrorCode.Overloaded, silo.RunAsync("a", "add", 100))).Retryable);
        Assert.Equal(1, (await silo.RunAsync("b", "add", 1)).Number);
        gate.SetResult();
        await Task.WhenAll([running, .. queued]).WaitAsync(Patience);
        Assert.Equal(4, (await silo.RunAsync("a", "add", 1)).Number);
    }

    [Fact]
    public async Task a_call_that_takes_too_long_times_out_and_its_grain_hears_of_it()
    {
        var silo = await StartAsync(Settings with { CallTimeout = TimeSpan.FromSeconds(10) });
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
        var hanging = silo.RunAsync("a", "hang").AsTask();
        await started.Task.WaitAsync(Patience);
        var queued = silo.RunAsync("a", "add", 5, context: new CallContext(Timeout: TimeSpan.FromSeconds(3))).AsTask();
        Time.Advance(TimeSpan.FromSeconds(3));
        await RefusedAsync(XtmpErrorCode.Timeout, () => queued);
        Assert.False(hanging.IsCompleted);
        Time.Advance(TimeSpan.FromSeconds(7));
        await RefusedAsync(XtmpErrorCode.Timeout, () => hanging);
        await heard.Task.WaitAsync(Patience);

        // The turn that gave up has left nothing, and neither has the one that never began: unless the news of its caller
        // came as a message, which it may have outrun. The next one has a fresh token.
        Assert.Contains(await silo.ReadAsync("a"), DirectCalls ? [0L] : new[] { 0L, 5L });
        Scripts["token"] = (_, _, context) => new(ProbeGrain.Reply(context.CancellationToken.IsCancellationRequested ? 1 : 0));
        Assert.Equal(0, (await silo.RunAsync("a", "token")).Number);
        Assert.Empty(Faults);
    }

    [Fact]
    public async Task a_caller_can_give_up()
    {
        var silo = await StartAsync();
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
        var hanging = silo.RunAsync("a", "hang", context: cancellation.Token).AsTask();
        await started.Task.WaitAsync(Patience);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => hanging);
        Assert.Equal(1, (await silo.RunAsync("a", "add", 1)).Number);
    }

    [Fact]
    public async Task a_caller_that_gives_up_does_not_meet_what_the_handler_throws_about_it()
    {
        var silo = await StartAsync();
        using var cancellation = new CancellationTokenSource();
        var started = Signal();
        Scripts["hang"] = async (_, _, context) =>
        {
            var cancelled = Signal();
            using var first = context.CancellationToken.Register(() => cancelled.TrySetResult());
            using var second = context.CancellationToken.Register(() => throw new InvalidOperationException("of the handler"));
            started.SetResult();
            await cancelled.Task;
            return ProbeGrain.Reply();
        };
        var hanging = silo.RunAsync("a", "hang", context: cancellation.Token).AsTask();
        await started.Task.WaitAsync(Patience);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => hanging);
        Assert.Equal(1, (await silo.RunAsync("a", "add", 1)).Number);
        var fault = Assert.Single(Faults);
        Assert.Equal("of the handler", Assert.Single(Assert.IsType<AggregateException>(fault.Exception).InnerExceptions).Message);
    }

    [Fact]
    public async Task grains_call_grains()
    {
        var silo = await StartAsync();
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
            await silo.RunAsync(key, "add", 10);
        }

        Assert.Equal(40, (await silo.RunAsync("a", "sum", text: "b c d")).Number);
    }

    [Theory]
    [InlineData("a", "a")]
    [InlineData("a", "b a")]
    [InlineData("a", "b c d b")]
    public async Task a_call_cycle_is_an_error_and_no_deadlock(string start, string path)
    {
        var silo = await StartAsync();
        Scripts["walk"] = async (grain, call, _) =>
        {
            var rest = call.Text.Split(' ', 2);
            grain.Number++;
            return await new ProbeClient(grain.Context.Calls).RunAsync(new ProbeCall { Key = rest[0], Script = "walk", Text = rest.Length > 1 ? rest[1] : "end" });
        };
        await RefusedAsync(XtmpErrorCode.CallCycle, silo.RunAsync(start, "walk", text: path)).WaitAsync(Patience);
        Assert.Equal(0, await silo.ReadAsync("a"));
    }

    [Fact]
    public async Task two_calls_that_wait_on_each_other_are_an_error_and_no_deadlock()
    {
        var silo = await StartAsync();
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
            Task<ProbeReply>[] calls = [silo.RunAsync(a, "cross", text: b).AsTask(), silo.RunAsync(b, "cross", text: a).AsTask()];
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
        var silo = await StartAsync(Settings with { MaxCallDepth = 5 });
        Scripts["deeper"] = async (grain, call, _) =>
            await new ProbeClient(grain.Context.Calls).RunAsync(new ProbeCall { Key = $"g{call.Number + 1}", Script = "deeper", Number = call.Number + 1 });
        await RefusedAsync(XtmpErrorCode.CallCycle, silo.RunAsync("g0", "deeper"));
    }

    [Fact]
    public async Task existence_is_known_without_a_turn()
    {
        var silo = await StartAsync();
        var gate = Signal();
        Scripts["exists"] = async (grain, call, _) =>
            ProbeGrain.Reply(await grain.Context.ExistsAsync(new GrainId("Probe", call.Text)) ? 1 : 0);
        Scripts["wait"] = async (_, _, _) =>
        {
            await gate.Task;
            return ProbeGrain.Reply();
        };
        await silo.RunAsync("b", "add", 1);
        var busy = silo.RunAsync("b", "wait").AsTask();
        Assert.Equal(1, (await silo.RunAsync("a", "exists", text: "b")).Number);
        Assert.Equal(0, (await silo.RunAsync("a", "exists", text: "c")).Number);
        await silo.ReadAsync("c");
        Assert.Equal(0, (await silo.RunAsync("a", "exists", text: "c")).Number);
        gate.SetResult();
        await busy.WaitAsync(Patience);
    }

    [Fact]
    public async Task a_one_way_call_is_accepted_and_run()
    {
        var silo = await StartAsync();
        var gate = Signal();
        Scripts["wait"] = async (_, _, _) =>
        {
            await gate.Task;
            return ProbeGrain.Reply();
        };
        var busy = silo.RunAsync("a", "wait").AsTask();
        await silo.NoteAsync("a", "add", 3);
        gate.SetResult();
        await busy.WaitAsync(Patience);
        await silo.WhenQuietAsync();
        Assert.Equal(3, await silo.ReadAsync("a"));
    }

    [Fact]
    public async Task the_caller_is_who_the_gateway_says()
    {
        var silo = await StartAsync();
        Scripts["who"] = (_, _, context) => new(ProbeGrain.Reply(text: context.Caller?.PeerAddress ?? "nobody"));
        var caller = new CallerInfo { SessionId = 7, PeerAddress = "192.0.2.1:5" };
        Assert.Equal("192.0.2.1:5", (await silo.RunAsync("a", "who", context: new CallContext(Caller: caller))).Text);
        Assert.Equal("nobody", (await silo.RunAsync("a", "who")).Text);
    }

    [Fact]
    public async Task a_drain_finishes_what_runs_and_refuses_what_comes()
    {
        var silo = await StartAsync();
        var gate = Signal();
        var started = Signal();
        Scripts["wait add"] = async (grain, call, _) =>
        {
            started.SetResult();
            await gate.Task;
            await new ProbeClient(grain.Context.Calls).RunAsync(new ProbeCall { Key = "b", Script = "add", Number = 1 });
            grain.Number += call.Number;
            return ProbeGrain.Reply(grain.Number);
        };
        var running = silo.RunAsync("a", "wait add", 2).AsTask();
        await started.Task.WaitAsync(Patience);
        var queued = silo.RunAsync("a", "add", 40).AsTask();
        var stopping = silo.Silo.StopAsync();
        Assert.True((await RefusedAsync(XtmpErrorCode.ShuttingDown, silo.RunAsync("c", "add", 1))).Retryable);
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
        var silo = await StartAsync();
        var heard = Signal();
        var started = Signal();
        Scripts["hang"] = async (_, _, context) =>
        {
            started.SetResult();
            using var registration = context.CancellationToken.Register(() => heard.TrySetResult());
            await heard.Task;
            return ProbeGrain.Reply();
        };
        var hanging = silo.RunAsync("a", "hang").AsTask();
        await started.Task.WaitAsync(Patience);
        using var patience = new CancellationTokenSource();
        var stopping = silo.Silo.StopAsync(patience.Token);
        Assert.False(stopping.IsCompleted);
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stopping);
        await heard.Task.WaitAsync(Patience);
        try
        {
            await hanging.WaitAsync(Patience);
        }
        catch (XtmpException error) when (!DirectCalls && error.Code == XtmpErrorCode.OutcomeUnknown)
        {
            // The silo's messaging may stop before it has carried the reply.
            Assert.True(error.Retryable);
        }
    }
}
