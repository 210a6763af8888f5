using Xtmp.Protocol;
using Xtmp.Storage;
using Xtmp.TestKit;
using Xtmp.TestKit.Probes;
using Xtmp.Testing;

namespace Xtmp.Runtime.Tests;

/// <summary>
/// Replies that a later turn gives, where the callers, the later turn's caller and the grain are in silos of their own. What holds
/// within one silo is in <see cref="DeferredReplyConformance"/>.
/// </summary>
public sealed class DeferredReplyClusterTests
{
    private const int Silos = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly ProbeScripts _scripts = new();
    private readonly List<(long Instance, IDeferredReply<ProbeReply> Later)> _waiting = [];

    public DeferredReplyClusterTests()
    {
        _scripts["wait"] = (grain, _, _) =>
        {
            grain.Number++;
            var nothing = grain.Context.DeferReply<ProbeReply>(out var later);
            lock (_waiting)
            {
                _waiting.Add((grain.Instance, later));
            }

            return new(nothing);
        };
        _scripts["answer"] = (grain, call, _) =>
        {
            Waiting(grain.Instance).ForEach(later => later.Complete(ProbeGrain.Reply(call.Number)));
            return new(ProbeGrain.Reply(grain.Number));
        };
        _scripts["uncommitted"] = (grain, _, _) => new(ProbeGrain.Reply(Waiting().Count - grain.Number));
    }

    [Fact]
    public async Task a_later_turn_answers_callers_in_every_silo()
    {
        await using var cluster = await TestCluster.StartAsync(Silos, _scripts.Register);
        var waiting = cluster.Members.Select(member => RunAsync(member, "wait")).ToArray();
        await WaitersAsync(Silos);
        Assert.DoesNotContain(waiting, call => call.IsCompleted);
        Assert.Equal(Silos, (await RunAsync(Elsewhere(cluster), "answer", 7)).Number);
        Assert.All(await Task.WhenAll(waiting).WaitAsync(Patience), reply => Assert.Equal(7, reply.Number));
        Assert.Empty(cluster.Faults);
    }

    [Fact]
    public async Task who_gives_up_in_another_silo_is_told_so_and_the_grain_sees_it()
    {
        await using var cluster = await TestCluster.StartAsync(Silos, _scripts.Register);
        await RunAsync(cluster.Members[0], "answer");
        var far = new ProbeClient(Elsewhere(cluster).Invoker);
        using var cancellation = new CancellationTokenSource();
        var cancelled = far.RunAsync(Call("wait"), cancellation.Token).AsTask();
        await WaitersAsync(1);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled.WaitAsync(Patience));
        for (var before = Waiting().Count; Waiting().Count == before;)
        {
            // On a machine that is slow it may be over before it has arrived.
            var late = far.RunAsync(Call("wait"), new CallContext(Timeout: TimeSpan.FromSeconds(1))).AsTask();
            Assert.Equal(XtmpErrorCode.Timeout, (await Assert.ThrowsAsync<XtmpException>(() => late.WaitAsync(Patience))).Code);
        }

        // The news of it comes as a message.
        await UntilAsync(() => Waiting().TrueForAll(later => later.IsOver));
        await RunAsync(cluster.Members[0], "answer", 7);
        Assert.Empty(cluster.Faults);
    }

    [Fact]
    public async Task a_successor_in_another_silo_is_asked_again_where_the_grains_silo_stops()
    {
        await using var cluster = await TestCluster.StartAsync(Silos, _scripts.Register);
        await RunAsync(cluster.Members[0], "answer");
        var stopping = Host(cluster);
        var others = cluster.Members.Where(member => member != stopping).ToArray();
        var waiting = others.Select(AskAsync).ToArray();
        await WaitersAsync(2);
        var before = Waiting();
        await TestCluster.StopAsync(stopping);
        await UntilAsync(() => before.TrueForAll(later => later.IsOver));
        Assert.DoesNotContain(waiting, call => call.IsCompleted);

        // Who asked once more may have a call that the stopping silo had passed on, whose reply nobody hears. So the successor may
        // have more than two to answer, and one of the two may come later.
        using var patience = new CancellationTokenSource(Patience);
        while (!waiting.All(call => call.IsCompleted))
        {
            await RunAsync(others[0], "answer", 7).WaitAsync(patience.Token);
        }

        Assert.All(await Task.WhenAll(waiting), reply => Assert.Equal(7, reply.Number));

        // Each turn that put a call off is committed, before and after.
        Assert.Equal(0, (await RunAsync(others[0], "uncommitted")).Number);
    }

    [Fact]
    public async Task who_waits_for_a_silo_that_is_killed_hears_that_the_outcome_is_unknown()
    {
        await using var cluster = await TestCluster.StartAsync(Silos, _scripts.Register, probeInterval: TimeSpan.FromMilliseconds(500));
        await RunAsync(cluster.Members[0], "answer");
        var killed = Host(cluster);
        var other = cluster.Members.First(member => member != killed);
        var waiting = RunAsync(other, "wait");
        await WaitersAsync(1);
        await cluster.KillAsync(killed);
        var lost = await Assert.ThrowsAsync<XtmpException>(() => waiting.WaitAsync(Patience));
        Assert.Equal((XtmpErrorCode.OutcomeUnknown, true), (lost.Code, lost.Retryable));

        // What its turn changed was committed, and holds.
        Assert.Equal(1, (await RunAsync(other, "answer", 7)).Number);
    }

    private static ProbeCall Call(string script, long number = 0) => new() { Key = "a", Script = script, Number = number };

    private static Task<ProbeReply> RunAsync(TestMember member, string script, long number = 0) => new ProbeClient(member.Invoker).RunAsync(Call(script, number)).AsTask();

    /// <summary>Asks once more where the silo went while the call was on its way there, as a client does.</summary>
    private static async Task<ProbeReply> AskAsync(TestMember member)
    {
        while (true)
        {
            try
            {
                return await RunAsync(member, "wait");
            }
            catch (XtmpException error) when (error is { Code: XtmpErrorCode.OutcomeUnknown, Retryable: true })
            {
                // Its turn may have run; the silo is not there any more.
            }
        }
    }

    /// <summary>The silo that has the grain, which is the only one.</summary>
    private static TestMember Host(TestCluster cluster) => Assert.Single(cluster.Members, member => member.Silo.ActivationCount == 1);

    private static TestMember Elsewhere(TestCluster cluster) => cluster.Members.First(member => member != Host(cluster));

    /// <summary>So many wait now.</summary>
    private Task WaitersAsync(int count) => UntilAsync(() => Waiting().Count(later => !later.IsOver) == count);

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!condition())
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private List<IDeferredReply<ProbeReply>> Waiting(long? instance = null)
    {
        lock (_waiting)
        {
            return [.. _waiting.Where(call => instance is null || call.Instance == instance).Select(call => call.Later)];
        }
    }
}
