using Xtmp.Protocol;

namespace Xtmp.Engine;

/// <summary>A turn without a result of its own.</summary>
internal abstract class ActionTurn : Turn
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    protected ActionTurn(EmbeddedEngine engine, GrainId target, CallContext context, bool isInternal)
        : base(engine, target, caller: null, context)
    {
        IsInternal = isInternal;
    }

    public sealed override bool IsInternal { get; }

    public Task Task => _done.Task;

    protected override void SetResult() => _done.SetResult();

    protected override void SetError(Exception error)
    {
        _done.SetException(error);

        // Whoever wants the outcome awaits the task; one that nobody awaits must not surface at the finalizer.
        _ = _done.Task.Exception;
    }
}
