using System.IO.Pipelines;
using Xtmp.Protocol;
using Xtmp.Session;

namespace Xtmp.Transport;

/// <summary>
/// Joins a link, a clock and a session: bytes read go into the session, what it has to send is written in as few writes
/// as the link allows, timers fire when it asks. While a write is under way further messages gather and leave together,
/// which is what fills batches.
/// <para>All calls of the session go through <see cref="Use{TState,TResult}"/>, which serialises them.</para>
/// </summary>
public sealed class SessionPump : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly XtmpSession _session;
    private readonly ILink _link;
    private readonly SessionClock _clock;
    private readonly ISessionObserver _observer;
    private readonly PumpOptions _options;
    private readonly WakeSignal _writable = new();
    private readonly CancellationTokenSource _stopped = new();
    private readonly ITimer _timer;
    private TimeSpan _armedFor = TimeSpan.MaxValue;
    private bool _draining;
    private bool _disposed;

    public SessionPump(XtmpSession session, ILink link, SessionClock clock, ISessionObserver observer, PumpOptions? options = null)
    {
        _session = session;
        _link = link;
        _clock = clock;
        _observer = observer;
        _options = options ?? PumpOptions.Default;
        _timer = clock.TimeProvider.CreateTimer(static state => ((SessionPump)state!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The other end, for logs.</summary>
    public string PeerAddress => _link.PeerAddress;

    /// <summary>
    /// Moves bytes until the session is over and what it still had to say is written, or the link is gone. Does not
    /// throw for what the peer or the network does: that is in the session's Closed event.
    /// </summary>
    public async Task RunAsync()
    {
        lock (_gate)
        {
            DrainEvents();
        }

        var reading = ReadAsync();
        await WriteAsync().ConfigureAwait(false);

        // The session is over; a read that still waits for the peer has nothing more to bring.
        await _stopped.CancelAsync().ConfigureAwait(false);
        _link.Input.CancelPendingRead();
        await reading.ConfigureAwait(false);
    }

    /// <summary>Calls the session, with nobody else in it; then its events are reported and its bytes sent.</summary>
    public TResult Use<TState, TResult>(TState state, Func<XtmpSession, TState, TResult> action)
    {
        TResult result;
        lock (_gate)
        {
            result = action(_session, state);
            DrainEvents();
        }

        _writable.Set();
        return result;
    }

    /// <inheritdoc cref="Use{TState,TResult}"/>
    public void Use<TState>(TState state, Action<XtmpSession, TState> action) =>
        Use((state, action), static (session, pair) =>
        {
            pair.action(session, pair.state);
            return true;
        });

    /// <summary>Ends the session and the link at once.</summary>
    public void Abort(XtmpErrorCode code, string text)
    {
        Use((code, text), static (session, reason) => session.Abort(reason.code, reason.text));
        _link.Abort();
    }

    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            _session.Dispose();
        }

        await _timer.DisposeAsync().ConfigureAwait(false);
        await _link.DisposeAsync().ConfigureAwait(false);
        _stopped.Dispose();
        _writable.Dispose();
    }

    private async Task ReadAsync()
    {
        try
        {
            while (true)
            {
                var result = await _link.Input.ReadAsync(_stopped.Token).ConfigureAwait(false);
                if (result.IsCanceled)
                {
                    return;
                }

                bool over;
                lock (_gate)
                {
                    foreach (var segment in result.Buffer)
                    {
                        _session.HandleInput(segment.Span, _clock.Now);
                        DrainEvents();
                    }

                    if (result.IsCompleted)
                    {
                        _session.HandleEndOfStream(_clock.Now);
                        DrainEvents();
                    }

                    over = _session.State == SessionState.Closed;
                }

                _link.Input.AdvanceTo(result.Buffer.End);
                _writable.Set();
                if (over || result.IsCompleted)
                {
                    return;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The writing side has ended the session.
        }
        catch (Exception error) when (IsLinkFailure(error))
        {
            EndOfStream();
        }
    }

    private async Task WriteAsync()
    {
        try
        {
            while (true)
            {
                int written;
                bool over;
                lock (_gate)
                {
                    written = _session.PollTransmit(_link.Output, _clock.Now);
                    DrainEvents();
                    over = _session.State == SessionState.Closed;
                }

                if (written > 0)
                {
                    if (!await FlushAsync().ConfigureAwait(false))
                    {
                        EndOfStream();
                        return;
                    }
                }
                else if (over)
                {
                    return;
                }
                else
                {
                    await _writable.WaitAsync(CancellationToken.None).ConfigureAwait(false);
                }
            }
        }
        catch (Exception error) when (IsLinkFailure(error))
        {
            EndOfStream();
        }
    }

    /// <summary>Writes what is buffered; false when the link takes no more.</summary>
    private async ValueTask<bool> FlushAsync()
    {
        var flush = _link.Output.FlushAsync(CancellationToken.None);
        if (flush.IsCompletedSuccessfully)
        {
            return !flush.Result.IsCompleted;
        }

        var flushing = flush.AsTask();
        try
        {
            return !(await flushing.WaitAsync(_options.WriteStallTimeout, _clock.TimeProvider).ConfigureAwait(false)).IsCompleted;
        }
        catch (TimeoutException)
        {
            lock (_gate)
            {
                _session.Abort(XtmpErrorCode.SlowConsumer, $"The peer took no bytes for {_options.WriteStallTimeout.TotalSeconds:0} s.");
                DrainEvents();
            }

            _link.Abort();
            await flushing.ContinueWith(static _ => { }, TaskContinuationOptions.ExecuteSynchronously).ConfigureAwait(false);
            return false;
        }
    }

    private void EndOfStream()
    {
        lock (_gate)
        {
            if (_session.State != SessionState.Closed)
            {
                _session.HandleEndOfStream(_clock.Now);
                DrainEvents();
            }
        }

        _writable.Set();
    }

    private void OnTimer()
    {
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            _armedFor = TimeSpan.MaxValue;
            _session.HandleTimeout(_clock.Now);
            DrainEvents();
        }

        _writable.Set();
    }

    /// <summary>
    /// Reports every event, then sees to the timer. An observer that calls <see cref="Use{TState,TResult}"/> from inside
    /// an event comes back here on the same thread; the outer call goes on draining.
    /// </summary>
    private void DrainEvents()
    {
        if (_draining || _disposed)
        {
            return;
        }

        _draining = true;
        try
        {
            while (_session.PollEvent(out var sessionEvent))
            {
                _observer.OnEvent(_session, in sessionEvent);
            }
        }
        finally
        {
            _draining = false;
        }

        // A timer that is set too early costs one harmless call; one set again for every message would cost more.
        if (_session.PollTimeout() is { } due && due < _armedFor)
        {
            _armedFor = due;
            var delay = due - _clock.Monotonic;
            _timer.Change(delay > TimeSpan.Zero ? delay : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }
    }

    private static bool IsLinkFailure(Exception error) =>
        error is IOException or System.Net.Sockets.SocketException or ObjectDisposedException
            or OperationCanceledException;
}
