using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Xtmp.Protocol;
using Xtmp.Storage;

namespace Xtmp.Runtime;

/// <summary>
/// A single-threaded object with a key. Orleans decides where it is and makes it when a call for its key comes; its turns run
/// one at a time, and what a turn changes takes effect in one commit before the reply leaves, or not at all. It also
/// implements the generated handler interface of its kind, and is registered with
/// <see cref="SiloBuilderExtensions.AddXtmpGrain{TGrain}"/>. Its constructor takes services, never the context: time,
/// randomness, other grains and everything durable are reached through <see cref="Context"/> from within turns.
/// </summary>
public abstract class XtmpGrain : Orleans.Grain, IXtmpGrain
{
    private Activation? _activation;

    /// <exception cref="InvalidOperationException">Used in the constructor.</exception>
    protected IXtmpGrainContext Context => Activation.Context;

    internal Activation Activation => _activation ?? throw new InvalidOperationException("A grain has its context from its first turn on, not in its constructor.");

    /// <summary>Runs before the first turn, with the state loaded. What it changes is committed on its own, before that turn.</summary>
    protected internal virtual ValueTask OnLoadedAsync() => ValueTask.CompletedTask;

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

    /// <summary>For Orleans. Grains override <see cref="OnLoadedAsync"/>.</summary>
    public sealed override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var address = this.GetGrainId();
        var services = ServiceProvider.GetRequiredService<TurnServices>();
        _activation = new Activation(this, new GrainId(address.Type.ToString()!, address.Key.ToString()!), services);
        services.Local.Enter(_activation);
        return Task.CompletedTask;
    }

    /// <summary>For Orleans.</summary>
    public sealed override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => Activation.EndAsync(cancellationToken);

    // A call that comes as a message takes its place at the gate as it arrives and then leaves Orleans' scheduler: a turn
    // finds the same world whichever way its call came.
    ValueTask<XtmpReply> IXtmpGrain.InvokeAsync(XtmpCall call, CancellationToken cancellationToken) => Activation.CallByMessageAsync(call, cancellationToken);

    IAsyncEnumerable<XtmpReply> IXtmpGrain.StreamAsync(XtmpCall call, CancellationToken cancellationToken) => Activation.StreamAsync(call, cancellationToken);

    ValueTask IXtmpGrain.ActivateAsync() => ValueTask.CompletedTask;

    ValueTask<bool> IXtmpGrain.RemindAsync(string name, DateTimeOffset due) => Activation.RemindAsync(name, due);

    ValueTask IXtmpGrain.ResumeAsync(byte[] message)
    {
        Activation.Resume(message);
        return ValueTask.CompletedTask;
    }

    internal void StayActive(TimeSpan age) => DelayDeactivation(age);

    internal void LeaveWhenIdle() => DeactivateOnIdle();

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
