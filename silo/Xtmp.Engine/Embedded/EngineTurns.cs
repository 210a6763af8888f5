using Xtmp.Protocol;

namespace Xtmp.Engine;

/// <summary>A timer of an activation fired.</summary>
internal sealed class TimerTurn(EmbeddedEngine engine, GrainId target, Func<ValueTask> callback) : ActionTurn(engine, target, default, isInternal: true)
{
    public override ValueTask RunAsync(Activation activation, Grain grain, CancellationToken cancellationToken) => callback();
}

/// <summary>A durable reminder is due.</summary>
internal sealed class ReminderTurn(EmbeddedEngine engine, DueReminder due) : ActionTurn(engine, due.Id, default, isInternal: true)
{
    public override ValueTask RunAsync(Activation activation, Grain grain, CancellationToken cancellationToken) =>
        activation.FireReminderAsync(grain, due.Reminder);
}

/// <summary>A receiver refused an outbox message for good: its sender hears of it and the message is done with.</summary>
internal sealed class RefusalTurn(EmbeddedEngine engine, OutboxId id, IXtmpMessage message, GrainId receiver, XtmpException error)
    : ActionTurn(engine, id.Source, default, isInternal: true)
{
    public override async ValueTask RunAsync(Activation activation, Grain grain, CancellationToken cancellationToken)
    {
        if (await activation.TryEndMessageAsync(id).ConfigureAwait(false))
        {
            await grain.OnRefusedAsync(message, receiver, error).ConfigureAwait(false);
        }
    }
}

/// <summary>A receiver has committed an outbox message, and its sender wanted to know.</summary>
internal sealed class DeliveredTurn(EmbeddedEngine engine, OutboxId id, IXtmpMessage message, GrainId receiver)
    : ActionTurn(engine, id.Source, default, isInternal: true)
{
    public override async ValueTask RunAsync(Activation activation, Grain grain, CancellationToken cancellationToken)
    {
        if (await activation.TryEndMessageAsync(id).ConfigureAwait(false))
        {
            await grain.OnDeliveredAsync(message, receiver).ConfigureAwait(false);
        }
    }
}
