using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Client;

/// <summary>
/// One established session and the exchanges on it. When it ends, what may be sent again is left in
/// <see cref="TakeUnanswered"/> for the session that follows.
/// </summary>
internal sealed class LiveSession : ISessionObserver, IAsyncDisposable
{
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(5);

    // Touched only while the pump holds the session.
    private readonly Dictionary<ulong, PendingCall> _pending = [];
    private readonly TaskCompletionSource<SessionClose> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly XtmpClientOptions _options;
    private readonly EndpointSet.Endpoint _endpoint;
    private readonly CallDeadlines _deadlines;
    private readonly SessionPump _pump;
    private readonly SessionClock _clock;
    private readonly SessionQuality _quality;
    private readonly CancellationTokenSource _over = new();
    private Task<SessionDatagrams?> _datagrams = Task.FromResult<SessionDatagrams?>(null);
    private List<PendingCall> _unanswered = [];
    private Task _running = Task.CompletedTask;

    // Calls whose replies this read brought.
    private PendingCall? _replies;
    private int _outstanding;

    // Hints, and so read and written as they happen to stand.
    private int _answered;
    private int _answeredByLastRead;

    private bool _wantsDatagrams;
    private bool _isFull;

    private LiveSession(XtmpSession session, ILink link, SessionClock clock, EndpointSet.Endpoint endpoint, XtmpClientOptions options, CallDeadlines deadlines)
    {
        _endpoint = endpoint;
        _deadlines = deadlines;
        _options = options;
        _clock = clock;
        _quality = new SessionQuality(clock.Monotonic);
        _pump = new SessionPump(session, link, clock, this);
    }

    /// <summary>What the handshake settled.</summary>
    public EstablishedSession Established { get; private set; } = null!;

    /// <summary>Completes when the session is over.</summary>
    public Task<SessionClose> Closed => _closed.Task;

    /// <summary>Calls without an answer.</summary>
    public int Outstanding => Volatile.Read(ref _outstanding);

    /// <summary>The silo refused a call because it shuts down: it finishes the others and takes no more.</summary>
    public bool IsDraining { get; private set; }

    public EndpointSet.Endpoint Endpoint => _endpoint;

    /// <summary>It speaks for the wallet of its owner.</summary>
    public bool IsAuthenticated { get; set; }

    /// <summary>
    /// Called, from inside the session's turn, when there is something for the owner to do: calls to send elsewhere, or
    /// room for more after <see cref="StartResult.Full"/>.
    /// </summary>
    public Action? OwnerWanted { get; set; }

    /// <summary>Shakes hands over a link, which it owns from here on.</summary>
    public static async Task<LiveSession> EstablishAsync(
        Task<ILink> connecting, ClientSessionOptions sessionOptions, EndpointSet.Endpoint endpoint, XtmpClientOptions options, CallDeadlines deadlines,
        CancellationToken cancellationToken)
    {
        // The network connects while the first flight is made.
        var clock = deadlines.Clock;
        XtmpSession? session = null;
        ILink link;
        try
        {
            session = XtmpSession.Connect(sessionOptions, options.Entropy, clock.Now);
            link = await connecting.ConfigureAwait(false);
        }
        catch
        {
            session?.Dispose();

            // Not waited for: what went wrong here is no reason to wait for the network.
            _ = DropAsync(connecting);
            throw;
        }

        var live = new LiveSession(session, link, clock, endpoint, options, deadlines);
        try
        {
            await live._pump.HandshakeAsync(cancellationToken).ConfigureAwait(false);
            live._running = live._pump.RunAsync();
            live.Established = live._pump.Use(0, static (established, _) => established.Established)
                ?? throw (await live._closed.Task.ConfigureAwait(false)).ToException();
            return live;
        }
        catch
        {
            live.Abort("The connection attempt was given up.");
            await live.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Its quality so far.</summary>
    public SessionReport Report() =>
        _pump.Use(this, static (session, self) => new SessionReport(self._endpoint.Address, self.Established, self._quality.Report(session, self._clock.Monotonic)));

    /// <summary>Sends a call.</summary>
    public StartResult Start(PendingCall call) =>
        _pump.Use((this, call), static (session, start) => start.Item1.Start(session, start.call));

    /// <summary>Nobody waits for the call any more: the server is told.</summary>
    public void GiveUp(PendingCall call) =>
        _pump.UseGuarded((this, call), static (session, given) =>
        {
            var (self, call) = given;
            if (self._pending.TryGetValue(call.Exchange, out var pending) && ReferenceEquals(pending, call))
            {
                self.Remove(call.Exchange);
                session.SendCancel(call.Exchange);
            }
        });

    public void GrantCredit(PendingCall call, ulong limit) =>
        _pump.Use((call.Exchange, limit), static (session, credit) => session.GrantCredit(credit.Exchange, credit.limit));

    /// <summary>A call that only means something on this session, such as one that signs its exporter.</summary>
    public ValueTask<TReply> InvokeAsync<TRequest, TReply>(UnaryMethod<TRequest, TReply> method, TRequest request, CancellationToken cancellationToken)
        where TRequest : class, IXtmpMessage<TRequest>
        where TReply : class, IXtmpMessage<TReply>
    {
        var call = PendingUnaryCall<TReply>.Take(method, request, order: 0, _options.DecodeLimits, _deadlines);
        call.IsBound = true;
        return call.RunAsync(this, static (session, started) => session.StartBound(started), _options.CallTimeout, cancellationToken);
    }

    /// <summary>Sends a one-way message. False where the session takes none any more.</summary>
    public bool TrySend(IXtmpMessage message, SendOptions sendOptions) =>
        _pump.Use((this, message, sendOptions), static (session, send) =>
        {
            if (session.State != SessionState.Established || send.Item1.IsDraining)
            {
                return false;
            }

            var chosen = send.Item1._options.ConnectionType == ConnectionType.UdpFast ? send.sendOptions with { Transport = TransportClass.Fast } : send.sendOptions;
            send.Item1.WantDatagrams(chosen.Transport);
            session.SendOneWay(send.message, chosen);
            return true;
        });

    /// <summary>True while messages that prefer datagrams go by them.</summary>
    public bool AreDatagramsReady => _pump.Use(0, static (session, _) => session.AreDatagramsReady);

    /// <summary>For tests: the datagrams go on from another port.</summary>
    public async Task RebindDatagramsAsync() => (await _datagrams.ConfigureAwait(false))?.Rebind();

    /// <summary>Keying material bound to this session (SPEC §2, "Key schedule").</summary>
    public byte[] Export(string label, ReadOnlyMemory<byte> context, int length) =>
        _pump.Use((label, context, length), static (session, request) =>
        {
            var output = new byte[request.length];
            session.Export(request.label, request.context.Span, output);
            return output;
        });

    /// <summary>Calls that this session did not answer and the next may send again. Each is given out once.</summary>
    public List<PendingCall> TakeUnanswered() =>
        _pump.Use(this, static (_, self) =>
        {
            var unanswered = self._unanswered;
            self._unanswered = [];
            return unanswered;
        });

    /// <summary>What is queued goes out, then Disconnect.</summary>
    public async Task CloseAsync()
    {
        _pump.Use(DisconnectReason.Normal, static (session, reason) =>
        {
            if (session.State == SessionState.Established)
            {
                session.CloseGracefully(reason);
            }
        });
        try
        {
            await _running.WaitAsync(CloseTimeout, _options.TimeProvider).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            Abort("The server did not take the last bytes in time.");
        }
    }

    public void Abort(string text) => _pump.Abort(XtmpErrorCode.ConnectionClosed, text);

    public async ValueTask DisposeAsync()
    {
        await _running.ConfigureAwait(false);
        await _over.CancelAsync().ConfigureAwait(false);
        if (await _datagrams.ConfigureAwait(false) is { } datagrams)
        {
            await datagrams.DisposeAsync().ConfigureAwait(false);
        }

        _over.Dispose();
        await _pump.DisposeAsync().ConfigureAwait(false);
    }

    void ISessionObserver.OnEvent(XtmpSession session, in SessionEvent sessionEvent)
    {
        switch (sessionEvent.Kind)
        {
            case SessionEventKind.TicketReceived:
                _endpoint.Tickets.Add(sessionEvent.Ticket!);
                break;
            case SessionEventKind.Item when _pending.TryGetValue(sessionEvent.ExchangeId, out var call):
                if (call.OnItem(in sessionEvent))
                {
                    Remove(sessionEvent.ExchangeId);
                    session.SendCancel(sessionEvent.ExchangeId);
                }

                break;
            case SessionEventKind.Response when Remove(sessionEvent.ExchangeId) is { } call:
                _quality.Answered(session.LastHeard - call.SentAt, failed: false);
                if (call.OnResponse(in sessionEvent))
                {
                    AddReply(call);
                }

                break;
            case SessionEventKind.End when Remove(sessionEvent.ExchangeId) is { } call:
                call.OnEnd();
                break;
            case SessionEventKind.Error when Remove(sessionEvent.ExchangeId) is { } call:
                _quality.Answered(session.LastHeard - call.SentAt, failed: true);
                OnError(call, sessionEvent.Error!);
                break;
            case SessionEventKind.Cancel when Remove(sessionEvent.ExchangeId) is { } call:
                call.OnFailed(new XtmpException(XtmpErrorCode.Cancelled, Fault.Peer, "The server gave the call up."));
                break;
            case SessionEventKind.Closed:
                Close(sessionEvent.Close!);
                break;
        }
    }

    ValueTask ISessionObserver.OnInputHandledAsync()
    {
        if (_answered > 0)
        {
            _answeredByLastRead = _answered;
            _answered = 0;
        }

        DeliverReplies();
        return default;
    }

    private void AddReply(PendingCall call)
    {
        PendingCall? first;
        do
        {
            call.NextAnswered = first = Volatile.Read(ref _replies);
        }
        while (Interlocked.CompareExchange(ref _replies, call, first) != first);
    }

    /// <summary>
    /// Outside of the session, which whoever goes on now will mostly call again. The latest reply first: of what a thread queues
    /// it takes the latest first.
    /// </summary>
    private void DeliverReplies()
    {
        var first = Interlocked.Exchange(ref _replies, null);
        var count = 0;
        for (var call = first; call is not null; call = call.NextAnswered)
        {
            count++;
        }

        var pump = count > 1 ? _pump : null;
        pump?.ExpectSenders(count);
        while (first is { } call)
        {
            first = call.NextAnswered;
            call.NextAnswered = null;
            call.Deliver(pump);
        }
    }

    /// <summary>The first message that prefers datagrams, either way, has them opened; until the path is there it takes the stream.</summary>
    private void WantDatagrams(TransportClass transport)
    {
        if (transport == TransportClass.Fast && !_wantsDatagrams && Established.DatagramEndpoint is { } announced)
        {
            _wantsDatagrams = true;
            _datagrams = Task.Run(() => SessionDatagrams.OpenAsync(_pump, announced, _endpoint.Address.Host, _over.Token));
        }
    }

    private void StartBound(PendingCall call)
    {
        if (Start(call) != StartResult.Sent)
        {
            throw new XtmpException(XtmpErrorCode.ConnectionLost, Fault.Network, $"{call.Method} was not sent: the session takes no more calls.", retryable: true);
        }
    }

    private StartResult Start(XtmpSession session, PendingCall call)
    {
        if (session.State != SessionState.Established || IsDraining)
        {
            return StartResult.Gone;
        }

        if (session.OutstandingRequests >= Established.PeerMaxConcurrentRequests || (_pending.Count > 0 && session.IsSendQueueFull))
        {
            _isFull = true;
            return StartResult.Full;
        }

        try
        {
            WantDatagrams(call.Method.Reply?.Transport ?? default);
            var exchange = session.SendRequest(Traced(call), call.SendOptions);
            _pending.Add(exchange, call);
            Volatile.Write(ref _outstanding, _pending.Count);
            // A caller that waits for one answer at a time sends its next request at once. Where a read has answered several,
            // their callers are about to send too, and all of it leaves in one write.
            if (_pending.Count == 1 && _answeredByLastRead <= 1)
            {
                _pump.WriteAtOnce();
            }

            if (!call.TryBegin(this, exchange, call.BegunAt ?? _clock.Monotonic))
            {
                Remove(exchange);
                session.SendCancel(exchange);
            }
        }
        catch (XtmpException error)
        {
            // The message itself cannot be sent, now or later: it is over what the server takes.
            call.OnFailed(error);
        }

        return StartResult.Sent;
    }

    private IXtmpMessage Traced(PendingCall call) =>
        call.Trace.SpanId != default && Established.PeerTakesTraceContext ? new TracedRequest(call.Request, call.Trace) : call.Request;

    // A silo that shuts down has not carried out what it refuses for that reason.
    private void OnError(PendingCall call, RemoteError error)
    {
        if (error.Code != XtmpErrorCode.ShuttingDown)
        {
            call.OnFailed(call.Method.ToTyped(error.ToException()));
            return;
        }

        IsDraining = true;
        if (call.IsBound)
        {
            call.OnFailed(error.ToException());
        }
        else
        {
            _unanswered.Add(call);
        }

        OwnerWanted?.Invoke();
    }

    private void Close(SessionClose close)
    {
        foreach (var call in _pending.Values.OrderBy(call => call.Order))
        {
            if (call.OnSessionLost(close))
            {
                _unanswered.Add(call);
            }
        }

        _pending.Clear();
        Volatile.Write(ref _outstanding, 0);
        _closed.TrySetResult(close);
        OwnerWanted?.Invoke();
    }

    private PendingCall? Remove(ulong exchange)
    {
        if (!_pending.Remove(exchange, out var call))
        {
            return null;
        }

        _answered++;
        Volatile.Write(ref _outstanding, _pending.Count);
        if (_isFull)
        {
            _isFull = false;
            OwnerWanted?.Invoke();
        }

        return call;
    }

    // A connection that nobody will use: it may still be made, or have failed by itself.
    private static async Task DropAsync(Task<ILink> connecting)
    {
        try
        {
            var link = await connecting.ConfigureAwait(false);
            await link.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception error) when (error is XtmpException or OperationCanceledException)
        {
            // Already told, or of no interest any more.
        }
    }
}
