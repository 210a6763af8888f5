using Xtmp.Protocol;

namespace Xtmp.Runtime.Tests;

public sealed class TurnGateTests
{
    [Fact]
    public void a_session_waits_behind_itself_and_not_before_others()
    {
        var gate = new TurnGate(capacity: 100, sessionCapacity: 50);
        Assert.True(gate.Enter(1, isInternal: false)!.IsCompleted);
        var stranger = Enumerable.Range(0, 50).Select(_ => gate.Enter(1, isInternal: false)!).ToArray();
        var owner = Enumerable.Range(0, 2).Select(_ => gate.Enter(2, isInternal: false)!).ToArray();
        gate.Leave();
        gate.Leave();
        Assert.True(stranger[0].IsCompleted);
        Assert.True(owner[0].IsCompleted);
        Assert.False(stranger[1].IsCompleted);
        gate.Leave();
        gate.Leave();
        Assert.True(stranger[1].IsCompleted);
        Assert.True(owner[1].IsCompleted);
        Assert.False(stranger[2].IsCompleted);
    }

    [Fact]
    public void a_session_fills_no_more_than_its_share()
    {
        var gate = new TurnGate(capacity: 10, sessionCapacity: 4);
        _ = gate.Enter(1, isInternal: false);
        Assert.All(Enumerable.Range(0, 4), _ => Assert.NotNull(gate.Enter(1, isInternal: false)));
        Assert.Null(gate.Enter(1, isInternal: false));
        Assert.NotNull(gate.Enter(2, isInternal: false));
        Assert.All(Enumerable.Range(0, 5), _ => Assert.NotNull(gate.Enter(0, isInternal: false)));
        Assert.Null(gate.Enter(2, isInternal: false));
        Assert.NotNull(gate.Enter(0, isInternal: true));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void every_turn_comes_once_and_a_session_keeps_its_order(int seed)
    {
        var random = new Random(seed);
        var gate = new TurnGate(capacity: 1000, sessionCapacity: 1000);
        var waiting = new Dictionary<ulong, Queue<Task>>();
        var running = false;
        for (var step = 0; step < 5000; step++)
        {
            if (random.Next(2) == 0)
            {
                var session = (ulong)random.Next(5);
                if (gate.Enter(session, isInternal: false) is { IsCompleted: false } entered)
                {
                    Assert.True(running, $"seed {seed}");
                    (waiting.TryGetValue(session, out var line) ? line : waiting[session] = new()).Enqueue(entered);
                }

                running = true;
            }
            else if (running)
            {
                gate.Leave();
                var next = waiting.Values.Where(line => line.TryPeek(out var first) && first.IsCompleted).ToArray();
                Assert.True(next.Length <= 1 && waiting.Values.All(line => line.Skip(1).All(later => !later.IsCompleted)), $"seed {seed}");
                running = next.Length == 1;
                Assert.True(running || waiting.Values.All(line => line.Count == 0), $"seed {seed}");
                if (running)
                {
                    next[0].Dequeue();
                }
            }
        }
    }

    [Fact]
    public async Task checks_of_one_session_do_not_delay_those_of_another()
    {
        var pool = new VerificationPool(new RuntimeOptions { MaxVerifications = 1, MaxVerificationsPerSession = 8 });
        using var goOn = new ManualResetEventSlim();
        var done = 0;
        var blocked = pool.RunAsync(1, () =>
        {
            goOn.Wait(TestContext.Current.CancellationToken);
            return null;
        });
        var stranger = Enumerable.Range(0, 8).Select(_ => pool.RunAsync(1, () =>
        {
            done++;
            return new XtmpException(XtmpErrorCode.SignatureInvalid, Fault.Peer, "invalid");
        }).AsTask()).ToArray();
        Assert.Equal(XtmpErrorCode.Overloaded, (await pool.RunAsync(1, () => null))!.Code);
        var before = -1;
        var owner = pool.RunAsync(2, () =>
        {
            before = done;
            return null;
        }).AsTask();
        goOn.Set();
        Assert.Null(await blocked);
        Assert.Null(await owner);
        Assert.Equal(1, before);
        Assert.All(await Task.WhenAll(stranger), refusal => Assert.Equal(XtmpErrorCode.SignatureInvalid, refusal!.Code));
        Assert.Equal(8, done);
    }
}
