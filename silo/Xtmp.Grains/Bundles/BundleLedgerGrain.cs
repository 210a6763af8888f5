using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Orleans.Placement;
using Xtmp.Grains.State;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Runtime;

namespace Xtmp.Grains;

/// <summary>The bundles of one ledger node, a line for each step that matters to others. The key is the node's id.</summary>
[RandomPlacement]
public sealed class BundleLedgerGrain : XtmpGrain<LedgerState>, IBundleLedgerHandler
{
    private const string LinePrefix = "line/";

    public async ValueTask<BundleSyncReply> SyncAsync(BundleSync request, CallContext context = default)
    {
        // One line more than asked for tells whether there are more.
        var entries = await Context.Entries.PageAsync(LinePrefix, LineKey(request.After), request.Limit + 1).ConfigureAwait(true);
        var until = request.Until ?? ulong.MaxValue;
        var all = entries.Select(entry => StoredValues.Decode<BundleSummary>(entry.Value)).Where(line => line.Sequence <= until).ToArray();
        var lines = all.Take(request.Limit).ToArray();
        return new BundleSyncReply
        {
            NodeId = request.NodeId,
            Bundles = [.. lines],
            Next = lines.Length > 0 ? lines[^1].Sequence : request.After,
            More = all.Length > request.Limit,
        };
    }

    public async ValueTask<BundleIndexedReply> IndexedAsync(BundleIndexed request, CallContext context = default)
    {
        // The outbox delivers at least once; a step that has its line keeps it.
        var seen = SeenKey(request);
        if (await Context.Entries.ReadAsync<BundleSummary>(seen).ConfigureAwait(true) is { } earlier)
        {
            return new BundleIndexedReply { Sequence = earlier.Sequence };
        }

        var line = new BundleSummary
        {
            Sequence = checked((State?.Lines ?? 0) + 1),
            BundleId = request.BundleId,
            BundleHash = request.BundleHash,
            TransactionCount = request.TransactionCount,
            TotalValue = request.TotalValue,
            Status = request.Status,
            At = request.At,
        };
        State = new LedgerState { Lines = line.Sequence };
        Context.Entries.Put(LineKey(line.Sequence), line);
        Context.Entries.Put(seen, line);
        return new BundleIndexedReply { Sequence = line.Sequence };
    }

    // Fixed width, so that the order of keys is the order of lines.
    private static string LineKey(ulong sequence) => LinePrefix + sequence.ToString("d20", CultureInfo.InvariantCulture);

    // Bundle ids are any text; keys of entries are ASCII.
    private static string SeenKey(BundleIndexed request) =>
        $"seen/{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(request.BundleId)))}/{(byte)request.Status}";
}
