using Xtmp.Storage;

namespace Xtmp.Runtime;

/// <summary>The grains that wait for a call, nearest first.</summary>
internal sealed record CallChain(GrainId Grain, CallChain? Next)
{
    public int Depth { get; } = (Next?.Depth ?? 0) + 1;

    public bool Holds(GrainId grain)
    {
        for (var at = this; at is not null; at = at.Next)
        {
            if (at.Grain == grain)
            {
                return true;
            }
        }

        return false;
    }
}
