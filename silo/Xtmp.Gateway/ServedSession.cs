using System.Globalization;
using Microsoft.Extensions.Logging;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Gateway;

/// <summary>
/// One session at the gateway: requests in, calls to the invoker, answers out. Knows handlers only through the method
/// table.
/// </summary>
internal sealed partial class ServedSession : ISessionObserver, IAsyncDisposable
{
    private readonly GatewayServices _services;
    private readonly SessionPump _pump;
    private readonly TimeSpan _started;

    // Touched only while the pump holds the session.
    private readonly Dictionary<ulong, ServedCall> _calls = [];
    private CallerInfo? _caller;
    private SessionClose? _close;
    private EstablishedSession? _established;
    private Task _recorded = Task.CompletedTask;
    private bool _isRecorded;
    private long _requests;
    private bool _draining;

    public ServedSession(GatewayServices services, ServerSession session, ILink link)
    {
        _services = services;
        _started = services.Clock.Monotonic;
        _pump = new SessionPump(session, link, services.Clock, this, services.Options.Pump);
    }

    /// <summary>Runs until the session is over and all its calls have come back.</summary>
    public async Task RunAsync()
    {
        await _pump.RunAsync().ConfigureAwait(false);
        ServedCall[] left = _pump.Use(this, static (_, self) => self._calls.Values.ToArray());
        await Task.WhenAll(left.Select(call => call.Completion)).ConfigureAwait(false);
        await RecordEndAsync().ConfigureAwait(false);
        LogEnd();
    }

    /// <summary>Takes no more requests; when the last one in flight is answered, the session closes in order.</summary>
    public void StartDrain() =>
        _pump.Use(this, static (session, self) =>
        {
            self._draining = true;
            self.CloseWhenDrained(session);
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
                OnOneWay(in sessionEvent);
                break;
            case SessionEventKind.Cancel when _calls.TryGetValue(sessionEvent.ExchangeId, out var call):
                call.Cancel();
                break;
            case SessionEventKind.CreditAvailable when _calls.TryGetValue(sessionEvent.ExchangeId, out var call):
                call.CreditArrived();
                break;
            case SessionEventKind.Closed:
                _close = sessionEvent.Close;
                foreach (var call in _calls.Values)
                {
                    call.OnSessionClosed();
                }

                break;
        }
    }

    private void OnEstablished(EstablishedSession established)
    {
        _established = established;
        _caller = new CallerInfo
        {
            SessionId = established.SessionId,
            PeerAddress = _pump.PeerAddress,
            IdentityFingerprint = established.ClientFingerprint is { } fingerprint ? fingerprint.ToArray() : default,
        };
        LogOpened(_services.Logger, _pump.PeerAddress, established.SessionId.ToString("x16", CultureInfo.InvariantCulture));
        if (established.ClientFingerprint is not null)
        {
            RecordStart();
        }
    }

    private void OnRequest(XtmpSession session, in SessionEvent request)
    {
        _requests++;
        if (_draining)
        {
            session.SendError(request.ExchangeId, XtmpErrorCode.ShuttingDown, "The silo is shutting down.", retryable: true);
            return;
        }

        if (!TryRead(in request, out var method, out var message, out var refusal))
        {
            session.SendError(request.ExchangeId, refusal!.Code, refusal.Message, refusal.Field);
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

        var call = new ServedCall(request.ExchangeId, method, message!, caller);
        _calls.Add(request.ExchangeId, call);
        call.Completion = Task.Run(() => ServeAsync(call));
    }

    private void OnOneWay(in SessionEvent message)
    {
        if (!TryRead(in message, out var method, out var request, out var refusal))
        {
            // One-way messages are never answered, not even with an error (WIRE section 4).
            LogDropped(_services.Logger, _pump.PeerAddress, message.Code, refusal!.Message);
            return;
        }

        if (method is IOneWayMethod oneWay && !_draining)
        {
            var context = new CallContext(Caller: _caller);
            _ = Task.Run(async () =>
            {
                try
                {
                    await oneWay.SendAsync(_services.Invoker, request!, context).ConfigureAwait(false);
                }
                catch (Exception error)
                {
                    LogDropped(_services.Logger, _pump.PeerAddress, method.Code, error.Message);
                }
            });
        }
    }

    /// <summary>Everything a message must be before a handler sees it; otherwise what the peer is told.</summary>
    private bool TryRead(in SessionEvent message, out MethodDescriptor? method, out IXtmpMessage? request, out XtmpException? refusal)
    {
        request = null;
        refusal = null;
        method = _services.Methods.Find(message.Code);
        if (method is null)
        {
            refusal = new XtmpException(XtmpErrorCode.UnknownMessageType, Fault.Peer, $"This silo does not know message type 0x{message.Code:X2}.");
            return false;
        }

        var isOneWay = message.Kind == SessionEventKind.OneWay;
        if (isOneWay != method is IOneWayMethod)
        {
            refusal = new XtmpException(XtmpErrorCode.UnknownMessageType, Fault.Peer, $"{method.Request.Name} does not travel as a {(isOneWay ? "one-way message" : "request")}.");
            return false;
        }

        var payload = message.Payload.Span;
        var status = method.TryDecodeRequest(payload, _services.Options.DecodeLimits, out request, out var consumed, out var error);
        if (status == DecodeStatus.Ok && !PayloadPadding.IsValid(payload, consumed))
        {
            error = new DecodeError(status = DecodeStatus.TrailingBytes, consumed, null);
        }

        if (status != DecodeStatus.Ok)
        {
            var code = status == DecodeStatus.ConstraintViolated ? XtmpErrorCode.PayloadInvalid : XtmpErrorCode.PayloadMalformed;
            refusal = new XtmpException(code, Fault.Peer, $"{method.Request.Name} cannot be read: {error}.", error.Field);
            return false;
        }

        if (_caller!.Level < method.Request.Authentication)
        {
            refusal = new XtmpException(XtmpErrorCode.AuthenticationRequired, Fault.Peer, $"{method.Request.Name} needs {(method.Request.Authentication == AuthenticationLevel.Wallet ? "an authenticated wallet" : "a client identity")}.");
            return false;
        }

        return true;
    }

    private void CloseWhenDrained(XtmpSession session)
    {
        // Streams have no end of their own; the peer learns from Disconnect that they are over.
        if (_draining && session.State == SessionState.Established && !_calls.Values.Any(call => call.Method is IUnaryMethod))
        {
            session.CloseGracefully(DisconnectReason.ShuttingDown, "The silo is shutting down.");
        }
        else if (_draining && session.State == SessionState.Handshaking)
        {
            session.Abort(XtmpErrorCode.ShuttingDown, "The silo is shutting down.");
        }
    }
}
