using Microsoft.Extensions.Logging;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Session;

namespace Xtmp.Gateway;

/// <content>Running calls and giving their outcome to the session.</content>
internal sealed partial class ServerConnection
{
    private const int WalletBindingSize = 32;
    private const string WalletBindingLabel = "wallet auth";

    /// <summary>Takes a call in; it starts when its turn comes.</summary>
    private void Enqueue(XtmpSession session, InboundCall call)
    {
        if (call.ExchangeId != 0)
        {
            _calls.Add(call.ExchangeId, call);
        }

        if (call.IsStream)
        {
            // A stream lives for long; it has a limit of its own and does not hold up calls.
            _streams++;
            Start(call);
        }
        else
        {
            _waiting.Enqueue(call);
            StartWaiting(session);
        }
    }

    /// <summary>Starts calls in the order in which they came, so many at a time, and none while their answers have no room.</summary>
    private void StartWaiting(XtmpSession session)
    {
        while (_running < MaxRunning && !session.IsSendQueueFull && _waiting.TryDequeue(out var call))
        {
            _running++;
            Start(call);
        }
    }

    private void Start(InboundCall call) => call.Completion = Task.Run(() => ServeAsync(call));

    private async Task ServeAsync(InboundCall call)
    {
        try
        {
            switch (call.Method)
            {
                case IUnaryMethod unary:
                    await ServeUnaryAsync(call, unary).ConfigureAwait(false);
                    break;
                case IStreamMethod stream:
                    await ServeStreamAsync(call, stream).ConfigureAwait(false);
                    break;
                case IOneWayMethod oneWay:
                    await oneWay.SendAsync(_services.Invoker, call.Request, new CallContext(Caller: call.Caller)).ConfigureAwait(false);
                    break;
            }
        }
        catch (Exception error) when (call.ExchangeId == 0)
        {
            _pump.Use((this, call, error), static (_, dropped) => dropped.Item1.CountDrop(dropped.call.Method.Code, dropped.error.Message));
        }
        catch (OperationCanceledException) when (call.Cancelled.IsCancellationRequested)
        {
            Fail(call, XtmpErrorCode.Cancelled, "The call was cancelled.");
        }
        catch (XtmpException error) when (error.Fault != Fault.Local)
        {
            Fail(call, error.Code, error.Message, error.Field, error.Retryable, error.RetryAfter);
        }
        catch (XtmpException error)
        {
            // This silo's own trouble: the peer learns the code, the log the rest.
            LogFailed(_services.Logger, error, _pump.PeerAddress, call.Method.ToString());
            Fail(call, error.Code, "The silo could not carry out the call.", retryable: error.Retryable, retryAfter: error.RetryAfter);
        }
        catch (Exception error)
        {
            LogFailed(_services.Logger, error, _pump.PeerAddress, call.Method.ToString());
            Fail(call, XtmpErrorCode.Internal, "The silo could not carry out the call.");
        }
        finally
        {
            _pump.Use((this, call), static (session, served) => served.Item1.Ended(session, served.call));
        }
    }

    private void Ended(XtmpSession session, InboundCall call)
    {
        _calls.Remove(call.ExchangeId);
        if (call.IsStream)
        {
            _streams--;
            _services.Streams.Leave(call.StreamKey);
        }
        else
        {
            _running--;
        }

        StartWaiting(session);
        CloseWhenDrained(session);
    }

    private async Task ServeUnaryAsync(InboundCall call, IUnaryMethod unary)
    {
        var context = new CallContext(call.Cancelled, _services.Options.CallTimeout, call.Caller);
        var reply = await unary.InvokeAsync(_services.Invoker, call.Request, context).ConfigureAwait(false);
        if (TryRespond(call, reply))
        {
            return;
        }

        // The answer waits for room. What it takes meanwhile counts.
        var size = reply.GetEncodedSize();
        _pump.Use((_pump, size), static (_, held) => held._pump.HoldBytes(held.size));
        try
        {
            while (!TryRespond(call, reply))
            {
                // Not the call's cancellation: what has happened is told, unless the session is gone.
                await call.WaitAsync(CancellationToken.None).ConfigureAwait(false);
            }
        }
        finally
        {
            _pump.Use((_pump, size), static (_, held) => held._pump.HoldBytes(-held.size));
        }
    }

    /// <summary>Answers; false where the send queue has no room now.</summary>
    private bool TryRespond(InboundCall call, IXtmpMessage reply) => _pump.Use((this, call, reply), static (session, answer) =>
    {
        if (answer.call.Method.AuthenticatesWallet)
        {
            answer.Item1.BindWallet(WalletOf(answer.call.Method, answer.call.Request));
        }

        if (session.State != SessionState.Established)
        {
            return true;
        }

        if (session.IsSendQueueFull)
        {
            return false;
        }

        session.SendResponse(answer.call.ExchangeId, answer.reply, answer.reply.Info.Compressible);
        return true;
    });

    private async Task ServeStreamAsync(InboundCall call, IStreamMethod stream)
    {
        var context = new CallContext(call.Cancelled, Timeout: null, call.Caller);
        await foreach (var item in stream.InvokeAsync(_services.Invoker, call.Request, context).WithCancellation(call.Cancelled).ConfigureAwait(false))
        {
            while (true)
            {
                var result = _pump.Use((call.ExchangeId, item), static (session, next) =>
                    session.State != SessionState.Established ? SendItemResult.Gone
                    : session.IsSendQueueFull ? (SendItemResult?)null
                    : session.SendItem(next.ExchangeId, next.item, next.item.Info.Compressible));
                if (result == SendItemResult.Sent)
                {
                    break;
                }

                if (result == SendItemResult.Gone)
                {
                    return;
                }

                await call.WaitAsync(call.Cancelled).ConfigureAwait(false);
            }
        }

        _pump.Use(call.ExchangeId, static (session, exchange) =>
        {
            if (session.State == SessionState.Established)
            {
                session.SendEnd(exchange);
            }
        });
    }

    private void Fail(InboundCall call, XtmpErrorCode code, string text, string? field = null, bool retryable = false, TimeSpan? retryAfter = null) =>
        _pump.Use((call.ExchangeId, code, text, field, retryable, retryAfter), static (session, error) =>
        {
            if (session.State == SessionState.Established)
            {
                session.SendError(error.ExchangeId, error.code, error.text, error.field, error.retryable, error.retryAfter);
            }
        });

    /// <summary>The wallet that a call authenticates: the grain key, which the schema holds to 32 bytes.</summary>
    private static byte[] WalletOf(MethodDescriptor method, IXtmpMessage request) => Convert.FromHexString(method.GetKey(request, default));

    private void BindWallet(byte[] wallet)
    {
        if (_caller!.Wallet.Span.SequenceEqual(wallet))
        {
            return;
        }

        _caller = _caller with { Wallet = wallet };
        var caller = _caller;
        RecordStart();
        _recorded = _recorded.ContinueWith(
            _ => RecordAsync(sessions => sessions.WalletBoundAsync(
                new SessionWalletBound { SessionId = caller.SessionId, Wallet = caller.Wallet, At = _services.Clock.Now.Wall },
                new CallContext(Caller: caller)).AsTask()),
            TaskScheduler.Default).Unwrap();
    }

    /// <summary>
    /// Sessions in which somebody proved who they are leave a record. Anonymous ones leave none: anybody can open them, as
    /// many as the network carries.
    /// </summary>
    private void RecordStart()
    {
        if (_isRecorded)
        {
            return;
        }

        _isRecorded = true;
        var caller = _caller!;
        _recorded = RecordAsync(sessions => sessions.OpenedAsync(
            new SessionOpened
            {
                SessionId = caller.SessionId,
                PeerAddress = _pump.PeerAddress,
                Identity = caller.IdentityFingerprint is { IsEmpty: false } identity ? identity : (ReadOnlyMemory<byte>?)null,
                At = _services.Clock.Now.Wall,
            },
            new CallContext(Caller: caller)).AsTask());
    }

    private async Task RecordEndAsync()
    {
        if (!_isRecorded || _caller is not { } caller || _close is not { } close)
        {
            return;
        }

        await _recorded.ConfigureAwait(false);
        await RecordAsync(sessions => sessions.ClosedAsync(
            new SessionClosed
            {
                SessionId = caller.SessionId,
                Code = ToDisconnectCode(close.Reason),
                Reason = close.Reason.ToString(),
                Requests = (ulong)_requests,
                At = _services.Clock.Now.Wall,
            },
            new CallContext(Caller: caller)).AsTask()).ConfigureAwait(false);
    }

    private static DisconnectCode ToDisconnectCode(SessionCloseReason reason) => reason switch
    {
        SessionCloseReason.RemoteClose => DisconnectCode.Normal,
        SessionCloseReason.LocalClose => DisconnectCode.ShuttingDown,
        SessionCloseReason.IdleTimeout or SessionCloseReason.EndOfStream => DisconnectCode.Idle,
        SessionCloseReason.LimitExceeded => DisconnectCode.Overloaded,
        SessionCloseReason.KeyExhausted => DisconnectCode.SessionExpired,
        _ => DisconnectCode.ProtocolError,
    };

    /// <summary>Tells the session's grain; a silo that serves none, or cannot store it now, still serves the session.</summary>
    private async Task RecordAsync(Func<SessionClient, Task> record)
    {
        try
        {
            await record(new SessionClient(_services.Invoker)).ConfigureAwait(false);
        }
        catch (XtmpException error) when (error.Code == XtmpErrorCode.NotServed)
        {
            // Nothing keeps session records here.
        }
        catch (Exception error)
        {
            LogUnrecorded(_services.Logger, _pump.PeerAddress, error.Message);
        }
    }
}
