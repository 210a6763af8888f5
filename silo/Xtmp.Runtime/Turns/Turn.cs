using Xtmp.Protocol;

namespace Xtmp.Runtime;

/// <summary>What runs in one turn of a grain.</summary>
internal abstract class Turn
{
    private Activation? _activation;
    private volatile bool _isCancelled;

    /// <summary>The grains that wait for this turn, the nearest first.</summary>
    public virtual CallChain? Chain => null;

    /// <summary>A turn of the silo itself, which a full queue does not refuse.</summary>
    public virtual bool IsInternal => false;

    /// <summary>True where it ends what is on its way already, for which a full store keeps room.</summary>
    public virtual bool Settles => IsInternal;

    /// <summary>The session whose call it is; 0 where none is behind it.</summary>
    public virtual ulong Session => 0;

    /// <summary>What the reply depends on and is found out after the turn, without holding the grain: the refusal, or null.</summary>
    public Func<XtmpException?>? Check { get; set; }

    /// <summary>The reply comes from a later turn.</summary>
    public DeferredReply? Deferred { get; set; }

    public List<ITopicSubscription>? Subscriptions { get; set; }

    /// <summary>Its caller has given up: it need not begin, and where it runs its token is cancelled.</summary>
    public bool IsCancelled => _isCancelled;

    public abstract ValueTask RunAsync(XtmpGrain grain, CancellationToken cancellationToken);

    /// <summary>The caller gives up.</summary>
    public void Cancel()
    {
        _isCancelled = true;
        Interlocked.MemoryBarrier();
        Deferred?.Release(XtmpReply.Of(GaveUp()));
        Volatile.Read(ref _activation)?.CancelRunning(this);
    }

    public static XtmpException GaveUp() => new(XtmpErrorCode.Cancelled, Fault.Peer, "The caller gave up.", retryable: true);

    /// <summary>The turn is about to run there.</summary>
    public void Begins(Activation activation) => Volatile.Write(ref _activation, activation);

    public void CloseSubscriptions()
    {
        Subscriptions?.ForEach(static subscription => subscription.Dispose());
        Subscriptions = null;
    }
}

/// <summary>A unary or one-way call.</summary>
internal sealed class CallTurn(XtmpCall call, MethodDescriptor method) : Turn
{
    public override CallChain? Chain => call.Chain;

    public override ulong Session => call.Caller?.SessionId ?? 0;

    public override bool Settles => call.IsDelivery;

    /// <summary>The handler's reply; null for a one-way call.</summary>
    public IXtmpMessage? Reply { get; private set; }

    public override ValueTask RunAsync(XtmpGrain grain, CancellationToken cancellationToken)
    {
        var context = new CallContext(cancellationToken, Caller: call.Caller);
        if (method is not IUnaryMethod unary)
        {
            return ((IOneWayMethod)method).HandleAsync(grain, call.Request(method), context);
        }

        var handling = unary.HandleAsync(grain, call.Request(method), context);
        if (!handling.IsCompletedSuccessfully)
        {
            return AwaitAsync(handling);
        }

        Reply = handling.Result;
        return default;
    }

    private async ValueTask AwaitAsync(ValueTask<IXtmpMessage> handling) => Reply = await handling.ConfigureAwait(false);
}

/// <summary>
/// A stream method, up to its first item or to where it first waits for a subscription. The rest runs outside the turn.
/// </summary>
/// <param name="call">The call.</param>
/// <param name="method">The method.</param>
/// <param name="lifetime">The caller's own token, which the method may keep for the life of the stream.</param>
internal sealed class StreamTurn(XtmpCall call, MethodDescriptor method, CancellationToken lifetime) : Turn
{
    private readonly TaskCompletionSource _waits = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override CallChain? Chain => call.Chain;

    public override ulong Session => call.Caller?.SessionId ?? 0;

    public CancellationToken Lifetime => lifetime;

    /// <summary>The items; <see cref="First"/> is on its way to the first of them.</summary>
    public IAsyncEnumerator<IXtmpMessage>? Items { get; private set; }

    public Task<bool>? First { get; private set; }

    public override async ValueTask RunAsync(XtmpGrain grain, CancellationToken cancellationToken)
    {
        var items = ((IStreamMethod)method).HandleAsync(grain, call.Request(method), new CallContext(lifetime, Caller: call.Caller));
        if (items is IDeferredStream deferred)
        {
            items = await deferred.OpenAsync().ConfigureAwait(false);
        }

        // The body of an async iterator runs when it is asked for its first item: here, where the grain is its own.
        Items = items.GetAsyncEnumerator(lifetime);
        First = Items.MoveNextAsync().AsTask();
        await Task.WhenAny(First, _waits.Task).ConfigureAwait(false);
        if (First.IsCompleted)
        {
            await First.ConfigureAwait(false);
        }
    }

    /// <summary>The body waits for what others publish, perhaps for long.</summary>
    public void WaitsForSubscription() => _waits.TrySetResult();

    /// <summary>Ends the body, which never runs on: its subscriptions end, and with them what it waits for.</summary>
    public async ValueTask EndAsync()
    {
        CloseSubscriptions();
        if (Items is null)
        {
            return;
        }

        await ((Task)First!).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Items.DisposeAsync().ConfigureAwait(false);
    }
}

/// <summary>A turn of the silo itself: a reminder, a timer, the end of a delivery.</summary>
internal sealed class ActionTurn(Func<ValueTask> action) : Turn
{
    public override bool IsInternal => true;

    public override ValueTask RunAsync(XtmpGrain grain, CancellationToken cancellationToken) => action();
}
