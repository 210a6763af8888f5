using Xtmp.Protocol;

namespace Xtmp.Engine;

/// <summary>
/// A single-threaded object with a key. The engine makes it when a call for its key comes, runs its turns one at a time,
/// and lets it go when it has been idle for long. It also implements the generated handler interface of its kind.
/// Time, randomness, other grains and everything durable are reached through <see cref="Context"/>.
/// </summary>
public abstract class Grain
{
    protected Grain(IGrainContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        Context = context;
    }

    protected IGrainContext Context { get; }

    /// <summary>Runs before the first turn, with the state loaded. What it changes is committed with that turn.</summary>
    protected internal virtual ValueTask OnActivateAsync() => ValueTask.CompletedTask;

    /// <summary>A reminder of this grain is due. It fires once, or again each period, until it is removed.</summary>
    protected internal virtual ValueTask OnReminderAsync(string name) => ValueTask.CompletedTask;

    /// <summary>
    /// A receiver has committed an outbox message that was sent with <c>notify</c>. The message leaves the outbox in the
    /// same commit as what this turn changes, so this takes effect exactly once.
    /// </summary>
    protected internal virtual ValueTask OnDeliveredAsync(IXtmpMessage message, GrainId receiver) => ValueTask.CompletedTask;

    /// <summary>
    /// A receiver refused an outbox message for good (an error that is not retryable). The message leaves the outbox in
    /// the same commit as what this turn changes, so a compensation happens exactly once.
    /// </summary>
    protected internal virtual ValueTask OnRefusedAsync(IXtmpMessage message, GrainId receiver, XtmpException error) => ValueTask.CompletedTask;

    internal virtual void LoadState(byte[]? bytes)
    {
    }

    /// <summary>Encoded state when this turn changed it, else null.</summary>
    internal virtual byte[]? EncodeChangedState() => null;

    internal virtual void StateCommitted()
    {
    }

    internal virtual void RollBackState()
    {
    }
}
