using System.Collections.Concurrent;
using Xtmp.Storage;

namespace Xtmp.Runtime;

/// <summary>Which grain of this silo waits for which, so that two chains of calls that wait for each other are found.</summary>
internal sealed class WaitGraph
{
    private const int MaxSteps = 64;

    private readonly ConcurrentDictionary<GrainId, GrainId> _waits = new();

    /// <summary>Enters that <paramref name="waiter"/> waits for <paramref name="target"/>; false where that would close a cycle.</summary>
    public bool TryEnter(GrainId waiter, GrainId target)
    {
        // Entered before it is looked at, so of two calls that cross at least one sees the other.
        _waits[waiter] = target;
        var at = target;
        for (var steps = 0; steps < MaxSteps && _waits.TryGetValue(at, out var next); steps++)
        {
            if (next == waiter)
            {
                Leave(waiter, target);
                return false;
            }

            at = next;
        }

        return true;
    }

    public void Leave(GrainId waiter, GrainId target) => _waits.TryRemove(new KeyValuePair<GrainId, GrainId>(waiter, target));
}
