using System.Collections.Concurrent;
using Orleans;
using Orleans.Runtime;

namespace Xtmp.Runtime;

/// <summary>Orleans references, kept: making one costs as much as a call.</summary>
internal sealed class GrainReferences(IGrainFactory grains, GrainKinds kinds)
{
    private const int MaxKept = 65_536;

    private readonly ConcurrentDictionary<GrainId, IXtmpGrain> _kept = new();
    private readonly ConcurrentDictionary<GrainId, byte> _elsewhere = new();
    private int _count;

    /// <summary>True where the grain was found in another silo: it need not be asked again to become active here.</summary>
    public bool IsElsewhere(GrainId id) => _elsewhere.ContainsKey(id);

    public void MarkElsewhere(GrainId id)
    {
        if (_elsewhere.Count >= MaxKept)
        {
            _elsewhere.Clear();
        }

        _elsewhere[id] = 0;
    }

    public IXtmpGrain Get(GrainId id)
    {
        if (_kept.TryGetValue(id, out var known))
        {
            return known;
        }

        var made = grains.GetGrain<IXtmpGrain>(Orleans.Runtime.GrainId.Create(kinds.Require(id).Type, IdSpan.Create(id.Key)));
        if (Interlocked.Increment(ref _count) > MaxKept)
        {
            // All at once: they are cheap to make again, and keeping track of their use would cost each call.
            _kept.Clear();
            Volatile.Write(ref _count, 0);
        }

        _kept[id] = made;
        return made;
    }
}
