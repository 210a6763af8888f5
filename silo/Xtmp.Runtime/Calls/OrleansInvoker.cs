using System.Runtime.CompilerServices;
using Orleans.Runtime;
using Xtmp.Protocol;

namespace Xtmp.Runtime;

/// <summary>
/// Generated clients over Orleans: a call finds its grain wherever it is. A grain that is active in this silo is called
/// directly, without Orleans' messaging.
/// </summary>
/// <param name="services">The silo's.</param>
/// <param name="caller">The activation whose turn calls; null for calls from outside grains.</param>
/// <param name="calls">Where calls are counted, which counts them in the silo's activity too; null: there alone.</param>
internal sealed class OrleansInvoker(TurnServices services, Activation? caller, ActivityCounter? calls = null) : ICallInvoker
{
    private static readonly KeyValuePair<string, object?> Direct = new("way", "direct");
    private static readonly KeyValuePair<string, object?> ByMessage = new("way", "message");
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan MaxPause = TimeSpan.FromMilliseconds(250);

    private readonly ActivityCounter _calls = calls ?? services.Activity;

    public ValueTask<TReply> InvokeAsync<TRequest, TReply>(UnaryMethod<TRequest, TReply> method, TRequest request, CallContext context)
        where TRequest : class, IXtmpMessage<TRequest>
        where TReply : class, IXtmpMessage<TReply>
    {
        if (!_calls.TryAdd())
        {
            return ValueTask.FromException<TReply>(GrainSilo.ShuttingDown());
        }

        ValueTask<XtmpReply> pending;
        GrainId id;
        CallChain? chain;
        try
        {
            (id, chain) = Prepare(method, method.GetKey(request, context), waits: true);
            pending = CallAsync(services, id, new XtmpCall(method, request, context.Caller, chain), context);
        }
        catch (XtmpException error)
        {
            _calls.Remove();
            return ValueTask.FromException<TReply>(error);
        }

        if (pending.IsCompletedSuccessfully)
        {
            Done(chain, id);
            return pending.Result.Error is null ? new(pending.Result.Take<TReply>(method)) : AwaitAsync<TReply>(method, pending);
        }

        return FinishAsync<TReply>(method, pending, chain, id);
    }

    public async ValueTask SendAsync<TRequest>(OneWayMethod<TRequest> method, TRequest request, CallContext context)
        where TRequest : class, IXtmpMessage<TRequest>
    {
        if (!_calls.TryAdd())
        {
            throw GrainSilo.ShuttingDown();
        }

        try
        {
            // Accepted is all a sender hears, so its cancellation does not reach the turn.
            var (id, chain) = Prepare(method, method.GetKey(request, context), waits: false);
            (await CallAsync(services, id, new XtmpCall(method, request, context.Caller, chain), context with { CancellationToken = default }).ConfigureAwait(false)).ThrowIfRefused(method);
        }
        finally
        {
            _calls.Remove();
        }
    }

    public IAsyncEnumerable<TItem> StreamAsync<TRequest, TItem>(StreamMethod<TRequest, TItem> method, TRequest request, CallContext context)
        where TRequest : class, IXtmpMessage<TRequest>
        where TItem : class, IXtmpMessage<TItem> => FollowAsync(method, request, context);

    /// <summary>One call to its end, wherever the grain is, however often it moves.</summary>
    public static ValueTask<XtmpReply> CallAsync(TurnServices services, GrainId id, XtmpCall call, CallContext context)
    {
        // The common case in a line of its own: the grain is here, and its turn ends at once.
        if (services.Options.DirectCalls && services.Activations.TryFind(id, out var local))
        {
            services.Metrics.Calls.Add(1, Direct);
            var pending = local.CallAsync(call);
            return !pending.IsCompletedSuccessfully ? AwaitLocalAsync(services, id, call, context, pending)
                : pending.Result.IsMoved ? RepeatAsync(services, id, call, context, pending)
                : pending;
        }

        return RepeatAsync(services, id, call, context, first: null);
    }

    /// <summary>The next common case: a turn in this silo that waits for something, its commit for the most part, and then has its reply.</summary>
    private static async ValueTask<XtmpReply> AwaitLocalAsync(TurnServices services, GrainId id, XtmpCall call, CallContext context, ValueTask<XtmpReply> pending)
    {
        var timeout = context.Timeout ?? services.Options.CallTimeout;
        var started = services.Time.GetTimestamp();
        XtmpReply reply;
        try
        {
            reply = await pending.AsTask().WaitAsync(timeout, services.Time, context.CancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            call.Turn?.Cancel();
            return TimedOut(id.Kind);
        }
        catch (OperationCanceledException) when (context.CancellationToken.IsCancellationRequested)
        {
            call.Turn?.Cancel();
            throw;
        }

        if (!reply.IsMoved)
        {
            return reply;
        }

        if (timeout != Timeout.InfiniteTimeSpan)
        {
            var left = timeout - services.Time.GetElapsedTime(started);
            context = context with { Timeout = left > TimeSpan.Zero ? left : TimeSpan.Zero };
        }

        return await RepeatAsync(services, id, call, context, new(reply)).ConfigureAwait(false);
    }

    private static async ValueTask<XtmpReply> RepeatAsync(TurnServices services, GrainId id, XtmpCall call, CallContext context, ValueTask<XtmpReply>? first)
    {
        using var patience = new CallPatience(services.Time, context.Timeout ?? services.Options.CallTimeout, context.CancellationToken);
        for (var moves = 0; ; moves++)
        {
            var reply = await patience.WaitAsync(call, first ?? await StartAsync(services, id, call, patience).ConfigureAwait(false)).ConfigureAwait(false);

            // A grain whose silo went is active elsewhere soon. What happened there already happens once, for such a call.
            var isLost = reply.Error?.InnerException is OrleansException && call.IsRepeatable;
            if (!reply.IsMoved && (!isLost || moves == services.Options.MaxMoves))
            {
                return reply;
            }

            if (moves == services.Options.MaxMoves)
            {
                return XtmpReply.Of(KeptMoving(id));
            }

            if (moves >= 2)
            {
                await patience.PauseAsync(call, PauseBefore(moves - 2)).ConfigureAwait(false);
            }

            first = null;
        }
    }

    private static async ValueTask<ValueTask<XtmpReply>> StartAsync(TurnServices services, GrainId id, XtmpCall call, CallPatience patience)
    {
        try
        {
            if (services.Options.DirectCalls && await services.Activations.CallAsync(id, call).ConfigureAwait(false) is { } pending)
            {
                services.Metrics.Calls.Add(1, Direct);
                return pending;
            }

            services.Metrics.Calls.Add(1, ByMessage);
            return RemoteAsync(services.References.Get(id).InvokeAsync(call, patience.RemoteToken), id);
        }
        catch (OrleansException error)
        {
            return new ValueTask<XtmpReply>(Unreachable(error, id));
        }
        catch (TimeoutException)
        {
            return new ValueTask<XtmpReply>(TimedOut(id.Kind));
        }
        catch (OperationCanceledException) when (patience.IsOver)
        {
            // Orleans sends nothing under a token that is cancelled already.
            return new ValueTask<XtmpReply>(patience.GiveUp(call));
        }
    }

    internal static XtmpException KeptMoving(GrainId id) => new(XtmpErrorCode.Conflict, Fault.Peer, $"Another silo kept changing the same {id.Kind}.", retryable: true);

    /// <summary>How long to wait before the grain is looked for once more.</summary>
    internal static TimeSpan PauseBefore(int repetition)
    {
        var pause = FirstPause * Math.Pow(2, repetition);
        return pause < MaxPause ? pause : MaxPause;
    }

    /// <summary>A call by message; what Orleans throws is told in our terms.</summary>
    internal static async ValueTask<XtmpReply> RemoteAsync(ValueTask<XtmpReply> pending, GrainId id)
    {
        try
        {
            return await pending.ConfigureAwait(false);
        }
        catch (SiloUnavailableException error)
        {
            // Also an OrleansMessageRejectionException, of which the others mean that nothing was executed.
            return XtmpReply.Of(new XtmpException(XtmpErrorCode.OutcomeUnknown, Fault.Peer, $"The silo of this {id.Kind} was lost; what the call changes may have happened.", retryable: true, innerException: error));
        }
        catch (OrleansMessageRejectionException)
        {
            return XtmpReply.Moved;
        }
        catch (OrleansException error)
        {
            return Unreachable(error, id);
        }
        catch (TimeoutException)
        {
            return TimedOut(id.Kind);
        }
    }

    private static XtmpReply Unreachable(OrleansException error, GrainId id) =>
        XtmpReply.Of(new XtmpException(XtmpErrorCode.Overloaded, Fault.Peer, $"The {id.Kind} cannot be reached now.", retryable: true, innerException: error));

    private static XtmpReply TimedOut(string kind) => XtmpReply.Of(CallPatience.TimedOut(kind));

    private async IAsyncEnumerable<XtmpReply> OpenAsync(GrainId id, XtmpCall call, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        for (var moves = 0; ; moves++)
        {
            var isMoved = false;
            var local = services.Options.DirectCalls ? await services.Activations.FindAsync(id).ConfigureAwait(false) : null;
            await using var items = (local?.StreamAsync(call, cancellationToken) ?? services.References.Get(id).StreamAsync(call, cancellationToken)).GetAsyncEnumerator(cancellationToken);
            while (!isMoved && await NextAsync(items, id).ConfigureAwait(false) is { } item)
            {
                isMoved = item.IsMoved;
                if (isMoved && moves == services.Options.MaxMoves)
                {
                    throw KeptMoving(id);
                }

                if (!isMoved)
                {
                    yield return item;
                }
            }

            if (!isMoved)
            {
                yield break;
            }
        }
    }

    // Null at the end. What Orleans throws when a silo goes is told in our terms.
    internal static async ValueTask<XtmpReply?> NextAsync(IAsyncEnumerator<XtmpReply> items, GrainId id)
    {
        try
        {
            return await items.MoveNextAsync().ConfigureAwait(false) ? items.Current : null;
        }
        catch (OrleansException error)
        {
            return XtmpReply.Of(new XtmpException(XtmpErrorCode.ShuttingDown, Fault.Peer, $"The silo of this {id.Kind} went away; what it would have sent is lost.", retryable: true, innerException: error));
        }
    }

    private async IAsyncEnumerable<TItem> FollowAsync<TRequest, TItem>(
        StreamMethod<TRequest, TItem> method, TRequest request, CallContext context, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        where TRequest : class, IXtmpMessage<TRequest>
        where TItem : class, IXtmpMessage<TItem>
    {
        using var linked = context.CancellationToken.CanBeCanceled && cancellationToken.CanBeCanceled && context.CancellationToken != cancellationToken
            ? CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, cancellationToken)
            : null;
        var token = linked?.Token ?? (cancellationToken.CanBeCanceled ? cancellationToken : context.CancellationToken);
        var (id, chain) = Prepare(method, method.GetKey(request, context), waits: false);
        var call = new XtmpCall(method, request, context.Caller, chain) { Opening = new StreamOpening(services.Activity) };
        try
        {
            await foreach (var item in OpenAsync(id, call, token).ConfigureAwait(false))
            {
                call.Opening.Done();
                if (item.Error is { Code: XtmpErrorCode.Cancelled })
                {
                    token.ThrowIfCancellationRequested();
                }

                yield return item.Take<TItem>(method);
            }
        }
        finally
        {
            call.Opening.Done();
        }
    }

    private async ValueTask<TReply> FinishAsync<TReply>(MethodDescriptor method, ValueTask<XtmpReply> pending, CallChain? chain, GrainId id)
        where TReply : class, IXtmpMessage<TReply>
    {
        try
        {
            return (await pending.ConfigureAwait(false)).Take<TReply>(method);
        }
        finally
        {
            Done(chain, id);
        }
    }

    private static async ValueTask<TReply> AwaitAsync<TReply>(MethodDescriptor method, ValueTask<XtmpReply> pending)
        where TReply : class, IXtmpMessage<TReply> => (await pending.ConfigureAwait(false)).Take<TReply>(method);

    private void Done(CallChain? chain, GrainId id)
    {
        if (chain is not null)
        {
            services.Waits.Leave(chain.Grain, id);
        }

        _calls.Remove();
    }

    private (GrainId Id, CallChain? Chain) Prepare(MethodDescriptor method, string key, bool waits)
    {
        var id = new GrainId(method.Handler, key);
        services.Kinds.Require(id);
        if (caller is null)
        {
            return (id, null);
        }

        caller.Context.EnsureTurn();
        var chain = new CallChain(caller.Id, caller.Current?.Chain);
        if (chain.Depth > services.Options.MaxCallDepth)
        {
            throw new XtmpException(XtmpErrorCode.CallCycle, Fault.Peer, $"Grains call each other more than {services.Options.MaxCallDepth} deep.");
        }

        if (waits && chain.Holds(id))
        {
            throw new XtmpException(XtmpErrorCode.CallCycle, Fault.Peer, $"{id.Kind} is called by a chain of calls that it waits for itself.");
        }

        return !waits || services.Waits.TryEnter(caller.Id, id)
            ? (id, chain)
            : throw new XtmpException(XtmpErrorCode.CallCycle, Fault.Peer, $"This call to a {id.Kind} and another one wait for each other.", retryable: true);
    }
}
