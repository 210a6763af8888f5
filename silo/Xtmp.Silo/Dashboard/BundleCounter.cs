using Xtmp.Messages;
using Xtmp.Protocol;

namespace Xtmp.Silo;

/// <summary>Counts the steps that bundles of this silo take, from what their grains publish.</summary>
internal sealed class BundleCounter
{
    private readonly long[] _entered = new long[Enum.GetValues<BundleStatusCode>().Length];

    public void Observe(string topic, IXtmpMessage item)
    {
        if (item is LiveUpdate { Body: var body }
            && body.Match(static bundle => (int)bundle.Status, static _ => -1, static _ => -1, static _ => -1, static _ => -1, static _ => -1) is >= 0 and var status
            && status < _entered.Length)
        {
            Interlocked.Increment(ref _entered[status]);
        }
    }

    public long Entered(BundleStatusCode status) => Interlocked.Read(ref _entered[(int)status]);
}
