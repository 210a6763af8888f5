using Xtmp.Protocol;
using Xtmp.Runtime.Wire;
using Xtmp.Storage;

namespace Xtmp.Runtime;

/// <summary>
/// The deliveries of one activation. They run on the pool, beside its turns; the first try of a message is made even when the
/// activation is going already. What is left belongs to the sweeper.
/// </summary>
internal sealed class ActivationOutbox(Activation activation, TurnServices services)
{
    private readonly Lock _lock = new();
    private HashSet<OutboxId>? _held;
    private CancellationTokenSource? _gone;

    /// <summary>Delivers what a commit has put into the store. Gives what the turn's reply waits for, or null.</summary>
    public Task<XtmpException?>? Send(IReadOnlyList<StagedMessage> messages, long version)
    {
        List<Task<XtmpException?>>? holds = null;
        var patience = TimeSpan.Zero;
        for (var i = 0; i < messages.Count; i++)
        {
            var message = messages[i];
            TaskCompletionSource<XtmpException?>? hold = null;
            if (message.ReplyWaits > TimeSpan.Zero)
            {
                hold = new(TaskCreationOptions.RunContinuationsAsynchronously);
                (holds ??= []).Add(hold.Task);
                patience = message.ReplyWaits > patience ? message.ReplyWaits : patience;
            }

            Deliver(new Delivery(new OutboxId(activation.Id, version, i), message.Method, message.Request, message.Target, message.Notify, hold, IsResumed: false));
        }

        return holds is null ? null : WaitAsync(holds, patience);
    }

    /// <summary>Takes up a message that the store holds, unless it is being delivered.</summary>
    public void Resume(byte[] bytes)
    {
        var message = XtmpCodec.Decode<RemoteMessage>(bytes, StoredLimits.Value);
        if (!activation.MayResume(message.Version))
        {
            return;
        }

        var id = new OutboxId(activation.Id, message.Version, message.Ordinal);
        var target = new GrainId(message.Target.Kind, message.Target.Key);
        var problem = "no such method is registered";
        if (services.Kinds.FindMethod(target.Kind, message.Method) is { } method)
        {
            if (method.TryDecodeRequest(message.Request.Span, StoredLimits.Value, out var request, out _, out var error) == DecodeStatus.Ok)
            {
                Deliver(new Delivery(id, method, request!, target, message.Notify, Hold: null, IsResumed: true));
                return;
            }

            problem = error.ToString();
        }

        // It stays stored for a build that can read it.
        services.Report(activation.Id, $"The outbox message {id} to {target}.{message.Method} cannot be read ({problem}) and stays in the store.", null);
    }

    /// <summary>The activation has gone: no further tries.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            (_gone ??= new CancellationTokenSource()).Cancel();
        }
    }

    private static bool CanSucceedLater(XtmpException error) =>
        error.Retryable
        || error.Code is XtmpErrorCode.Internal or XtmpErrorCode.Timeout or XtmpErrorCode.Overloaded or XtmpErrorCode.StorageUnavailable or XtmpErrorCode.StorageFull
            or XtmpErrorCode.ShuttingDown or XtmpErrorCode.NotServed or XtmpErrorCode.CallCycle or XtmpErrorCode.OutcomeUnknown;

    private void Deliver(Delivery delivery)
    {
        CancellationToken gone;
        lock (_lock)
        {
            if (_held?.Contains(delivery.Id) == true)
            {
                return;
            }

            if (!services.TryTakeOutboxPlace())
            {
                services.OutboxLeft?.Invoke();
                return;
            }

            (_held ??= []).Add(delivery.Id);
            gone = (_gone ??= new CancellationTokenSource()).Token;
        }

        services.Activity.Add();
        ThreadPool.UnsafeQueueUserWorkItem(static state => _ = state.Outbox.RunAsync(state.Delivery, state.Gone), (Outbox: this, Delivery: delivery, Gone: gone), preferLocal: false);
    }

    private async Task RunAsync(Delivery delivery, CancellationToken gone)
    {
        var isDone = false;
        try
        {
            for (var tries = 0; !isDone && (tries == 0 || !gone.IsCancellationRequested); tries++)
            {
                isDone = await TryAsync(delivery, isRetry: tries > 0).ConfigureAwait(false);
                if (!isDone)
                {
                    services.Metrics.OutboxRetries.Add(1);
                    await BackOffAsync(tries, gone).ConfigureAwait(false);
                }
            }
        }
        catch (Exception error)
        {
            services.Report(activation.Id, $"The outbox message {delivery.Id} to {delivery.Target} stays in the store.", error);
        }
        finally
        {
            lock (_lock)
            {
                _held!.Remove(delivery.Id);
            }

            services.ReturnOutboxPlace();
            if (!isDone)
            {
                services.OutboxLeft?.Invoke();
            }

            services.Activity.Remove();
        }
    }

    /// <summary>One try; true where the message has left the outbox.</summary>
    private async ValueTask<bool> TryAsync(Delivery delivery, bool isRetry)
    {
        if (delivery.IsResumed && !await services.StoreAsync(services.Store.ContainsOutboxAsync(delivery.Id), activation.Id).ConfigureAwait(false))
        {
            return true;
        }

        XtmpException? error;
        try
        {
            // Not a call of a turn: it has no chain, and the grain is free meanwhile.
            error = (await OrleansInvoker.CallAsync(services, delivery.Target, new XtmpCall(delivery.Method, delivery.Request, caller: null, chain: null) { IsDelivery = true }, default).ConfigureAwait(false)).Error;
        }
        catch (XtmpException failed)
        {
            error = failed;
        }

        error = error is null ? null : delivery.Method.ToTyped(error);
        if (error is not null && CanSucceedLater(error))
        {
            return false;
        }

        if (error is null && !delivery.Notify)
        {
            await services.Store.RemoveOutboxAsync(delivery.Id).ConfigureAwait(false);
        }
        else if (!await activation.EndMessageAsync(delivery.Id, delivery.Request, delivery.Target, error, mayRepeat: delivery.IsResumed || isRetry).ConfigureAwait(false))
        {
            // The sender cannot take the news now; the whole delivery is tried again.
            return false;
        }

        services.Metrics.OutboxDelivered.Add(1);
        delivery.Hold?.TrySetResult(error);
        return true;
    }

    // Active again before the timer's callback returns: who waits for quiet and then moves the clock misses nothing.
    private async Task BackOffAsync(int tries, CancellationToken gone)
    {
        var wait = services.Options.OutboxRetryMin * Math.Pow(2, Math.Min(tries, 20));
        var rested = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var ended = 0;
        void End()
        {
            if (Interlocked.Exchange(ref ended, 1) == 0)
            {
                services.Activity.Add();
                rested.SetResult();
            }
        }

        await using var timer = services.Time.CreateTimer(_ => End(), null, wait < services.Options.OutboxRetryMax ? wait : services.Options.OutboxRetryMax, Timeout.InfiniteTimeSpan);
        await using var registration = gone.UnsafeRegister(_ => End(), null).ConfigureAwait(false);
        services.Activity.Remove();
        await rested.Task.ConfigureAwait(false);
    }

    private async Task<XtmpException?> WaitAsync(List<Task<XtmpException?>> holds, TimeSpan patience)
    {
        try
        {
            var ended = await Task.WhenAll(holds).WaitAsync(patience, services.Time).ConfigureAwait(false);
            return ended.FirstOrDefault(error => error is not null);
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    /// <param name="Id">Its id in the store.</param>
    /// <param name="Method">What it calls.</param>
    /// <param name="Request">With what.</param>
    /// <param name="Target">Whom.</param>
    /// <param name="Notify">The sender is told of the delivery.</param>
    /// <param name="Hold">The reply that waits, with the refusal or null.</param>
    /// <param name="IsResumed">Read from the store, perhaps before another delivery of it ended.</param>
    private sealed record Delivery(OutboxId Id, MethodDescriptor Method, IXtmpMessage Request, GrainId Target, bool Notify, TaskCompletionSource<XtmpException?>? Hold, bool IsResumed);
}
