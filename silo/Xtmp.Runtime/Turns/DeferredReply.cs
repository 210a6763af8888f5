using Xtmp.Protocol;

namespace Xtmp.Runtime;

/// <summary>
/// What a call waits for after its turn, without holding the grain: a later turn, the caller's giving up, or the end of the
/// activation, whichever comes first. While it waits, it is not counted as activity.
/// </summary>
internal abstract class DeferredReply(ActivityCounter activity)
{
    private readonly TaskCompletionSource<XtmpReply> _reply = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private bool _isCounted;

    public bool IsOver => _reply.Task.IsCompleted;

    /// <param name="isCounted">The call is counted as activity of this silo, which it is not while it waits.</param>
    public Task<XtmpReply> WaitAsync(bool isCounted)
    {
        lock (_lock)
        {
            if (isCounted && !_reply.Task.IsCompleted)
            {
                _isCounted = true;
                activity.Remove();
            }
        }

        return _reply.Task;
    }

    /// <summary>The first one counts.</summary>
    public void Release(XtmpReply reply)
    {
        lock (_lock)
        {
            if (_reply.Task.IsCompleted)
            {
                return;
            }

            if (_isCounted)
            {
                activity.Add();
            }

            _reply.SetResult(reply);
        }
    }
}

/// <inheritdoc/>
internal sealed class DeferredReply<TReply>(IXtmpGrainContext context, StagedChanges staged, ActivityCounter activity) : DeferredReply(activity), IDeferredReply<TReply>
    where TReply : class, IXtmpMessage
{
    public void Complete(TReply reply)
    {
        context.EnsureTurn();
        ArgumentNullException.ThrowIfNull(reply);
        staged.Replies.Add((this, reply));
    }
}
