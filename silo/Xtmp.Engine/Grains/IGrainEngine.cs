using Xtmp.Protocol;

namespace Xtmp.Engine;

/// <summary>
/// A running set of grains, called like any handler. Errors of a call:
/// <see cref="XtmpErrorCode.NotServed"/> for a kind nobody registered, <see cref="XtmpErrorCode.Overloaded"/> (retryable)
/// from a full mailbox, <see cref="XtmpErrorCode.Timeout"/>, <see cref="XtmpErrorCode.CallCycle"/>,
/// <see cref="XtmpErrorCode.StorageUnavailable"/>, <see cref="XtmpErrorCode.ShuttingDown"/>,
/// <see cref="XtmpErrorCode.Internal"/> for a bug in a grain, and whatever code the grain refuses with.
/// </summary>
public interface IGrainEngine : ICallInvoker, IAsyncDisposable
{
    ITopicHub Topics { get; }

    /// <summary>Starts what runs without calls: the outbox left by an earlier run, and reminders.</summary>
    Task StartAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Drains: refuses new calls, finishes and commits what is in flight, ends subscriptions. Undelivered outbox messages
    /// stay in the store for the next start. The store itself stays open.
    /// </summary>
    /// <param name="cancellationToken">When to stop waiting; what is in flight then is cancelled.</param>
    Task StopAsync(CancellationToken cancellationToken = default);
}
