using System.Diagnostics;
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

    // A look at the clock for every call would be a part of what a quick one costs.
    private const int CallsPerLook = 4;

    // The session is taken once for so many answers.
    private const int MaxAnsweredTogether = 64;

    // A list for the calls of the next read.
    [ThreadStatic]
    private static List<InboundCall>? t_spare;

    /// <summary>Takes a call in; it starts when its turn comes.</summary>
    private void Enqueue(XtmpSession session, ulong exchangeId, MethodDescriptor method, IXtmpMessage request, int size, CallerInfo caller, string? streamKey = null, ActivityContext trace = default)
    {
        var call = InboundCalls.Take();
        call.Begin(this, exchangeId, method, request, caller, streamKey, trace, session.LastHeard);
        if (exchangeId != 0)
        {
            (_calls ??= []).Add(exchangeId, call);
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
        else if (_running < MaxRunning && WaitingCalls == 0 && !session.IsSendQueueFull)
        {
            _running++;
            AddRead(call);
        }
        else
        {
            Hold(call, size);
            (_waiting ??= new()).Enqueue(call);
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
        while (_running < MaxRunning && !session.IsSendQueueFull && _waiting is { } waiting && waiting.TryDequeue(out var call))
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
        if (TakeRead() is not { } read)
        {
            return default;
        }

        var end = _services.Clock.Monotonic + MaxInlineTime;
        var isLate = false;
        var ended = 0;
        for (var index = 0; index < read.Count; index++)
        {
            var call = read[index];
            isLate |= index % CallsPerLook == CallsPerLook - 1 && _services.Clock.Monotonic >= end;
            if (isLate)
            {
                ThreadPool.UnsafeQueueUserWorkItem(call, preferLocal: false);
            }
            else if (Start(call))
            {
                read[ended++] = call;
                if (ended == MaxAnsweredTogether)
                {
                    Answer(read, ended);
                    ended = 0;
                }
            }
        }

        Answer(read, ended);
        read.Clear();
        t_spare = read;
        return default;
    }

    private void AddRead(InboundCall call)
    {
        InboundCall? last;
        do
        {
            call.Earlier = last = Volatile.Read(ref _read);
        }
        while (Interlocked.CompareExchange(ref _read, call, last) != last);
    }

    /// <summary>In the order in which they came; null where there are none.</summary>
    private List<InboundCall>? TakeRead()
    {
        if (Volatile.Read(ref _read) is null || Interlocked.Exchange(ref _read, null) is not { } last)
        {
            return null;
        }

        var read = t_spare ?? [];
        t_spare = null;
        for (InboundCall? call = last; call is not null;)
        {
            read.Add(call);
            (call, call.Earlier) = (call.Earlier, null);
        }

        read.Reverse();
        return read;
    }

    /// <summary>Runs a call; its end is <see cref="Ended"/>.</summary>
    public void Serve(InboundCall call)
    {
        if (Start(call) && !_pump.Use((this, call), static (session, answer) => answer.Item1.TryRespond(session, answer.call, answer.Item1._services.Clock.Monotonic)))
        {
            _ = ServeAsync(call, new(call.Reply!));
        }
    }

    /// <summary>Begins a call. True where it has its reply already; what has to wait goes on by itself.</summary>
    private bool Start(InboundCall call)
    {
        _services.Metrics.Began(call.Method);
        call.Span = CallSpans.Begin(call.Method, call.Trace);
        if (call.Method is not IUnaryMethod unary)
        {
            _ = ServeAsync(call, default);
            return false;
        }

        ValueTask<IXtmpMessage> reply;
        try
        {
            reply = unary.InvokeAsync(_services.Invoker, call.Request, new CallContext(call.Cancelled, _services.Options.CallTimeout, call.Caller));
        }
        catch (Exception error)
        {
            reply = ValueTask.FromException<IXtmpMessage>(error);
        }

        if (reply.IsCompletedSuccessfully)
        {
            call.Reply = reply.Result;
            return true;
        }

        _ = ServeAsync(call, reply);
        return false;
    }

    /// <summary>Answers calls that have their replies; those that find no room, or no way to be sent, go on by themselves.</summary>
    private void Answer(List<InboundCall> calls, int count)
    {
        if (count == 0)
        {
            return;
        }

        var left = _pump.Use((this, calls, count), static (session, answer) =>
        {
            var (self, calls, count) = answer;
            var left = 0;
            var now = self._services.Clock.Monotonic;
            for (var index = 0; index < count; index++)
            {
                var call = calls[index];
                if (!self.TryRespond(session, call, now))
                {
                    calls[left++] = call;
                }
            }

            return left;
        });
        for (var index = 0; index < left; index++)
        {
            _ = ServeAsync(calls[index], new(calls[index].Reply!));
        }
    }

    /// <summary>What of a call does not end at once.</summary>
    private async Task ServeAsync(InboundCall call, ValueTask<IXtmpMessage> reply)
    {
        var hasEnded = false;
        try
        {
            switch (call.Method)
            {
                case IUnaryMethod:
                    call.Reply = await reply.ConfigureAwait(false);
                    await RespondAsync(call).ConfigureAwait(false);
                    hasEnded = true;
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
                _pump.Use((this, call), static (session, served) => served.Item1.Ended(session, served.call, served.Item1._services.Clock.Monotonic));
            }
        }
    }

    // From here on the call may be another one already.
    private void Ended(XtmpSession session, InboundCall call, TimeSpan now)
    {
        _calls?.Remove(call.ExchangeId);
        if (call.HeldBytes > 0)
        {
            Hold(call, 0);
        }

        var took = now - call.ArrivedAt;
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

        InboundCalls.Give(call);
        if (--_open == 0)
        {
            _allEnded?.TrySetResult();
        }

        StartWaiting(session);
        CloseWhenDrained(session);
    }

    /// <summary>Answers, which ends the call; waits where the send queue has no room now.</summary>
    private async ValueTask RespondAsync(InboundCall call)
    {
        if (TryRespond(call))
        {
            return;
        }

        // The answer waits for room. What it takes meanwhile counts.
        var size = call.Reply!.GetEncodedSize();
        _pump.Use((_pump, size), static (_, held) => held._pump.HoldBytes(held.size));
        try
        {
            do
            {
                // Not the call's cancellation: what has happened is told, unless the session is gone.
                await call.WaitAsync(CancellationToken.None).ConfigureAwait(false);
            }
            while (!TryRespond(call));
        }
        finally
        {
            _pump.Use((_pump, size), static (_, held) => held._pump.HoldBytes(-held.size));
        }
    }

    private bool TryRespond(InboundCall call) => _pump.Use((this, call), static (session, answer) =>
    {
        var (self, call) = answer;
        if (session.State == SessionState.Established && session.IsSendQueueFull)
        {
            call.ExpectToWait();
            return false;
        }

        self.Respond(session, call, self._services.Clock.Monotonic);
        return true;
    });

    /// <summary>False where the call has to go on by itself: the send queue has no room, or what cannot be sent is to be told.</summary>
    private bool TryRespond(XtmpSession session, InboundCall call, TimeSpan now)
    {
        if (session.State == SessionState.Established && session.IsSendQueueFull)
        {
            return false;
        }

        try
        {
            Respond(session, call, now);
            return true;
        }
        catch (XtmpException)
        {
            return false;
        }
    }

    private void Respond(XtmpSession session, InboundCall call, TimeSpan now)
    {
        if (call.Method.AuthenticatesWallet)
        {
            BindWallet(WalletOf(call.Method, call.Request));
        }

        if (session.State == SessionState.Established)
        {
            session.SendResponse(call.ExchangeId, call.Reply!, call.Reply!.Info.Compressible);
            if (_open == 1)
            {
                _pump.WriteAtOnce();
            }
        }

        Ended(session, call, now);
    }

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
