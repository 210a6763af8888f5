using System.IO.Pipelines;
using System.Security.Cryptography;
using Microsoft.Extensions.Time.Testing;
using Xtmp.Crypto;
using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.TestKit;

namespace Xtmp.Transport.Tests;

/// <summary>What fails on a timer or in an item of the thread pool ends its session; the process and other sessions go on.</summary>
public sealed class SessionPumpFaultTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);
    private readonly RecordingTimeProvider _time = new();

    [Fact]
    public async Task a_timer_callback_that_throws_ends_its_session_and_not_the_process()
    {
        var entropy = new BreakableEntropy();
        await using var pumps = await StartAsync(new SessionLimits { RekeyInterval = TimeSpan.FromSeconds(1) }, entropy);
        entropy.IsBroken = true;

        // The timer is called on this thread: what it threw would come out here.
        _time.Advance(TimeSpan.FromSeconds(2));
        await pumps.RequireClientFailureAsync<CryptographicException>();
    }

    [Fact]
    public async Task an_item_of_the_thread_pool_that_throws_ends_its_session_and_not_the_process()
    {
        await using var pumps = await StartAsync(SessionLimits.Default, new BreakableEntropy());
        pumps.ClientLink.IsBroken = true;

        // What is sent from here is written by the thread pool.
        pumps.Client.Use(0, static (session, _) => session.RequestRekey());
        _time.Advance(TimeSpan.FromSeconds(40));
        await pumps.RequireClientFailureAsync<NotSupportedException>();
    }

    [Fact]
    public async Task a_peer_that_takes_no_bytes_is_cut_off_by_its_own_fault()
    {
        // No other patience is over before that of the write, however late a thread sees that time has passed.
        var century = TimeSpan.FromDays(3650);
        await using var pumps = await StartAsync(new SessionLimits { IdleTimeout = century, PeerTimeout = century, RekeyInterval = century }, new BreakableEntropy());
        pumps.ClientLink.IsStalled = true;
        while (!pumps.Closed.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        var close = await pumps.Closed;
        Assert.Equal((XtmpErrorCode.SlowConsumer, Fault.Peer), (close.Code, close.Fault));
    }

    [Fact]
    public async Task guarded_use_ends_the_session_by_what_it_throws()
    {
        await using var pumps = await StartAsync(SessionLimits.Default, new BreakableEntropy());
        pumps.Client.UseGuarded(0, static (_, _) => throw new NotSupportedException("a bug"));
        await pumps.RequireClientFailureAsync<NotSupportedException>();
    }

    [Fact]
    public async Task waits_beyond_49_days_are_made_in_steps_the_timers_take()
    {
        var century = TimeSpan.FromDays(3650);
        await using var pumps = await StartAsync(
            new SessionLimits { HeartbeatInterval = century, IdleTimeout = century, PeerTimeout = century, RekeyInterval = century }, new BreakableEntropy());
        Assert.True(pumps.Client.Use(0, static (session, _) => session.PollTimeout()) > TimeSpan.FromDays(50));
        var delays = _time.Delays;
        Assert.NotEmpty(delays);
        Assert.All(delays, delay => Assert.True(delay <= TimeSpan.FromDays(49), $"A timer was set to {delay}."));

        // Every day of 60 a timer is set again, and then the session lives.
        for (var day = 1; day <= 60; day++)
        {
            _time.Advance(TimeSpan.FromDays(1));
            await _time.WhenSetAsync(delays.Length + day).WaitAsync(s_patience);
        }

        Assert.Equal(SessionState.Established, pumps.Client.Use(0, static (session, _) => session.State));
    }

    private async Task<Pumps> StartAsync(SessionLimits limits, BreakableEntropy entropy)
    {
        var clock = new SessionClock(_time);
        var (client, server) = MemoryLink.CreatePair();
        var pumps = new Pumps(clock, new BreakableLink(client), server, PairOptions.Client with { Limits = limits }, PairOptions.Server with { Limits = limits }, entropy);
        await pumps.Established.WaitAsync(s_patience);
        return pumps;
    }

    private sealed class Pumps : ISessionObserver, IAsyncDisposable
    {
        private readonly TaskCompletionSource _established = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource<SessionClose> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly SessionPump _server;
        private readonly Task _clientRun;
        private readonly Task _serverRun;

        public Pumps(SessionClock clock, BreakableLink client, ILink server, ClientSessionOptions clientOptions, ServerSessionOptions serverOptions, IEntropy entropy)
        {
            ClientLink = client;
            Client = new SessionPump(XtmpSession.Connect(clientOptions, entropy, clock.Now), client, clock, this);
            _server = new SessionPump(XtmpSession.Accept(serverOptions, SystemEntropy.Instance, clock.Now), server, clock, new Silent());
            _serverRun = _server.RunAsync();
            _clientRun = Client.RunAsync();
        }

        public SessionPump Client { get; }

        public BreakableLink ClientLink { get; }

        public Task Established => _established.Task;

        public Task<SessionClose> Closed => _closed.Task;

        public async Task RequireClientFailureAsync<TException>()
            where TException : Exception
        {
            var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => _clientRun.WaitAsync(s_patience));
            Assert.IsType<TException>(failure.InnerException);
            Assert.Equal(XtmpErrorCode.Internal, (await _closed.Task.WaitAsync(s_patience)).Code);
        }

        public void OnEvent(XtmpSession session, in SessionEvent sessionEvent)
        {
            if (sessionEvent.Kind == SessionEventKind.Established)
            {
                _established.TrySetResult();
            }
            else if (sessionEvent.Kind == SessionEventKind.Closed)
            {
                _closed.TrySetResult(sessionEvent.Close!);
            }
        }

        public async ValueTask DisposeAsync()
        {
            Client.Abort(XtmpErrorCode.Cancelled, "The test is over.");
            _server.Abort(XtmpErrorCode.Cancelled, "The test is over.");
            await Client.DisposeAsync();
            await _server.DisposeAsync();
            await Task.WhenAny(_clientRun, Task.CompletedTask);
            await Task.WhenAny(_serverRun, Task.CompletedTask);
        }

        private sealed class Silent : ISessionObserver
        {
            public void OnEvent(XtmpSession session, in SessionEvent sessionEvent)
            {
            }
        }
    }

    private sealed class BreakableEntropy : IEntropy
    {
        public volatile bool IsBroken;

        public void Fill(Span<byte> destination)
        {
            if (IsBroken)
            {
                throw new CryptographicException("There is no entropy any more.");
            }

            SystemEntropy.Instance.Fill(destination);
        }
    }

    /// <summary>A link whose output fails in a way no link may: a bug, and not a lost connection.</summary>
    private sealed class BreakableLink(ILink inner) : ILink
    {
        private readonly Pipe _full = new(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1));

        public volatile bool IsBroken;

        public volatile bool IsStalled;

        public PipeReader Input => inner.Input;

        public PipeWriter Output => IsBroken ? throw new NotSupportedException("A bug in the link.") : IsStalled ? _full.Writer : inner.Output;

        public string PeerAddress => inner.PeerAddress;

        public void Abort()
        {
            _full.Reader.Complete();
            inner.Abort();
        }

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }

    private sealed class RecordingTimeProvider : FakeTimeProvider
    {
        private readonly List<TimeSpan> _delays = [];
        private TaskCompletionSource _set = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>What timers were set to so far.</summary>
        public TimeSpan[] Delays
        {
            get
            {
                lock (_delays)
                {
                    return [.. _delays];
                }
            }
        }

        /// <summary>Done once timers were set so often: a pump sets its own when it has served the session, on whatever thread.</summary>
        public async Task WhenSetAsync(int count)
        {
            for (; ; )
            {
                Task next;
                lock (_delays)
                {
                    if (_delays.Count >= count)
                    {
                        return;
                    }

                    next = _set.Task;
                }

                await next;
            }
        }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            new RecordingTimer(this, base.CreateTimer(callback, state, dueTime, period));

        private sealed class RecordingTimer(RecordingTimeProvider owner, ITimer inner) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period)
            {
                var isSet = inner.Change(dueTime, period);
                lock (owner._delays)
                {
                    owner._delays.Add(dueTime);
                    owner._set.SetResult();
                    owner._set = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                }

                return isSet;
            }

            public void Dispose() => inner.Dispose();

            public ValueTask DisposeAsync() => inner.DisposeAsync();
        }
    }
}
