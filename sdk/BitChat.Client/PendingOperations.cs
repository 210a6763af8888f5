using Xtmp;
using Xtmp.Protocol;

namespace BitChat.Client;

/// <summary>Who waits for an operation of this player to be decided, by sequence. Bounded by what the peer lets wait. Of one task.</summary>
internal sealed class PendingOperations
{
    private readonly Dictionary<ulong, TaskCompletionSource> _waiting = [];

    public void Add(ulong sequence, TaskCompletionSource done) => _waiting[sequence] = done;

    /// <summary>Who waits for it, and waits for it no longer here; null where nobody does.</summary>
    public TaskCompletionSource? Take(ulong sequence) => _waiting.Remove(sequence, out var done) ? done : null;

    /// <summary>Tells who waits for it what became of it.</summary>
    /// <param name="sequence">The operation's.</param>
    /// <param name="error">Why it was not decided; null where it was.</param>
    public void End(ulong sequence, Exception? error)
    {
        if (Take(sequence) is not { } done)
        {
            return;
        }

        if (error is null)
        {
            done.SetResult();
        }
        else
        {
            done.SetException(error);
        }
    }

    /// <summary>Of what waits up to a sequence nobody will tell any more what became of it.</summary>
    public void EndUpTo(ulong sequence)
    {
        foreach (var past in _waiting.Keys.Where(waiting => waiting <= sequence).ToArray())
        {
            End(past, new XtmpException(XtmpErrorCode.OutcomeUnknown, Fault.Network, "This seat was away while it was decided or dropped."));
        }
    }
}
