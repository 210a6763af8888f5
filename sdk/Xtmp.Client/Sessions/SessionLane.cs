using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Session;

namespace Xtmp.Client;

/// <summary>
/// One session that lasts: when it is lost, the next one takes its place, authenticates where there is a wallet, sends
/// again in the original order what was unanswered and may be repeated, and only then takes new calls.
/// <para>The lock is never held while a session is called, so that a session may call in while it holds its own.</para>
/// </summary>
internal sealed partial class SessionLane(
    XtmpConnection owner, XtmpClientOptions options, EndpointSet endpoints, SessionOpener opener, ClientTelemetry telemetry, Func<LiveSession, CancellationToken, Task>? authenticate) : ICallInvoker, IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly PriorityQueue<PendingCall, long> _waiting = new();
    private readonly SemaphoreSlim _wake = new(0);
    private readonly CancellationTokenSource _disposing = new();
    private readonly ILogger _logger = options.LoggerFactory.CreateLogger("Xtmp.Client");
    private readonly List<Task> _retiring = [];
    private TaskCompletionSource<LiveSession> _next = NewWaiter();
    private LiveSession? _open;
    private Task? _running;
    private bool _wanted;
    private bool _failFast;
    private bool _disposed;

    /// <summary>How this session stands.</summary>
    public XtmpConnectionState State { get; private set; }

    /// <summary>The session there is now.</summary>
    public LiveSession? Current { get; private set; }

    /// <summary>Calls under way and waiting.</summary>
    public int Load => (Volatile.Read(ref _open)?.Outstanding ?? 0) + _waiting.Count;

    /// <summary>Opens a session now, trying each endpoint once.</summary>
    public async Task<LiveSession> ConnectAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            _failFast = true;
        }

        return await NextSession().WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The session there is, or the next one.</summary>
    /// <exception cref="XtmpException"><see cref="XtmpErrorCode.Timeout"/>: none came within the time, null: <see cref="XtmpClientOptions.CallTimeout"/>.</exception>
    public async Task<LiveSession> WaitForSessionAsync(TimeSpan? timeout, CancellationToken cancellationToken)
    {
        try
        {
            return await NextSession().WaitAsync(timeout ?? options.CallTimeout, options.TimeProvider, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw new XtmpException(XtmpErrorCode.Timeout, Fault.Network, "There was no session with a silo in time; nothing was sent.", retryable: true);
        }
    }

    public ValueTask<TReply> InvokeAsync<TRequest, TReply>(UnaryMethod<TRequest, TReply> method, TRequest request, CallContext context)
        where TRequest : class, IXtmpMessage<TRequest>
        where TReply : class, IXtmpMessage<TReply>
    {
        Validate(method, request);
        context.CancellationToken.ThrowIfCancellationRequested();
        var call = PendingUnaryCall<TReply>.Take(method, request, owner.NextOrder(), options.DecodeLimits, opener.Deadlines);
        var timeout = context.Timeout ?? options.CallTimeout;
        return telemetry.IsWanted ? MeasureAsync(call, timeout, context.CancellationToken) : RunAsync(call, timeout, context.CancellationToken);
    }

    public async IAsyncEnumerable<TItem> StreamAsync<TRequest, TItem>(
        StreamMethod<TRequest, TItem> method, TRequest request, CallContext context, [EnumeratorCancellation] CancellationToken enumeratorCancellation)
        where TRequest : class, IXtmpMessage<TRequest>
        where TItem : class, IXtmpMessage<TItem>
    {
        Validate(method, request);
        using var deadline = new CancellationTokenSource(context.Timeout ?? Timeout.InfiniteTimeSpan, options.TimeProvider);
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, enumeratorCancellation, deadline.Token);
        cancellation.Token.ThrowIfCancellationRequested();
        var window = (ulong)options.StreamWindow;
        IXtmpMessage current = request;
        while (true)
        {
            var call = new PendingStreamCall<TItem>(method, current, owner.NextOrder(), options.DecodeLimits, window);
            ClientTelemetry.CallSpan? span = telemetry.IsWanted ? telemetry.Begin(call) : null;
            Exception? failure = null;
            var granted = window;
            var passed = 0UL;
            try
            {
                Start(call);
                while (true)
                {
                    try
                    {
                        if (!await WaitToReadAsync(call, deadline.Token, cancellation.Token).ConfigureAwait(false))
                        {
                            break;
                        }
                    }
                    catch (Exception error)
                    {
                        failure = error;
                        throw;
                    }

                    while (call.TryRead(out var next))
                    {
                        // What was lost before this item needs no credit any more.
                        passed = Math.Max(passed, next.Number + 1);
                        if (granted - passed <= window / 2)
                        {
                            granted = passed + window;
                            call.GrantCredit(granted);
                        }

                        current = Resubscription.After(current, next.Item);
                        telemetry.Item(method);
                        yield return next.Item;
                    }
                }

                failure = call.Lost;
            }
            finally
            {
                call.Abandon();
                span?.End(failure);
            }

            if (call.Lost is not { } lost)
            {
                yield break;
            }

            if (_disposed || !Resubscription.IsPossible(current))
            {
                throw lost;
            }

            if (Resubscription.Notice(current, options.TimeProvider.GetUtcNow()) is TItem notice)
            {
                yield return notice;
            }
        }
    }

    IAsyncEnumerable<TItem> ICallInvoker.StreamAsync<TRequest, TItem>(StreamMethod<TRequest, TItem> method, TRequest request, CallContext context) =>
        StreamAsync(method, request, context, CancellationToken.None);

    public async ValueTask SendAsync<TRequest>(OneWayMethod<TRequest> method, TRequest request, CallContext context)
        where TRequest : class, IXtmpMessage<TRequest>
    {
        Validate(method, request);
        context.CancellationToken.ThrowIfCancellationRequested();
        var session = Volatile.Read(ref _open) ?? await WaitForSessionAsync(context.Timeout, context.CancellationToken).ConfigureAwait(false);
        if (!session.TrySend(request, SendOptions.From(method.Request)))
        {
            throw new XtmpException(XtmpErrorCode.ConnectionLost, Fault.Network, $"{method} was not sent: the session ended.", retryable: true);
        }
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
        }

        await _disposing.CancelAsync().ConfigureAwait(false);
        if (_running is { } running)
        {
            await running.ConfigureAwait(false);
        }

        await Task.WhenAll(_retiring).ConfigureAwait(false);
        var closed = new XtmpException(XtmpErrorCode.ConnectionClosed, Fault.Local, "The connection was disposed.");
        FailWaiting(closed);
        FailNext(closed);
        _disposing.Dispose();
    }

    private static TaskCompletionSource<LiveSession> NewWaiter() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static async ValueTask<bool> WaitToReadAsync<TItem>(PendingStreamCall<TItem> call, CancellationToken deadline, CancellationToken cancellation)
        where TItem : class, IXtmpMessage<TItem>
    {
        try
        {
            return await call.WaitToReadAsync(cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            throw new XtmpException(XtmpErrorCode.Timeout, Fault.Local, $"The time given for {call.Method} is over.", retryable: true);
        }
    }

    private static void Validate(MethodDescriptor method, IXtmpMessage request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (!request.TryValidate(out var error))
        {
            throw new XtmpException(XtmpErrorCode.PayloadInvalid, Fault.Local, $"{method}: {error}", error.Field);
        }
    }

    private ValueTask<TReply> RunAsync<TReply>(PendingUnaryCall<TReply> call, TimeSpan timeout, CancellationToken cancellationToken)
        where TReply : class, IXtmpMessage<TReply> => call.RunAsync(this, static (lane, started) => lane.Start(started), timeout, cancellationToken);

    private async ValueTask<TReply> MeasureAsync<TReply>(PendingUnaryCall<TReply> call, TimeSpan timeout, CancellationToken cancellationToken)
        where TReply : class, IXtmpMessage<TReply>
    {
        var span = telemetry.Begin(call);
        call.IsKept = true;
        try
        {
            var reply = await RunAsync(call, timeout, cancellationToken).ConfigureAwait(false);
            span.End(error: null);
            return reply;
        }
        catch (Exception error)
        {
            span.End(error);
            throw;
        }
    }

    private Task<LiveSession> NextSession()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, owner);
            _wanted = true;
            Run();
            _wake.Release();
            return _next.Task;
        }
    }

    private void Start(PendingCall call)
    {
        ObjectDisposedException.ThrowIf(_disposed, owner);
        if (Volatile.Read(ref _open) is not { } open || open.Start(call) != StartResult.Sent)
        {
            Enqueue(call);
        }
    }

    private void Enqueue(PendingCall call)
    {
        call.BegunAt = null;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, owner);
            if (_waiting.Count >= options.MaxWaitingCalls)
            {
                var alive = _waiting.UnorderedItems.Where(item => !item.Element.IsAbandoned).ToArray();
                _waiting.Clear();
                _waiting.EnqueueRange(alive);
                if (_waiting.Count >= options.MaxWaitingCalls)
                {
                    throw new XtmpException(XtmpErrorCode.Overloaded, Fault.Local, $"{_waiting.Count} calls wait to be sent.", retryable: true);
                }
            }

            _waiting.Enqueue(call, call.Order);
            _open = null;
            Run();
        }

        _wake.Release();
    }

    /// <summary>With the lock held.</summary>
    private void Run() => _running ??= Task.Run(RunAsync);

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                while (!IsWanted())
                {
                    await _wake.WaitAsync(_disposing.Token).ConfigureAwait(false);
                }

                if (await OpenAsync().ConfigureAwait(false) is { } session)
                {
                    await ServeAsync(session).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (_disposing.IsCancellationRequested)
        {
            // Disposed.
        }
        catch (Exception bug)
        {
            // Nobody opens sessions any more: whoever waits is told now, not at a deadline.
            var failure = new XtmpException(XtmpErrorCode.Internal, Fault.Local, $"The connection failed: {bug.Message}", innerException: bug);
            FailWaiting(failure);
            FailNext(failure);
            throw;
        }
    }

    private bool IsWanted()
    {
        lock (_gate)
        {
            return _wanted || _waiting.Count > 0;
        }
    }

    /// <summary>The next session; null where trying again would not help, and everybody who waits has been told.</summary>
    private async Task<LiveSession?> OpenAsync()
    {
        for (var attempts = 1; ; attempts++)
        {
            EndpointSet.Endpoint? endpoint;
            while ((endpoint = endpoints.Choose(out var wait)) is null)
            {
                await Task.Delay(wait, options.TimeProvider, _disposing.Token).ConfigureAwait(false);
            }

            XtmpException failure;
            try
            {
                var session = await opener.OpenAsync(endpoint, _disposing.Token).ConfigureAwait(false);
                endpoints.Succeeded(endpoint);
                telemetry.Opened(endpoint.Address, session.Established.Resumed);
                LogOpened(_logger, endpoint.Address, session.Established.SessionId, session.Established.Resumed);
                if (session.Established.SchemaMismatches is { Count: > 0 } mismatches)
                {
                    LogOtherSchema(_logger, endpoint.Address, string.Join(", ", mismatches));
                }

                return session;
            }
            catch (OperationCanceledException)
            {
                endpoints.Released(endpoint, failed: false);
                throw;
            }
            catch (XtmpException error)
            {
                failure = error;
            }
            catch (ArgumentException error)
            {
                failure = new XtmpException(XtmpErrorCode.Internal, Fault.Local, error.Message, innerException: error);
            }

            endpoints.Released(endpoint, failed: true, failure.RetryAfter);
            LogFailed(_logger, endpoint.Address, failure.Message);
            telemetry.Failed(endpoint.Address, failure);
            bool giveUp;
            lock (_gate)
            {
                giveUp = failure.Fault == Fault.Local
                    || (endpoints.Count == 1 && failure.Code == XtmpErrorCode.UntrustedPeer)
                    || (_failFast && attempts >= endpoints.Count);
                _wanted &= !giveUp;
            }

            owner.StateChangedBy(failure);
            if (giveUp)
            {
                FailWaiting(failure);
                FailNext(failure);
                return null;
            }
        }
    }

    private async Task ServeAsync(LiveSession session)
    {
        session.OwnerWanted = () => _wake.Release();
        lock (_gate)
        {
            Current = session;
            _failFast = false;
            _wanted = true;
            State = XtmpConnectionState.Connected;
            _next.TrySetResult(session);
        }

        owner.StateChangedBy(null);
        var isRetired = false;
        try
        {
            while (true)
            {
                Requeue(session.TakeUnanswered());
                if (session.Closed.IsCompleted)
                {
                    break;
                }

                if (session.IsDraining)
                {
                    isRetired = true;
                    break;
                }

                await FlushAsync(session).ConfigureAwait(false);
                await _wake.WaitAsync(_disposing.Token).ConfigureAwait(false);
            }
        }
        finally
        {
            lock (_gate)
            {
                _open = null;
                Current = null;
                _next = NewWaiter();
                State = isRetired ? XtmpConnectionState.Draining : XtmpConnectionState.Reconnecting;
            }

            telemetry.Closed(session.Endpoint.Address);
            endpoints.Released(session.Endpoint, failed: !_disposing.IsCancellationRequested);
            var retiring = RetireAsync(session);
            if (isRetired)
            {
                _retiring.RemoveAll(task => task.IsCompleted);
                _retiring.Add(retiring);
            }
            else
            {
                await retiring.ConfigureAwait(false);
            }

            owner.StateChangedBy(session.Closed.IsCompletedSuccessfully ? session.Closed.Result.ToException() : null);
        }
    }

    /// <summary>Waits for the calls a session still has, and takes over those it leaves: a silo that shuts down may refuse more of them as long as the session lives.</summary>
    private async Task RetireAsync(LiveSession session)
    {
        using SemaphoreSlim wanted = new(0);
        session.OwnerWanted = () => wanted.Release();
        try
        {
            while (!session.Closed.IsCompleted)
            {
                Requeue(session.TakeUnanswered());
                await wanted.WaitAsync(_disposing.Token).ConfigureAwait(false);
            }

            var close = await session.Closed.ConfigureAwait(false);
            LogLost(_logger, session.Endpoint.Address, session.Established.SessionId, close.ToString());
            if (close.Code == XtmpErrorCode.IdleTimeout)
            {
                lock (_gate)
                {
                    _wanted = false;
                }
            }
        }
        catch (OperationCanceledException)
        {
            await session.CloseAsync().ConfigureAwait(false);
        }

        session.OwnerWanted = null;
        Requeue(session.TakeUnanswered());
        await session.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Sends what waits, oldest first; when nothing is left, calls go to the session directly.</summary>
    private async Task FlushAsync(LiveSession session)
    {
        while (true)
        {
            if (authenticate is not null && !session.IsAuthenticated)
            {
                if (_waiting.Count == 0)
                {
                    return;
                }

                try
                {
                    await authenticate(session, _disposing.Token).ConfigureAwait(false);
                    session.IsAuthenticated = true;
                }
                catch (XtmpException error)
                {
                    if (!session.Closed.IsCompleted && !session.IsDraining)
                    {
                        FailWaiting(error);
                    }

                    return;
                }
            }

            PendingCall? call;
            lock (_gate)
            {
                if (!_waiting.TryDequeue(out call, out _))
                {
                    _open = session;
                    return;
                }
            }

            if (!call.IsAbandoned && session.Start(call) != StartResult.Sent)
            {
                Requeue([call]);
                return;
            }
        }
    }

    private void Requeue(List<PendingCall> calls)
    {
        if (calls.Count == 0)
        {
            return;
        }

        telemetry.Resent(calls.Count);
        lock (_gate)
        {
            foreach (var call in calls)
            {
                call.BegunAt = null;
                _waiting.Enqueue(call, call.Order);
            }

            _open = null;
        }

        _wake.Release();
    }

    private void FailWaiting(XtmpException error)
    {
        PendingCall[] calls;
        lock (_gate)
        {
            calls = [.. _waiting.UnorderedItems.Select(item => item.Element)];
            _waiting.Clear();
        }

        foreach (var call in calls)
        {
            call.OnFailed(error);
        }
    }

    private void FailNext(XtmpException error)
    {
        lock (_gate)
        {
            _next.TrySetException(error);
            _ = _next.Task.Exception; // Nobody has to wait for it.
            if (!_disposed)
            {
                _next = NewWaiter();
            }

            _failFast = false;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "session {Session:x16} with {Endpoint} established, resumed {Resumed}")]
    private static partial void LogOpened(ILogger logger, XtmpEndpoint endpoint, ulong session, bool resumed);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Endpoint} speaks another version of {Schemas}")]
    private static partial void LogOtherSchema(ILogger logger, XtmpEndpoint endpoint, string schemas);

    [LoggerMessage(Level = LogLevel.Warning, Message = "no session with {Endpoint}: {Reason}")]
    private static partial void LogFailed(ILogger logger, XtmpEndpoint endpoint, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "session {Session:x16} with {Endpoint} over: {Reason}")]
    private static partial void LogLost(ILogger logger, XtmpEndpoint endpoint, ulong session, string reason);
}
