using Xtmp.Protocol;
using Xtmp.Runtime;
using Xtmp.TestKit.Probes;
using Xunit;

namespace Xtmp.TestKit;

/// <summary>Replies that a later turn gives: who waits, who has given up, and what becomes of both when the grain goes.</summary>
public abstract class DeferredReplyConformance : GrainConformance
{
    private readonly List<(long Instance, IDeferredReply<ProbeReply> Later)> _waiting = [];

    protected DeferredReplyConformance()
    {
        Scripts["wait"] = (grain, _, _) =>
        {
            grain.Number++;
            var nothing = grain.Context.DeferReply<ProbeReply>(out var later);
            lock (_waiting)
            {
                _waiting.Add((grain.Instance, later));
            }

            return new(nothing);
        };
        Scripts["answer"] = (grain, call, _) =>
        {
            foreach (var later in Waiting(grain.Instance))
            {
                later.Complete(ProbeGrain.Reply(call.Number));
            }

            return new(ProbeGrain.Reply(grain.Number));
        };
    }

    [Fact]
    public async Task a_later_turn_gives_the_reply_and_the_grain_goes_on_meanwhile()
    {
        var silo = await StartAsync();
        Task<ProbeReply>[] waiting = [silo.RunAsync("a", "wait").AsTask(), silo.RunAsync("a", "wait").AsTask()];
        await WaitersAsync(2);
        if (DirectCalls)
        {
            // A call that waits is not counted as activity, but where it waits for a message.
            await silo.WhenQuietAsync();
        }

        // What their turns changed is committed.
        Assert.Equal(2, await silo.ReadAsync("a"));
        Assert.DoesNotContain(waiting, call => call.IsCompleted);
        await silo.RunAsync("a", "answer", 7);
        Assert.All(await Task.WhenAll(waiting).WaitAsync(Patience), reply => Assert.Equal(7, reply.Number));

        // A second answer finds nobody.
        await silo.RunAsync("a", "answer", 8);
        Assert.All(Waiting(), later => Assert.True(later.IsOver));
        Assert.Empty(Faults);
    }

    [Fact]
    public async Task a_reply_leaves_with_the_commit_of_the_turn_that_gives_it()
    {
        var silo = await StartAsync();
        Scripts["answer and fail"] = (grain, _, _) =>
        {
            Waiting().ForEach(later => later.Complete(ProbeGrain.Reply(1)));
            throw new XtmpException(XtmpErrorCode.Conflict, Fault.Peer, "No.");
        };
        var waiting = silo.RunAsync("a", "wait").AsTask();
        await WaitersAsync(1);
        await RefusedAsync(XtmpErrorCode.Conflict, silo.RunAsync("a", "answer and fail"));
        Assert.Equal(1, await silo.ReadAsync("a"));
        Assert.False(waiting.IsCompleted);
        await silo.RunAsync("a", "answer", 2);
        Assert.Equal(2, (await waiting.WaitAsync(Patience)).Number);
    }

    [Fact]
    public async Task who_gives_up_is_told_so_and_the_grain_sees_it()
    {
        var silo = await StartAsync();
        var waiting = silo.RunAsync("a", "wait", context: new CallContext(Timeout: TimeSpan.FromSeconds(3))).AsTask();
        using var cancellation = new CancellationTokenSource();
        var cancelled = silo.RunAsync("a", "wait", context: cancellation.Token).AsTask();
        await WaitersAsync(2);
        Assert.Equal(2, await silo.ReadAsync("a"));
        Time.Advance(TimeSpan.FromSeconds(3));
        await RefusedAsync(XtmpErrorCode.Timeout, () => waiting);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);

        // The news of it may come as a message.
        await UntilAsync(() => Waiting().TrueForAll(later => later.IsOver));
        Assert.Equal(2, (await silo.RunAsync("a", "answer", 7)).Number);
        Assert.Empty(Faults);
    }

    [Fact]
    public async Task the_successor_of_a_grain_that_goes_is_asked_again()
    {
        var silo = await StartAsync();
        Scripts["go"] = (grain, _, _) =>
        {
            grain.Context.DeactivateWhenDone();
            return new(ProbeGrain.Reply(grain.Instance));
        };
        var waiting = silo.RunAsync("a", "wait").AsTask();
        await WaitersAsync(1);
        await silo.RunAsync("a", "go");
        await WaitersAsync(2);
        Assert.False(waiting.IsCompleted);
        Assert.Equal(2, (await silo.RunAsync("a", "answer", 7)).Number);
        Assert.Equal(7, (await waiting.WaitAsync(Patience)).Number);
    }

    [Fact]
    public async Task a_reply_is_deferred_once_and_only_within_a_calls_turn()
    {
        var silo = await StartAsync();
        Scripts["twice"] = (grain, _, _) =>
        {
            grain.Context.DeferReply<ProbeReply>(out _);
            return new(grain.Context.DeferReply<ProbeReply>(out _));
        };
        await RefusedAsync(XtmpErrorCode.Internal, silo.RunAsync("a", "twice"));
        var waiting = silo.RunAsync("a", "wait").AsTask();
        await WaitersAsync(1);
        Assert.Equal(1, await silo.ReadAsync("a"));
        Assert.Throws<InvalidOperationException>(() => Waiting()[0].Complete(ProbeGrain.Reply()));
        await silo.RunAsync("a", "answer", 1);
        await waiting.WaitAsync(Patience);
    }

    private Task WaitersAsync(int count) => UntilAsync(() => Waiting().Count == count);

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!condition())
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    /// <summary>All that there were, or those of one activation: a reply is given by the activation that deferred it.</summary>
    private List<IDeferredReply<ProbeReply>> Waiting(long? instance = null)
    {
        lock (_waiting)
        {
            return [.. _waiting.Where(call => instance is null || call.Instance == instance).Select(call => call.Later)];
        }
    }
}
