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
public sealed partial class SessionPump : IAsyncDisposable, IThreadPoolWorkItem
{
    // What _writer says: nobody writes; somebody does; somebody does and must look again before stopping; the last bytes
    // are out.
    private const int Idle = 0;
    private const int Writing = 1;
    private const int WriteRequested = 2;
    private const int Finished = 3;

    // Writes that a reading thread makes before it leaves the rest to another one: a server's first flight takes two, and
    // a peer that is sent to without end must still be listened to.
    private const int MaxInlineWrites = 3;

    // A batch's worth waits for no sender.
    private const int MaxGatheredBytes = 32 * 1024;

    // The platform's timers take 49.7 days at most; waking up earlier costs one harmless call.
    private static readonly TimeSpan MaxDelay = TimeSpan.FromDays(1);

    // The pump whose events this thread is following up: what it sends leaves afterwards, in one go.
    [ThreadStatic]
    private static SessionPump? t_gathering;

    private readonly Lock _gate = new();
    private readonly XtmpSession _session;
    private readonly ILink _link;
    private readonly SessionClock _clock;
    private readonly ISessionObserver _observer;
    private readonly PumpOptions _options;
    private TaskCompletionSource? _written;
    private readonly ITimer _timer;
    private TimeSpan _armedFor = TimeSpan.MaxValue;
    private int _writer;
    private int _expected;
    private bool _begun;
    private bool _readToEnd;
    private bool _draining;
    private bool _disposed;
    private bool _wasFull;
    private bool _writeAtOnce;
    private MemoryBudget? _budget;
    private long _counted;
    private long _waiting;
    private TaskCompletionSource? _room;
    private Exception? _failure;

    public SessionPump(XtmpSession session, ILink link, SessionClock clock, ISessionObserver observer, PumpOptions? options = null)
    {
        _session = session;
        _link = link;
        _clock = clock;
        _observer = observer;
        _options = options ?? PumpOptions.Default;
        _budget = _options.Budget;
        _budget?.Enter(this);
        _timer = clock.TimeProvider.CreateTimer(static state => ((SessionPump)state!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The other end, for logs.</summary>
    public string PeerAddress => _link.PeerAddress;

    /// <summary>Bytes held for the peer: queued for sending, and what <see cref="HoldBytes"/> has added.</summary>
    public long HeldBytes => Interlocked.Read(ref _counted);

    /// <summary>True while the process holds more for its peers than it may.</summary>
    public bool IsOverBudget => _options.Budget is { IsExceeded: true };

    /// <summary>Adds what the observer holds for the peer beside the send queue, or with a negative number takes it off. Call it from within the session.</summary>
    public void HoldBytes(long bytes)
    {
        _waiting += bytes;
        Count();
    }

    /// <summary>
    /// Has the calling thread write, once it has left the session, what is sent now: for a message that no other is about to
    /// follow. Call it from within the session.
    /// </summary>
    public void WriteAtOnce() => _writeAtOnce = true;

    /// <summary>
    /// So many work items of the pool are about to send: what is sent meanwhile waits for the last of them to begin. Each calls
    /// <see cref="SenderBegins"/> before it does anything else, so that one that takes long holds nobody up.
    /// </summary>
    public void ExpectSenders(int count) => Interlocked.Add(ref _expected, count);

    /// <summary>One of the expected work items begins.</summary>
    public void SenderBegins()
    {
        if (Interlocked.Decrement(ref _expected) == 0)
        {
            // Behind what this item does, unless another thread has nothing else to do.
            WakeWriter(inline: false, preferLocal: true);
        }
    }

    /// <summary>
    /// Moves bytes on the caller's own flow until the handshake is over, well or not, so that whoever waits for it is not
    /// called back by way of another thread. <see cref="RunAsync"/> goes on from there and has to be called in any case.
    /// </summary>
    /// <exception cref="OperationCanceledException">The token; the session is left as it is.</exception>
    public Task HandshakeAsync(CancellationToken cancellationToken) => ReadAsync(toEnd: false, cancellationToken);

    /// <summary>
    /// Moves bytes until the session is over and what it still had to say is written, or the link is gone. Does not
    /// throw for what the peer or the network does: that is in the session's Closed event.
    /// </summary>
    public Task RunAsync() => ReadAsync(toEnd: true, CancellationToken.None);

    /// <summary>For the thread pool: writes what waits.</summary>
    void IThreadPoolWorkItem.Execute() => _ = WriteAsync(int.MaxValue);

    /// <summary>Calls the session, with nobody else in it; then its events are reported and its bytes sent.</summary>
    public TResult Use<TState, TResult>(TState state, Func<XtmpSession, TState, TResult> action)
    {
        TResult result;
        bool atOnce;
        bool waits;
        bool hasDatagrams;
        lock (_gate)
        {
            result = action(_session, state);
            DrainEvents();
            Count();
            atOnce = _writeAtOnce;
            _writeAtOnce = false;
            waits = Volatile.Read(ref _expected) > 0 && _session.SendQueueBytes < MaxGatheredBytes && _session.State == SessionState.Established;
            hasDatagrams = _session.MayHaveDatagrams;
        }

        if (t_gathering != this)
        {
            if (!waits)
            {
                // From within an event the session is still held, and writing has to wait.
                WakeWriter(atOnce && !_gate.IsHeldByCurrentThread);
            }

            if (hasDatagrams)
            {
                _datagrams?.Wake(inline: false);
            }
        }

        return result;
    }

    /// <inheritdoc cref="Use{TState,TResult}"/>
    public void Use<TState>(TState state, Action<XtmpSession, TState> action) =>
        Use((state, action), static (session, pair) =>
        {
            pair.action(session, pair.state);
            return true;
        });

    /// <summary>The same for timers and items of the thread pool, where what is thrown would end the process: it ends this session.</summary>
    public void UseGuarded<TState>(TState state, Action<XtmpSession, TState> action)
    {
        try
        {
            Use(state, action);
        }
        catch (Exception bug) when (bug is not OutOfMemoryException)
        {
            EndBy(bug);
        }
    }

    /// <summary>Ends the session and the link at once.</summary>
    public void Abort(XtmpErrorCode code, string text, Fault fault = Fault.Local)
    {
        UseGuarded((code, text, fault), static (session, reason) => session.Abort(reason.code, reason.text, reason.fault));
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
            StopCounting();
        }

        await _timer.DisposeAsync().ConfigureAwait(false);
        await _link.DisposeAsync().ConfigureAwait(false);
    }

    private void Begin()
    {
        if (!_begun)
        {
            _begun = true;
            lock (_gate)
            {
                DrainEvents();
            }

            WakeWriter(inline: true);
        }
    }

    private bool IsHandshaking()
    {
        lock (_gate)
        {
            return _session.State == SessionState.Handshaking;
        }
    }

    private async Task ReadAsync(bool toEnd, CancellationToken cancellationToken)
    {
        Begin();
        while (!_readToEnd && (toEnd || IsHandshaking()))
        {
            try
            {
                // A peer that does not take its answers is not listened to: what it asks for would only pile up.
                if (RoomToRead() is { } room)
                {
                    await room.WaitAsync(cancellationToken).ConfigureAwait(false);
                }

                var result = await _link.Input.ReadAsync(cancellationToken).ConfigureAwait(false);
                if (result.IsCanceled)
                {
                    // The writing side has ended the session; a read that still waits for the peer has nothing more to bring.
                    _readToEnd = true;
                    break;
                }

                bool isEstablishedNow;
                lock (_gate)
                {
                    var wasHandshaking = _session.State == SessionState.Handshaking;
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

                    _readToEnd = result.IsCompleted || _session.State == SessionState.Closed;
                    isEstablishedNow = wasHandshaking && _session.State == SessionState.Established;
                    Count();
                }

                _link.Input.AdvanceTo(result.Buffer.End);
                var handled = FollowUp();

                // Answers leave from this thread: a handshake would otherwise wait for another one to wake up at every step. A
                // client's last flight is left to the pool, so that its first messages, which are about to come, leave with it.
                WakeWriter(inline: !(isEstablishedNow && _session.Role == PeerRole.Client));
                if (_session.MayHaveDatagrams)
                {
                    _datagrams?.Wake(inline: false);
                }

                await handled.ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                throw;
            }
            catch (Exception error) when (IsLinkFailure(error))
            {
                _readToEnd = true;
                EndOfStream();
            }
        }

        if (!toEnd)
        {
            return;
        }

        await Written().ConfigureAwait(false);
        if (_failure is { } failure)
        {
            throw new InvalidOperationException("This end of a session failed.", failure);
        }
    }

    /// <summary>Ends with the last write.</summary>
    private Task Written()
    {
        lock (_gate)
        {
            if (Volatile.Read(ref _writer) == Finished)
            {
                return Task.CompletedTask;
            }

            _written ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _written.Task;
        }
    }

    private ValueTask FollowUp()
    {
        var outer = t_gathering;
        t_gathering = this;
        try
        {
            return _observer.OnInputHandledAsync();
        }
        catch (Exception bug) when (bug is not OutOfMemoryException)
        {
            lock (_gate)
            {
                Blame(bug);
                DrainEvents();
            }

            return default;
        }
        finally
        {
            t_gathering = outer;
        }
    }

    // A bug, as a rule the observer's, costs this session and no other, and not the process.
    private void Blame(Exception bug)
    {
        _failure ??= bug;
        _session.Abort(XtmpErrorCode.Internal, $"This end failed: {bug.Message}");
    }

    /// <summary>A bug was met where nobody is to be told of it: the session, the writer and the link end.</summary>
    internal void EndBy(Exception bug)
    {
        lock (_gate)
        {
            Blame(bug);
            DrainEvents();
        }

        Finish();
        _link.Abort();
    }

    /// <summary>
    /// Something may be there to write. Where nobody writes, this thread does so at once, or a thread of the pool, which
    /// gives the caller time to add to it.
    /// </summary>
    private void WakeWriter(bool inline, bool preferLocal = false)
    {
        while (true)
        {
            var writer = Volatile.Read(ref _writer);
            if (writer is WriteRequested or Finished)
            {
                return;
            }

            if (Interlocked.CompareExchange(ref _writer, writer == Idle ? Writing : WriteRequested, writer) != writer)
            {
                continue;
            }

            if (writer == Idle && inline)
            {
                _ = WriteAsync(MaxInlineWrites);
            }
            else if (writer == Idle)
            {
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal);
            }

            return;
        }
    }

    /// <summary>
    /// Writes until there is nothing to write, or so often, and has the pool go on. One runs at a time. Does not throw: a
    /// bug ends the pump.
    /// </summary>
    private async Task WriteAsync(int max)
    {
        try
        {
            while (true)
            {
                if (max-- == 0)
                {
                    ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
                    return;
                }

                int written;
                bool over;
                lock (_gate)
                {
                    written = _session.PollTransmit(_link.Output, _clock.Now);
                    DrainEvents();
                    over = _session.State == SessionState.Closed;
                    Count();
                    GiveRoom();
                }

                if (written > 0)
                {
                    if (!await FlushAsync().ConfigureAwait(false))
                    {
                        EndOfStream();
                        break;
                    }
                }
                else if (over)
                {
                    break;
                }
                else if (Interlocked.CompareExchange(ref _writer, Idle, Writing) == Writing)
                {
                    return;
                }
                else
                {
                    Volatile.Write(ref _writer, Writing);
                }
            }

            Finish();
        }
        catch (Exception error) when (IsLinkFailure(error))
        {
            EndOfStream();
            Finish();
        }
        catch (Exception bug)
        {
            EndBy(bug);
        }
    }

    private void Finish()
    {
        Volatile.Write(ref _writer, Finished);
        lock (_gate)
        {
            _room?.TrySetResult();
            _room = null;
            _written?.TrySetResult();
        }

        _link.Input.CancelPendingRead();
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
                _session.Abort(XtmpErrorCode.SlowConsumer, $"The peer took no bytes for {_options.WriteStallTimeout.TotalSeconds:0} s.", Fault.Peer);
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

        WakeWriter(inline: false);
    }

    // A bug met here ends this session: thrown on, it would end the process.
    private void OnTimer()
    {
        try
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

            WakeWriter(inline: false);
            if (_session.MayHaveDatagrams)
            {
                _datagrams?.Wake(inline: false);
            }
        }
        catch (Exception bug) when (bug is not OutOfMemoryException)
        {
            EndBy(bug);
        }
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
        catch (Exception bug) when (bug is not OutOfMemoryException)
        {
            Blame(bug);
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
            _timer.Change(delay < TimeSpan.Zero ? TimeSpan.Zero : delay > MaxDelay ? MaxDelay : delay, Timeout.InfiniteTimeSpan);
        }
    }

    private static bool IsLinkFailure(Exception error) =>
        error is IOException or System.Net.Sockets.SocketException or ObjectDisposedException
            or OperationCanceledException;
}
