using System.Collections.Concurrent;

namespace Xtmp.Gateway;

/// <summary>Calls that have ended and may serve again, for all connections of a gateway. Safe for concurrent use.</summary>
internal sealed class InboundCalls
{
    // Some hundred kilobytes at most, whatever was under way at one time.
    private const int MaxKept = 4_096;

    private readonly ConcurrentQueue<InboundCall> _kept = new();
    private int _count;

    public InboundCall Take()
    {
        if (_kept.TryDequeue(out var call))
        {
            Interlocked.Decrement(ref _count);
            return call;
        }

        return new InboundCall();
    }

    public void Give(InboundCall call)
    {
        if (!call.TryReset())
        {
            return;
        }

        if (Interlocked.Increment(ref _count) <= MaxKept)
        {
            _kept.Enqueue(call);
        }
        else
        {
            Interlocked.Decrement(ref _count);
        }
    }
}
