using System.Diagnostics;
using System.Text;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Gateway;

/// <summary>
/// One session at the gateway: requests in, calls to the invoker, answers out. Knows handlers only through the method
/// table. Checks come before work, the cheapest first: who may call, how often, how many at a time.
/// </summary>
internal sealed partial class ServerConnection : ISessionObserver, IAsyncDisposable
{
    private const string OverloadedText = "The silo has too much to do for this session now.";

    private static readonly TimeSpan OverloadedRetry = TimeSpan.FromMilliseconds(200);

    private readonly GatewayServices _services;
    private readonly SessionPump _pump;
    private readonly AdmittedPeer _peer;
    private readonly TimeSpan _started;

    // Touched only while the pump holds the session. Made on first use, as all that most sessions at rest have never needed.
    private Dictionary<ulong, InboundCall>? _calls;
    private Queue<InboundCall>? _waiting;
    private SessionBuckets? _buckets;
    private TaskCompletionSource? _allEnded;
    private CallerInfo? _caller;
    private SessionClose? _close;
    private EstablishedSession? _established;
    private SessionQuality? _quality;
    private ITimer? _anonymousEnd;
    private Task _recorded = Task.CompletedTask;
    private bool _isRecorded;
    private long _requests;
    private int _open;
    private int _running;
    private int _streams;
    private bool _draining;

    // The last of a list of calls that were read and are not started yet. The stream and the datagrams are read apart.
    private InboundCall? _read;

    public ServerConnection(GatewayServices services, XtmpSession session, ILink link, AdmittedPeer peer)
    {
        _services = services;
        _peer = peer;
        _started = services.Clock.Monotonic;
        _pump = new SessionPump(session, link, services.Clock, this, services.Pump);
    }

    private int MaxRunning => _caller is { Level: AuthenticationLevel.None } ? _services.Options.MaxRunningCallsAnonymous : _services.Options.MaxRunningCalls;

    private int WaitingCalls => _waiting?.Count ?? 0;

    private IEnumerable<InboundCall> OpenCalls => _calls is { } calls ? calls.Values : [];

    /// <summary>Runs until the session is over; <see cref="EndAsync"/> follows in any case.</summary>
    public Task RunAsync() => _pump.RunAsync();

    /// <summary>Waits for the session's calls to come back, and settles its accounts.</summary>
    public async Task EndAsync()
    {
        await _pump.Use(this, static (_, self) => self.EndCalls()).ConfigureAwait(false);
        _anonymousEnd?.Dispose();
        CountEnd();
        await RecordEndAsync().ConfigureAwait(false);
        LogEnd();
    }

    /// <summary>What its operator may know of the session.</summary>
    public GatewaySession Report() => _pump.Use(this, static (session, self) =>
        new GatewaySession(session.SessionId, self._streams, self._running, self._quality!.Report(session, self._services.Clock.Monotonic)));

    /// <summary>Takes no more requests; when the last one in flight is answered, the session closes in order.</summary>
    public void StartDrain() =>
        _pump.Use(this, static (session, self) =>
        {
            self._draining = true;
            self.CloseWhenDrained(session);
        });

    /// <summary>The gateway's options are others now: what the operator took away is taken away here.</summary>
    public void ApplyOptions() => _pump.Use(this, static (session, self) =>
    {
        if (self._caller is not { } caller || self._established is not { } established)
        {
            return;
        }

        self._caller = caller with { Roles = self.RolesOf(established) };
        session.CheckTrust(self._services.Clock.Now);
    });

    /// <summary>The session for an operator's eyes; null before its handshake is over.</summary>
    public SessionInfo? Describe() => _pump.Use(this, static (session, self) =>
        self._caller is not { } caller || self._established is not { } established ? null : new SessionInfo
        {
            SessionId = established.SessionId,
            PeerAddress = self._pump.PeerAddress,
            Client = established.ClientFingerprint,
            Level = caller.Level,
            Roles = caller.Roles,
            Resumed = established.Resumed,
            Age = self._services.Clock.Monotonic - self._started,
            Requests = self._requests,
            RunningCalls = self._running,
            WaitingCalls = self.WaitingCalls,
            OpenStreams = self._streams,
            HeldBytes = self._pump.HeldBytes,
            RoundTrip = session.RoundTrip,
            Statistics = session.Statistics,
        });

    public ValueTask DisposeAsync() => _pump.DisposeAsync();

    void ISessionObserver.OnEvent(XtmpSession session, in SessionEvent sessionEvent)
    {
        switch (sessionEvent.Kind)
        {
            case SessionEventKind.Established:
                OnEstablished(sessionEvent.Established!);
                break;
            case SessionEventKind.Request:
                OnRequest(session, in sessionEvent);
                break;
            case SessionEventKind.OneWay:
                OnOneWay(session, in sessionEvent);
                break;
            case SessionEventKind.Cancel when FindCall(sessionEvent.ExchangeId) is { } call:
                call.Cancel();
                break;
            case SessionEventKind.CreditAvailable when FindCall(sessionEvent.ExchangeId) is { } call:
                call.GoOn();
                break;
            case SessionEventKind.Closed:
                _close = sessionEvent.Close;
                _peer.HandshakeEnded();
                if (_established is not null)
                {
                    _services.Live.TryRemove(new KeyValuePair<ulong, ServerConnection>(_established.SessionId, this));
                }

                if (_established?.DatagramEndpoint is not null)
                {
                    _services.Datagrams?.Leave(_established.SessionId);
                }

                foreach (var call in OpenCalls)
                {
                    call.OnSessionClosed();
                }

                break;
        }
    }

    void ISessionObserver.OnRoom(XtmpSession session)
    {
        foreach (var call in OpenCalls)
        {
            call.GoOn();
        }

        StartWaiting(session);
    }

    /// <summary>Forgets the calls that wait; done when those that run have come back.</summary>
    private Task EndCalls()
    {
        _open -= WaitingCalls;
        _services.Metrics.ChangeWaiting(-WaitingCalls);
        _waiting = null;

        // Reading is over, so that nobody else starts what it brought last.
        _open -= TakeRead()?.Count ?? 0;

        if (_open == 0)
        {
            return Task.CompletedTask;
        }

        _allEnded = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return _allEnded.Task;
    }

    private InboundCall? FindCall(ulong exchangeId) => _calls?.GetValueOrDefault(exchangeId);

    private void OnEstablished(EstablishedSession established)
    {
        _peer.HandshakeEnded();
        _established = established;
        _quality = new SessionQuality(_services.Clock.Monotonic);
        _services.Live[established.SessionId] = this;
        _caller = new CallerInfo
        {
            SessionId = established.SessionId,
            PeerAddress = _pump.PeerAddress,
            IdentityFingerprint = established.ClientFingerprint is { } fingerprint ? fingerprint.ToArray() : default,
            Roles = RolesOf(established),
        };
        if (established.DatagramEndpoint is not null)
        {
            _services.Datagrams?.Enter(established.SessionId, _pump);
        }

        _services.Metrics.Opened(established.Resumed, _caller.Level);
        var schemas = string.Join(", ", established.SchemaMismatches);
        if (established.ClientFingerprint is not null)
        {
            LogIdentified(_services.Logger, _pump.PeerAddress, SessionName, ClientName, established.Resumed, schemas);
            RecordStart();
        }
        else
        {
            LogOpened(_services.Logger, _pump.PeerAddress, SessionName, established.Resumed, schemas);
            _anonymousEnd = _services.Clock.TimeProvider.CreateTimer(
                static state => ((ServerConnection)state!).EndAnonymous(), this, _services.Options.AnonymousLifetime, Timeout.InfiniteTimeSpan);
        }
    }

    private CallerRoles RolesOf(EstablishedSession established)
    {
        var options = _services.Options;
        return (established.ClientFingerprint is { } identity ? options.Roles.GetValueOrDefault(identity) : CallerRoles.None)
            | (established.PeerCertificate is { } certificate ? options.CertifiedRoles.GetValueOrDefault(certificate.Name) : CallerRoles.None);
    }

    private void EndAnonymous() => _pump.UseGuarded(this, static (session, self) =>
    {
        if (session.State == SessionState.Established && self._caller is { Level: AuthenticationLevel.None })
        {
            session.CloseGracefully(DisconnectReason.IdleTimeout, "A session in which nobody proves who they are lives only so long.");
        }
    });

    private void OnRequest(XtmpSession session, in SessionEvent request)
    {
        _requests++;
        if (_draining)
        {
            _services.Metrics.Refused(RefusalReason.Draining);
            session.SendError(request.ExchangeId, XtmpErrorCode.ShuttingDown, "The silo is shutting down.", retryable: true);
            return;
        }

        if (!TryRead(in request, out var method, out var message, out var trace, out var refusal) || !TryAdmit(session, method!, out refusal))
        {
            Refuse(session, request.ExchangeId, method, trace, refusal!);
            return;
        }

        var caller = _caller!;
        if (method!.AuthenticatesWallet)
        {
            // The value a wallet signs to authenticate in this session and no other (SPEC §2, "Key schedule").
            var binding = new byte[WalletBindingSize];
            session.Export(WalletBindingLabel, WalletOf(method, message!), binding);
            caller = caller with { WalletBinding = binding };
        }
        else if (message is DeviceAuthenticate device)
        {
            // The same for a device's proof.
            var binding = new byte[WalletBindingSize];
            session.Export(DeviceBindingLabel, Encoding.ASCII.GetBytes(device.DeviceId), binding);
            caller = caller with { WalletBinding = binding };
        }

        string? streamKey = null;
        if (method is IStreamMethod && (_streams >= _services.Options.MaxStreams || !_services.Streams.TryEnter(caller, out streamKey)))
        {
            _services.Metrics.Refused(RefusalReason.Quota);
            Refuse(session, request.ExchangeId, method, trace, new XtmpException(XtmpErrorCode.Overloaded, Fault.Peer, "Too many streams are open for this session or its identity.", retryable: true));
            return;
        }

        Enqueue(session, request.ExchangeId, method, message!, request.Payload.Length, caller, streamKey, trace);
    }

    private void Refuse(XtmpSession session, ulong exchangeId, MethodDescriptor? method, ActivityContext trace, XtmpException refusal)
    {
        session.SendError(exchangeId, refusal.Code, refusal.Message, refusal.Field, refusal.Retryable, refusal.RetryAfter);
        _quality!.Answered(TimeSpan.Zero, failed: true);
        _services.Metrics.Answered(method, refusal.Code);
        CallSpans.End(CallSpans.Begin(method, trace), method, refusal.Code);
    }

    private void OnOneWay(XtmpSession session, in SessionEvent message)
    {
        // One-way messages are never answered, not even with an error (SPEC §4).
        if (_draining)
        {
            return;
        }

        if (!TryRead(in message, out var method, out var request, out _, out var refusal) || !TryAdmit(session, method!, out refusal))
        {
            CountDrop(message.Code, refusal!.Message);
        }
        else if (WaitingCalls >= MaxRunning)
        {
            _services.Metrics.Refused(RefusalReason.Quota);
            CountDrop(message.Code, OverloadedText);
        }
        else
        {
            Enqueue(session, exchangeId: 0, method!, request!, message.Payload.Length, _caller!);
        }
    }

    /// <summary>Everything a message must be before a handler sees it; otherwise what the peer is told.</summary>
    private bool TryRead(in SessionEvent message, out MethodDescriptor? method, out IXtmpMessage? request, out ActivityContext trace, out XtmpException? refusal)
    {
        request = null;
        trace = default;
        refusal = null;
        method = _services.Methods.Find(message.Code);
        if (method is null)
        {
            _services.Metrics.Refused(RefusalReason.UnknownMessage);
            refusal = new XtmpException(XtmpErrorCode.UnknownMessageType, Fault.Peer, $"This silo does not know message type 0x{message.Code:X2}.");
            return false;
        }

        var isOneWay = message.Kind == SessionEventKind.OneWay;
        if (isOneWay != method is IOneWayMethod)
        {
            _services.Metrics.Refused(RefusalReason.UnknownMessage);
            refusal = new XtmpException(XtmpErrorCode.UnknownMessageType, Fault.Peer, $"{method.Request.Name} does not travel as a {(isOneWay ? "one-way message" : "request")}.");
            return false;
        }

        var payload = message.Payload.Span;
        var status = method.TryDecodeRequest(payload, _services.Options.DecodeLimits, out request, out var consumed, out var error);
        var traceLength = 0;
        if (status == DecodeStatus.Ok
            && ((!isOneWay && !TraceContext.TryRead(payload[consumed..], out trace, out traceLength)) || !PayloadPadding.IsValid(payload, consumed + traceLength)))
        {
            error = new DecodeError(status = DecodeStatus.TrailingBytes, consumed, null);
        }

        if (status != DecodeStatus.Ok)
        {
            _services.Metrics.Refused(RefusalReason.MalformedMessage);
            var code = status == DecodeStatus.ConstraintViolated ? XtmpErrorCode.PayloadInvalid : XtmpErrorCode.PayloadMalformed;
            refusal = new XtmpException(code, Fault.Peer, $"{method.Request.Name} cannot be read: {error}.", error.Field);
            return false;
        }

        return true;
    }

    /// <summary>Whether this caller may call that method now.</summary>
    private bool TryAdmit(XtmpSession session, MethodDescriptor method, out XtmpException? refusal)
    {
        refusal = null;
        var caller = _caller!;
        var reason = RefusalReason.Authentication;
        if (caller.Level < method.Request.Authentication)
        {
            refusal = new XtmpException(XtmpErrorCode.AuthenticationRequired, Fault.Peer, $"{method.Request.Name} needs {(method.Request.Authentication == AuthenticationLevel.Wallet ? "an authenticated wallet" : "a client identity")}.");
        }
        else if (method.Requires != CallerRoles.None && (caller.Roles & method.Requires) == 0)
        {
            reason = RefusalReason.Role;
            if ((_roleRefusals ??= new(_services.Clock)).Add(out var count))
            {
                LogRoleMissing(_services.Logger, _pump.PeerAddress, SessionName, ClientName, method.ToString(), method.Requires, count);
            }

            refusal = new XtmpException(XtmpErrorCode.PermissionDenied, Fault.Peer, $"{method.Request.Name} is for callers in the role {method.Requires}, which this silo has not granted to the session's identity.");
        }
        else if (_pump.IsOverBudget)
        {
            reason = RefusalReason.Memory;
            refusal = new XtmpException(XtmpErrorCode.Overloaded, Fault.Peer, "The silo is short of memory.", retryable: true, retryAfter: OverloadedRetry);
        }
        else if (!_services.Rates.TryTake(_buckets ??= new(), caller, _peer.Address, method.Cost, session.LastHeard, out var retryAfter))
        {
            reason = RefusalReason.Rate;
            refusal = new XtmpException(XtmpErrorCode.Overloaded, Fault.Peer, $"Too many calls that {(method.Cost == CallCost.Create ? "create" : method.Cost == CallCost.Verify ? "change or verify" : "read")} something.", retryable: true, retryAfter: retryAfter);
        }

        if (refusal is not null)
        {
            _services.Metrics.Refused(reason);
        }

        return refusal is null;
    }

    private void CloseWhenDrained(XtmpSession session)
    {
        // Streams have no end of their own; the peer learns from Disconnect that they are over.
        if (_draining && session.State == SessionState.Established && OpenCalls.All(call => call.IsStream) && WaitingCalls == 0)
        {
            session.CloseGracefully(DisconnectReason.ShuttingDown, "The silo is shutting down.");
        }
        else if (_draining && session.State == SessionState.Handshaking)
        {
            session.Abort(XtmpErrorCode.ShuttingDown, "The silo is shutting down.");
        }
    }
}
