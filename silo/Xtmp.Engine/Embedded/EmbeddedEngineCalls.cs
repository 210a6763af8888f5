using System.Runtime.CompilerServices;
using Xtmp.Protocol;

namespace Xtmp.Engine;

/// <summary>The engine as a call invoker.</summary>
public sealed partial class EmbeddedEngine
{
    public ValueTask<TReply> InvokeAsync<TRequest, TReply>(UnaryMethod<TRequest, TReply> method, TRequest request, CallContext context)
        where TRequest : class, IXtmpMessage<TRequest>
        where TReply : class, IXtmpMessage<TReply> =>
        Call(method, request, context, caller: null);

    public IAsyncEnumerable<TItem> StreamAsync<TRequest, TItem>(StreamMethod<TRequest, TItem> method, TRequest request, CallContext context)
        where TRequest : class, IXtmpMessage<TRequest>
        where TItem : class, IXtmpMessage<TItem> =>
        OpenStream(method, request, context, caller: null);

    public ValueTask SendAsync<TRequest>(OneWayMethod<TRequest> method, TRequest request, CallContext context)
        where TRequest : class, IXtmpMessage<TRequest> =>
        Post(method, request, context, fromGrain: false);

    internal ValueTask<TReply> Call<TRequest, TReply>(UnaryMethod<TRequest, TReply> method, TRequest request, CallContext context, Turn? caller)
        where TRequest : class, IXtmpMessage<TRequest>
        where TReply : class, IXtmpMessage<TReply>
    {
        UnaryTurn<TRequest, TReply> turn;
        try
        {
            turn = new UnaryTurn<TRequest, TReply>(this, IdOf(method, request, context), caller, method, request, context, isInternal: false);
        }
        catch (XtmpException error)
        {
            // A key that is the caller's own, of a caller who has not proved it.
            return ValueTask.FromException<TReply>(error);
        }

        Dispatch(turn, context);
        return turn.Task;
    }

    internal async IAsyncEnumerable<TItem> OpenStream<TRequest, TItem>(
        StreamMethod<TRequest, TItem> method,
        TRequest request,
        CallContext context,
        Turn? caller,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
        where TRequest : class, IXtmpMessage<TRequest>
        where TItem : class, IXtmpMessage<TItem>
    {
        using var linked = LinkTokens(context.CancellationToken, cancellationToken);
        var token = linked?.Token ?? (cancellationToken.CanBeCanceled ? cancellationToken : context.CancellationToken);
        context = context with { CancellationToken = token };
        var id = IdOf(method, request, context);
        var turn = new StreamOpenTurn<TRequest, TItem>(this, id, caller, method, request, context);
        Dispatch(turn, context);
        var items = await turn.Task.ConfigureAwait(false);
        try
        {
            await using var enumerator = items.GetAsyncEnumerator(token);
            while (await MoveNextAsync(enumerator, id, token).ConfigureAwait(false))
            {
                yield return enumerator.Current;
            }
        }
        finally
        {
            turn.CloseSubscriptions();
        }
    }

    internal ValueTask Post<TRequest>(OneWayMethod<TRequest> method, TRequest request, CallContext context, bool fromGrain)
        where TRequest : class, IXtmpMessage<TRequest>
    {
        // Accepted is all a sender hears, so neither its cancellation nor its patience reaches the turn.
        var turn = new OneWayTurn<TRequest>(this, IdOf(method, request, context), method, request, context with { CancellationToken = default }, isInternal: false);
        var refused = Dispatch(turn, context, fromGrain);
        return refused is null ? ValueTask.CompletedTask : ValueTask.FromException(refused);
    }

    /// <summary>A delivery from the outbox: to the grain its sender named, and during a drain as well.</summary>
    internal ValueTask<TReply> Deliver<TRequest, TReply>(UnaryMethod<TRequest, TReply> method, GrainId target, TRequest request)
        where TRequest : class, IXtmpMessage<TRequest>
        where TReply : class, IXtmpMessage<TReply>
    {
        var turn = new UnaryTurn<TRequest, TReply>(this, target, caller: null, method, request, default, isInternal: false);
        Dispatch(turn, default, fromGrain: true);
        return turn.Task;
    }

    /// <inheritdoc cref="Deliver{TRequest,TReply}(UnaryMethod{TRequest,TReply},GrainId,TRequest)"/>
    internal ValueTask Deliver<TRequest>(OneWayMethod<TRequest> method, GrainId target, TRequest request)
        where TRequest : class, IXtmpMessage<TRequest>
    {
        var turn = new OneWayTurn<TRequest>(this, target, method, request, default, isInternal: false);
        Dispatch(turn, default, fromGrain: true);
        return new ValueTask(turn.Task);
    }

    /// <summary>Gives a turn of the engine itself to its grain.</summary>
    internal Task RunAsync(ActionTurn turn)
    {
        Dispatch(turn, default, fromGrain: true);
        return turn.Task;
    }

    /// <summary>Gives a timer's turn to the activation that started the timer, and to no successor.</summary>
    internal void RunTimer(Activation activation, TimerTurn turn)
    {
        _calls.Add();
        if (activation.Offer(turn) != Admission.Taken)
        {
            turn.Fail(new XtmpException(XtmpErrorCode.Cancelled, Fault.Local, "The grain was let go."));
        }
    }

    internal void TurnSettled(Turn turn) => _calls.Remove();

    private static GrainId IdOf<TRequest>(MethodDescriptor<TRequest> method, TRequest request, CallContext context)
        where TRequest : class, IXtmpMessage<TRequest> =>
        new(method.Handler, method.GetKey(request, context));

    private static CancellationTokenSource? LinkTokens(CancellationToken one, CancellationToken other) =>
        one.CanBeCanceled && other.CanBeCanceled && one != other ? CancellationTokenSource.CreateLinkedTokenSource(one, other) : null;

    // Items come from a grain's code: its bugs are logged here and named to nobody.
    private async ValueTask<bool> MoveNextAsync<TItem>(IAsyncEnumerator<TItem> items, GrainId id, CancellationToken cancellationToken)
    {
        try
        {
            return await items.MoveNextAsync().ConfigureAwait(false);
        }
        catch (Exception error) when (error is not XtmpException && !(error is OperationCanceledException && cancellationToken.IsCancellationRequested))
        {
            Report(id, "A stream of a grain failed.", error);
            throw new XtmpException(XtmpErrorCode.Internal, Fault.Peer, $"The stream of {id.Kind} failed.");
        }
    }

    // Settles the turn at once when it cannot be taken, and gives the reason.
    private XtmpException? Dispatch(Turn turn, CallContext context, bool fromGrain = false)
    {
        _calls.Add();
        var refused = Admit(turn, fromGrain);
        if (refused is not null)
        {
            turn.Fail(refused);
        }
        else if (!turn.IsSettled)
        {
            turn.Arm(context.Timeout ?? Options.CallTimeout);
        }

        return refused;
    }

    private XtmpException? Admit(Turn turn, bool fromGrain)
    {
        var id = turn.Target;
        if (_stopping && turn.Caller is null && !turn.IsInternal && !fromGrain)
        {
            return ShuttingDown();
        }

        if (!_kinds.TryGetValue(id.Kind, out var kind))
        {
            return new XtmpException(XtmpErrorCode.NotServed, Fault.Peer, $"This silo serves no '{id.Kind}'.");
        }

        if (!id.IsWellFormed)
        {
            return new XtmpException(XtmpErrorCode.PayloadInvalid, Fault.Peer, $"The key of a {id.Kind} is empty, too long, or holds characters that are not allowed.");
        }

        if (turn.Caller is { } caller)
        {
            if (turn.Depth > Options.MaxCallDepth)
            {
                return new XtmpException(XtmpErrorCode.CallCycle, Fault.Peer, $"Grains call each other more than {Options.MaxCallDepth} deep.");
            }

            for (var waiting = caller; waiting is not null; waiting = waiting.Caller)
            {
                if (waiting.Target == id)
                {
                    return new XtmpException(XtmpErrorCode.CallCycle, Fault.Peer, $"{id.Kind} is called by a chain of calls that it waits for itself.");
                }
            }
        }

        while (true)
        {
            if (!_activations.TryGetValue(id, out var activation))
            {
                if (ActivationCount >= Options.MaxActivations && !_collector.MakeRoom())
                {
                    return new XtmpException(XtmpErrorCode.Overloaded, Fault.Peer, "Too many grains are busy at once.", retryable: true);
                }

                var made = new Activation(this, kind, id);
                activation = _activations.GetOrAdd(id, made);
                if (ReferenceEquals(activation, made))
                {
                    Interlocked.Increment(ref _activationCount);
                }
            }

            if (turn.Caller is { } waiter && WouldWaitForItself(waiter, turn, activation))
            {
                return new XtmpException(
                    XtmpErrorCode.CallCycle,
                    Fault.Peer,
                    $"This call to a {id.Kind} and another one wait for each other.",
                    retryable: true);
            }

            switch (activation.Offer(turn))
            {
                case Admission.Taken:
                    return null;
                case Admission.Full:
                    Metrics.MailboxRefusals.Add(1);
                    return new XtmpException(XtmpErrorCode.Overloaded, Fault.Peer, $"Too many calls wait for this {id.Kind}.", retryable: true);
                default:
                    Forget(activation);
                    break;
            }
        }
    }

    // Follows who waits for whom from the called grain. Each side publishes its own wait before it looks, so of two calls
    // that cross at least one sees the other.
    private static bool WouldWaitForItself(Turn waiter, Turn call, Activation called)
    {
        call.Activation = called;
        Interlocked.Exchange(ref waiter.WaitingOn, call);
        var at = called;
        for (var steps = 0; steps < 64; steps++)
        {
            if (at?.Current is not { } running)
            {
                return false;
            }

            if (ReferenceEquals(running, waiter))
            {
                return true;
            }

            at = Volatile.Read(ref running.WaitingOn)?.Activation;
        }

        return false;
    }
}
