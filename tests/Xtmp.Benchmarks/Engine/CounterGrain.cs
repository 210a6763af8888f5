using Xtmp.Grains.State;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Runtime;

namespace Xtmp.Benchmarks;

/// <summary>The smallest grain with state: one method that reads it, one that changes it.</summary>
internal sealed class CounterGrain : XtmpGrain<LedgerState>, IBundleLedgerHandler
{
    public ValueTask<BundleSyncReply> SyncAsync(BundleSync request, CallContext context = default) =>
        new(new BundleSyncReply { NodeId = request.NodeId, Bundles = [], Next = State?.Lines ?? 0, More = false });

    public ValueTask<BundleIndexedReply> IndexedAsync(BundleIndexed request, CallContext context = default)
    {
        State = new LedgerState { Lines = (State?.Lines ?? 0) + 1 };
        return new(new BundleIndexedReply { Sequence = State.Lines });
    }
}
