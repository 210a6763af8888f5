using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Gateway;

/// <content>Running calls and giving their outcome to the session.</content>
internal sealed partial class ServerConnection
{
    private const int WalletBindingSize = 32;
    private const string WalletBindingLabel = "wallet auth";
    private const string DeviceBindingLabel = "zklock";

    // A request of at least so many bytes counts among what is held for the peer from its arrival; a smaller one only where it
    // has to wait: so many run at most.
    private const int LargeRequestBytes = 4096;

    // Calls of one read are started by the thread that read them for so long; further ones by the pool.
    private static readonly TimeSpan MaxInlineTime = TimeSpan.FromMilliseconds(1);

    /// <summary>Takes a call in; it starts when its turn comes.</summary>
    private void Enqueue(XtmpSession session, ulong exchangeId, MethodDescriptor method, IXtmpMessage request, int size, CallerInfo caller, string? streamKey = null, ActivityContext trace = default)
    {
        var call = _services.Calls.Take();
        call.Begin(this, exchangeId, method, request, caller, streamKey, trace, session.LastHeard);
        if (exchangeId != 0)
        {
            _calls.Add(exchangeId, call);
        }

        _open++;
        if (size >= LargeRequestBytes)
        {
            Hold(call, size);
        }

        if (call.IsStream)
        {
            // A stream lives for long; it has a limit of its own and does not hold up calls.
            _streams++;
            _services.Metrics.StreamOpened();
            AddRead(call);
        }
        else if (_running < MaxRunning && _waiting.Count == 0 && !session.IsSendQueueFull)
        {
            _running++;
            AddRead(call);
        }
        else
        {
            Hold(call, size);
            _waiting.Enqueue(call);
            _services.Metrics.ChangeWaiting(1);
        }
    }

    private void Hold(InboundCall call, int size)
    {
        _pump.HoldBytes(size - call.HeldBytes);
        call.HeldBytes = size;
    }

    /// <summary>Starts calls in the order in which they came, so many at a time, and none while their answers have no room.</summary>
    private void StartWaiting(XtmpSession session)
    {
        while (_running < MaxRunning && !session.IsSendQueueFull && _waiting.TryDequeue(out var call))
        {
            _services.Metrics.ChangeWaiting(-1);
            _running++;
            ThreadPool.UnsafeQueueUserWorkItem(call, preferLocal: true);
        }
    }

    /// <summary>
    /// The calls of one read, on the thread that has read them: most end at once, and their answers leave in one write. Where
    /// that takes long, the rest goes to the pool.
    /// </summary>
    ValueTask ISessionObserver.OnInputHandledAsync()
    {
        TimeSpan? end = null;
        while (TryTakeRead(out var call))
        {
            var now = _services.Clock.Monotonic;
            end ??= now + MaxInlineTime;
            if (now < end)
            {
                Serve(call);
            }
            else
            {
                ThreadPool.UnsafeQueueUserWorkItem(call, preferLocal: false);
            }
        }

        return default;
    }

    private void AddRead(InboundCall call)
    {
        lock (_read)
        {
            _read.Enqueue(call);
        }
    }

    private bool TryTakeRead([NotNullWhen(true)] out InboundCall? call)
    {
        lock (_read)
        {
            return _read.TryDequeue(out call);
        }
    }

    /// <summary>Runs a call; its end is <see cref="Ended"/>.</summary>
    public void Serve(InboundCall call) => _ = ServeAsync(call);

    private async Task ServeAsync(InboundCall call)
    {
        var hasEnded = false;
        _services.Metrics.Began(call.Method);
        call.Span = CallSpans.Begin(call.Method, call.Trace);
        try
        {
            switch (call.Method)
            {
                case IUnaryMethod unary:
                    hasEnded = await ServeUnaryAsync(call, unary).ConfigureAwait(false);
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
            Fail(call, error.Code, error.Message, error.Field, error.Retryable, error.RetryAfter, error.EncodedDetail);
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
            if (!hasEnded)
            {
                _pump.Use((this, call), static (session, served) => served.Item1.Ended(session, served.call));
            }
        }
    }

    // From here on the call may be another one already.
    private void Ended(XtmpSession session, InboundCall call)
    {
        _calls.Remove(call.ExchangeId);
        if (call.HeldBytes > 0)
        {
            Hold(call, 0);
        }

        var took = _services.Clock.Monotonic - call.ArrivedAt;
        if (call.ExchangeId != 0 && !call.IsStream)
        {
            _quality!.Answered(took, call.Outcome != XtmpErrorCode.None);
        }

        _services.Metrics.Ended(call.Method, call.Outcome, took);
        CallSpans.End(call.Span, call.Method, call.Outcome);
        call.Span = null;
        if (call.IsStream)
        {
            _streams--;
            _services.Metrics.StreamClosed();
            _services.Streams.Leave(call.StreamKey);
        }
        else
        {
            _running--;
        }

        _services.Calls.Give(call);
        if (--_open == 0)
        {
            _allEnded?.TrySetResult();
        }

        StartWaiting(session);
        CloseWhenDrained(session);
    }

    /// <summary>True where the call has ended with its answer.</summary>
    private async ValueTask<bool> ServeUnaryAsync(InboundCall call, IUnaryMethod unary)
    {
        var context = new CallContext(call.Cancelled, _services.Options.CallTimeout, call.Caller);
        var reply = await unary.InvokeAsync(_services.Invoker, call.Request, context).ConfigureAwait(false);
        if (TryRespond(call, reply))
        {
            return true;
        }

        // The answer waits for room. What it takes meanwhile counts.
        var size = reply.GetEncodedSize();
        _pump.Use((_pump, size), static (_, held) => held._pump.HoldBytes(held.size));
        try
        {
            do
            {
                // Not the call's cancellation: what has happened is told, unless the session is gone.
                await call.WaitAsync(CancellationToken.None).ConfigureAwait(false);
            }
            while (!TryRespond(call, reply));
        }
        finally
        {
            _pump.Use((_pump, size), static (_, held) => held._pump.HoldBytes(-held.size));
        }

        return true;
    }

    /// <summary>Answers, which ends the call; false where the send queue has no room now.</summary>
    private bool TryRespond(InboundCall call, IXtmpMessage reply) => _pump.Use((this, call, reply), static (session, answer) =>
    {
        var (self, call, reply) = answer;
        if (call.Method.AuthenticatesWallet)
        {
            self.BindWallet(WalletOf(call.Method, call.Request));
        }

        if (session.State == SessionState.Established)
        {
            if (session.IsSendQueueFull)
            {
                call.ExpectToWait();
                return false;
            }

            session.SendResponse(call.ExchangeId, reply, reply.Info.Compressible);
            if (self._open == 1)
            {
                self._pump.WriteAtOnce();
            }
        }

        self.Ended(session, call);
        return true;
    });

    private async Task ServeStreamAsync(InboundCall call, IStreamMethod stream)
    {
        var context = new CallContext(call.Cancelled, Timeout: null, call.Caller);
        await foreach (var item in stream.InvokeAsync(_services.Invoker, call.Request, context).WithCancellation(call.Cancelled).ConfigureAwait(false))
        {
            while (true)
            {
                var result = _pump.Use((call, item), static (session, next) =>
                {
                    var sent = session.State != SessionState.Established ? SendItemResult.Gone
                        : session.IsSendQueueFull ? SendItemResult.NoCredit
                        : session.SendItem(next.call.ExchangeId, next.item, next.item.Info.Compressible);
                    if (sent == SendItemResult.NoCredit)
                    {
                        next.call.ExpectToWait();
                    }

                    return sent;
                });
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

    private void Fail(
        InboundCall call, XtmpErrorCode code, string text, string? field = null, bool retryable = false, TimeSpan? retryAfter = null, ReadOnlyMemory<byte> detail = default)
    {
        if (call.Method.AuthenticatesWallet)
        {
            CountFailedAuthentication(call, code);
        }

        _pump.Use((call, code, text, field, retryable, retryAfter, detail), static (session, error) =>
        {
            error.call.Outcome = error.code;
            if (session.State == SessionState.Established)
            {
                session.SendError(error.call.ExchangeId, error.code, error.text, error.field, error.retryable, error.retryAfter, error.detail.Span);
            }
        });
    }

    /// <summary>The wallet that a call authenticates: the grain key, which the schema holds to 32 bytes.</summary>
    private static byte[] WalletOf(MethodDescriptor method, IXtmpMessage request) => Convert.FromHexString(method.GetKey(request, default));

    private void BindWallet(byte[] wallet)
    {
        if (_caller!.Wallet.Span.SequenceEqual(wallet))
        {
            return;
        }

        var before = _caller.Level;
        _caller = _caller with { Wallet = wallet };
        var caller = _caller;
        _services.Metrics.LevelChanged(before, caller.Level);
        LogAuthenticated(_services.Logger, _pump.PeerAddress, SessionName, ClientName, Convert.ToHexStringLower(wallet));
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
        _services.Orders.Follow();
        _recorded = RecordAsync(sessions => sessions.OpenedAsync(
            new SessionOpened
            {
                SessionId = caller.SessionId,
                PeerAddress = _pump.PeerAddress,
                Identity = caller.IdentityFingerprint is { IsEmpty: false } identity ? identity : (ReadOnlyMemory<byte>?)null,
                At = _services.Clock.Now.Wall,
                Gateway = _services.Orders.Gateway,
            },
            new CallContext(Caller: caller)).AsTask());
    }

    /// <summary>An operator's order, from any thread.</summary>
    public void Carry(GatewayCommand order)
    {
        if (order.Order == GatewayOrder.Disconnect)
        {
            _pump.Use(order.Reason, static (session, reason) =>
            {
                if (session.State == SessionState.Established)
                {
                    session.CloseGracefully(DisconnectReason.Revoked, reason ?? "The operator closed the session.");
                }
            });
        }
        else if (order.Order == GatewayOrder.Report)
        {
            var (quality, requests) = _pump.Use(this, static (session, self) => (self.MeasureQuality(session), self._requests));
            _ = RecordAsync(sessions => sessions.MeasuredAsync(new SessionMeasured { SessionId = order.SessionId, Quality = quality, Requests = (ulong)requests }).AsTask());
        }
    }

    private ConnectionQuality MeasureQuality(XtmpSession session)
    {
        const double MegabitsPerByte = 8e-6;
        var report = _quality!.Report(session, _services.Clock.Monotonic);
        return new ConnectionQuality
        {
            LatencyMs = report.RoundTrip?.TotalMilliseconds ?? 0,
            PacketLoss = Math.Clamp(report.DatagramLoss ?? 0, 0, 1),
            ThroughputMbps = report.BytesReceivedPerSecond * MegabitsPerByte,
            ErrorRate = Math.Clamp(report.ErrorRate, 0, 1),
        };
    }

    private async Task RecordEndAsync()
    {
        if (!_isRecorded || _caller is not { } caller || _close is not { } close)
        {
            return;
        }

        var quality = _pump.Use(this, static (session, self) => self.MeasureQuality(session));

        await _recorded.ConfigureAwait(false);
        await RecordAsync(sessions => sessions.ClosedAsync(
            new SessionClosed
            {
                SessionId = caller.SessionId,
                Code = ToDisconnectCode(close.Reason),
                Reason = close.Reason.ToString(),
                Requests = (ulong)_requests,
                At = _services.Clock.Now.Wall,
                Quality = quality,
            },
            new CallContext(Caller: caller)).AsTask()).ConfigureAwait(false);
    }

    private static DisconnectCode ToDisconnectCode(SessionCloseReason reason) => reason switch
    {
        SessionCloseReason.RemoteClose => DisconnectCode.Normal,
        SessionCloseReason.LocalClose => DisconnectCode.ShuttingDown,
        SessionCloseReason.IdleTimeout or SessionCloseReason.PeerSilent or SessionCloseReason.EndOfStream => DisconnectCode.Idle,
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
