using System.Diagnostics.Metrics;
using System.IO.Pipelines;
using Xtmp.Crypto;
using Xtmp.Session;

namespace Xtmp.Transport.Tests;

public sealed class MemoryBudgetTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task over_the_budget_whoever_holds_most_is_closed_first_and_nobody_else()
    {
        using var budget = new MemoryBudget(1_000);
        using var closed = new MeterListener();
        var count = 0L;
        closed.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument is { Meter.Name: MemoryBudget.MeterName, Name: "xtmp.memory.closed" })
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        closed.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref count, value));
        closed.Start();
        await using var small = new Held(budget, 100);
        await using var medium = new Held(budget, 400);
        Assert.Equal(500, budget.Used);
        Assert.False(budget.IsExceeded);
        await using var large = new Held(budget, 700);
        var close = await large.Closed.WaitAsync(Patience);
        Assert.Equal((XtmpErrorCode.SlowConsumer, Fault.Peer), (close.Code, close.Fault));
        while (budget.IsExceeded)
        {
            await Task.Yield();
        }

        Assert.Equal(500, budget.Used);

        // What the closed session still does changes nothing, and the others may go on up to the limit.
        large.Hold(300);
        medium.Hold(450);
        Assert.Equal(950, budget.Used);
        Assert.False(medium.Closed.IsCompleted);
        Assert.False(small.Closed.IsCompleted);
        Assert.Equal(1, Interlocked.Read(ref count));
    }

    // Before: who held less than a 64th was never closed, and so many such peers kept everybody else out for good.
    [Fact]
    public async Task many_that_hold_little_are_closed_until_there_is_room_again()
    {
        using var budget = new MemoryBudget(10_000);
        var peers = Enumerable.Range(0, 110).Select(_ => new Held(budget, 100)).ToArray();
        await Task.WhenAny(peers.Select(peer => peer.Closed)).WaitAsync(Patience);
        while (budget.IsExceeded)
        {
            await Task.Yield();
        }

        Assert.InRange(peers.Count(peer => peer.Closed.IsCompleted), 10, 30);
        foreach (var peer in peers)
        {
            await peer.DisposeAsync();
        }
    }

    [Fact]
    public async Task a_session_that_is_disposed_of_holds_nothing()
    {
        using var budget = new MemoryBudget(1_000);
        var held = new Held(budget, 800);
        await held.DisposeAsync();
        Assert.Equal(0, budget.Used);
    }

    /// <summary>A session of a silent peer for which so many bytes are held.</summary>
    private sealed class Held : ISessionObserver, ILink
    {
        private static readonly IdentityKey s_identity = IdentityKey.Generate(SystemEntropy.Instance);

        private readonly Pipe _pipe = new();
        private readonly TaskCompletionSource<SessionClose> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly SessionPump _pump;

        public Held(MemoryBudget budget, long bytes)
        {
            var clock = new SessionClock(TimeProvider.System);
            var session = XtmpSession.Accept(new ServerSessionOptions { Identity = s_identity }, SystemEntropy.Instance, clock.Now);
            _pump = new SessionPump(session, this, clock, this, new PumpOptions { Budget = budget });
            Hold(bytes);
        }

        public Task<SessionClose> Closed => _closed.Task;

        public PipeReader Input => _pipe.Reader;

        public PipeWriter Output => _pipe.Writer;

        public string PeerAddress => "memory";

        public void Hold(long bytes) => _pump.Use((_pump, bytes), static (_, state) => state._pump.HoldBytes(state.bytes));

        public void OnEvent(XtmpSession session, in SessionEvent sessionEvent)
        {
            if (sessionEvent.Close is { } close)
            {
                _closed.TrySetResult(close);
            }
        }

        public void Abort() => _pipe.Reader.CancelPendingRead();

        async ValueTask IAsyncDisposable.DisposeAsync()
        {
            await _pipe.Writer.CompleteAsync();
            await _pipe.Reader.CompleteAsync();
        }

        public ValueTask DisposeAsync() => _pump.DisposeAsync();
    }
}
