using Xtmp.Engine;
using Xtmp.Grains.State;
using Xtmp.Messages;
using Xtmp.Protocol;

namespace Xtmp.Benchmarks;

/// <summary>The smallest grain with state: one method that reads it, one that changes it.</summary>
internal sealed class CounterGrain(IGrainContext context) : Grain<LedgerState>(context), IBundleLedgerHandler
{
    public ValueTask<BundleSyncReply> SyncAsync(BundleSync request, CallContext context = default) =>
        new(new BundleSyncReply { NodeId = request.NodeId, Bundles = [], Next = State?.Lines ?? 0, More = false });

    public ValueTask<BundleIndexedReply> IndexedAsync(BundleIndexed request, CallContext context = default)
    {
        State = new LedgerState { Lines = (State?.Lines ?? 0) + 1 };
        return new(new BundleIndexedReply { Sequence = State.Lines });
    }

    public static GrainRegistry Registry() => new GrainRegistry().Register("BundleLedger", BundleLedgerMethods.All, context => new CounterGrain(context));
}
