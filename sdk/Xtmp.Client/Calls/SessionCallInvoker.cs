using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Client;

/// <summary>Carries the calls of generated clients over one session.</summary>
internal sealed class SessionCallInvoker(XtmpClientOptions options) : ICallInvoker, ISessionObserver
{
    // Touched only while the pump holds the session.
    private readonly Dictionary<ulong, PendingCall> _pending = [];
    private readonly TaskCompletionSource<EstablishedSession> _established = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<SessionClose> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ticketArrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private SessionPump? _pump;
    private SessionTicket? _ticket;

    public Task<EstablishedSession> Established => _established.Task;

    public Task<SessionClose> Closed => _closed.Task;

    /// <summary>The latest unused ticket, which is then forgotten here.</summary>
    public SessionTicket? TakeTicket() => Interlocked.Exchange(ref _ticket, null);

    /// <summary>Done when the server has sent a ticket; fails with the session.</summary>
    public Task TicketArrived => _ticketArrived.Task;

    public void Attach(SessionPump pump) => _pump = pump;

    public async ValueTask<TReply> InvokeAsync<TRequest, TReply>(UnaryMethod<TRequest, TReply> method, TRequest request, CallContext context)
        where TRequest : class, IXtmpMessage<TRequest>
        where TReply : class, IXtmpMessage<TReply>
    {
        Validate(method, request);
        context.CancellationToken.ThrowIfCancellationRequested();
        var call = new PendingUnaryCall<TReply>(method.Request, options.DecodeLimits);
        var exchange = Start(request, call, SendOptions.From(method.Request));
        try
        {
            var timeout = context.Timeout ?? options.CallTimeout;
            return await call.Task.WaitAsync(timeout, options.TimeProvider, context.CancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException) when (!call.Task.IsCompleted)
        {
            GiveUp(exchange);
            throw new XtmpException(
                method.Request.Idempotent ? XtmpErrorCode.Timeout : XtmpErrorCode.OutcomeUnknown,
                Fault.Network,
                $"{method} was not answered in time.",
                retryable: method.Request.Idempotent);
        }
        catch (OperationCanceledException) when (!call.Task.IsCompleted)
        {
            GiveUp(exchange);
            throw;
        }
    }

    public async IAsyncEnumerable<TItem> StreamAsync<TRequest, TItem>(
        StreamMethod<TRequest, TItem> method, TRequest request, CallContext context, [EnumeratorCancellation] CancellationToken enumeratorCancellation)
        where TRequest : class, IXtmpMessage<TRequest>
        where TItem : class, IXtmpMessage<TItem>
    {
        Validate(method, request);
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, enumeratorCancellation);
        cancellation.Token.ThrowIfCancellationRequested();
        var window = (ulong)options.StreamWindow;
        var call = new PendingStreamCall<TItem>(method.Request, options.DecodeLimits);
        var exchange = Start(request, call, SendOptions.From(method.Request) with { Stream = true, InitialCredit = window });
        var granted = window;
        var taken = 0UL;
        try
        {
            while (await WaitToReadAsync(call.Items, cancellation.Token).ConfigureAwait(false))
            {
                while (call.Items.TryRead(out var item))
                {
                    taken++;
                    if (granted - taken <= window / 2)
                    {
                        granted = taken + window;
                        _pump!.Use((exchange, granted), static (session, credit) => session.GrantCredit(credit.exchange, credit.granted));
                    }

                    yield return item;
                }
            }
        }
        finally
        {
            GiveUp(exchange);
        }
    }

    IAsyncEnumerable<TItem> ICallInvoker.StreamAsync<TRequest, TItem>(StreamMethod<TRequest, TItem> method, TRequest request, CallContext context) =>
        StreamAsync(method, request, context, CancellationToken.None);

    public ValueTask SendAsync<TRequest>(OneWayMethod<TRequest> method, TRequest request, CallContext context)
        where TRequest : class, IXtmpMessage<TRequest>
    {
        Validate(method, request);
        context.CancellationToken.ThrowIfCancellationRequested();
        _pump!.Use((request, options: SendOptions.From(method.Request)), static (session, message) => session.SendOneWay(message.request, message.options));
        return ValueTask.CompletedTask;
    }

    public void OnEvent(XtmpSession session, in SessionEvent sessionEvent)
    {
        switch (sessionEvent.Kind)
        {
            case SessionEventKind.Established:
                _established.TrySetResult(sessionEvent.Established!);
                break;
            case SessionEventKind.TicketReceived:
                Volatile.Write(ref _ticket, sessionEvent.Ticket);
                _ticketArrived.TrySetResult();
                break;
            case SessionEventKind.Response when _pending.TryGetValue(sessionEvent.ExchangeId, out var call):
                call.OnResponse(in sessionEvent);
                _pending.Remove(sessionEvent.ExchangeId);
                break;
            case SessionEventKind.Item when _pending.TryGetValue(sessionEvent.ExchangeId, out var call):
                if (call.OnItem(in sessionEvent))
                {
                    _pending.Remove(sessionEvent.ExchangeId);
                    session.SendCancel(sessionEvent.ExchangeId);
                }

                break;
            case SessionEventKind.End when _pending.Remove(sessionEvent.ExchangeId, out var call):
                call.OnEnd();
                break;
            case SessionEventKind.Error when _pending.Remove(sessionEvent.ExchangeId, out var call):
                call.OnFailed(sessionEvent.Error!.ToException());
                break;
            case SessionEventKind.Cancel when _pending.Remove(sessionEvent.ExchangeId, out var call):
                call.OnFailed(new XtmpException(XtmpErrorCode.Cancelled, Fault.Peer, "The server gave the call up."));
                break;
            case SessionEventKind.Closed:
                Close(sessionEvent.Close!);
                break;
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

    private static async ValueTask<bool> WaitToReadAsync<T>(ChannelReader<T> items, CancellationToken cancellationToken)
    {
        try
        {
            return await items.WaitToReadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (ChannelClosedException error) when (error.InnerException is XtmpException inner)
        {
            throw inner;
        }
    }

    private ulong Start(IXtmpMessage request, PendingCall call, SendOptions sendOptions) =>
        _pump!.Use((this, request, call, sendOptions), static (session, start) =>
        {
            var exchange = session.SendRequest(start.request, start.sendOptions);
            start.Item1._pending.Add(exchange, start.call);
            return exchange;
        });

    private void GiveUp(ulong exchange) =>
        _pump!.Use((this, exchange), static (session, given) =>
        {
            if (given.Item1._pending.Remove(given.exchange) && session.State == SessionState.Established)
            {
                session.SendCancel(given.exchange);
            }
        });

    private void Close(SessionClose close)
    {
        _established.TrySetException(close.ToException());
        _ticketArrived.TrySetException(close.ToException());
        _ = _ticketArrived.Task.Exception; // Nobody has to wait for a ticket.
        foreach (var call in _pending.Values)
        {
            call.OnClosed(close);
        }

        _pending.Clear();
        _closed.TrySetResult(close);
    }
}
