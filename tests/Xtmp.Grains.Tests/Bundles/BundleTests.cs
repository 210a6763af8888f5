using Xtmp.Crypto;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.TestKit;
using static Xtmp.Grains.Tests.Bundles.TestBundles;
using static Xtmp.Grains.Tests.GrainsFixture;

namespace Xtmp.Grains.Tests.Bundles;

public sealed class BundleTests : IAsyncDisposable
{
    private readonly IdentityKey[] _notaries = [.. Enumerable.Range(0, 3).Select(index => IdentityKey.Generate(new SeededEntropy((ulong)index)))];
    private readonly GrainsFixture _silo;

    public BundleTests()
    {
        _silo = new GrainsFixture(new GrainOptions
        {
            Notaries = _notaries.Select((keys, index) => (keys, index)).ToDictionary(pair => $"notary-{pair.index}", pair => pair.keys.Public),
            Nodes = Nodes,
            RequiredApprovals = 2,
        });
    }

    public ValueTask DisposeAsync() => _silo.DisposeAsync();

    [Fact]
    public async Task takes_a_bundle_through_its_steps()
    {
        var reply = await _silo.Bundle.SubmitAsync(Submit(Bundle("b")), ByNode);
        Assert.Equal(BundleStatusCode.Received, reply.Status);
        Assert.False(reply.Duplicate);
        await WaitForAsync("b", BundleStatusCode.Submitted);
        var status = await _silo.Bundle.StatusAsync(new BundleStatus { BundleId = "b" });
        Assert.Equal(
            [BundleStatusCode.Received, BundleStatusCode.Verifying, BundleStatusCode.Verified, BundleStatusCode.Submitted],
            status.History.Select(step => step.Status));
        Assert.Null(await _silo.Store.ReadNextReminderAsync());
        Assert.Empty(_silo.Faults);
    }

    [Fact]
    public async Task the_same_bundle_again_answers_the_same_and_says_so()
    {
        var bundle = Bundle("b");
        var first = await _silo.Bundle.SubmitAsync(Submit(bundle), ByNode);
        await WaitForAsync("b", BundleStatusCode.Submitted);
        _silo.Time.Advance(TimeSpan.FromHours(1));
        var second = await _silo.Bundle.SubmitAsync(Submit(bundle), ByNode);
        Assert.True(second.Duplicate);
        Assert.Equal(first.AcceptedAt, second.AcceptedAt);
        Assert.Equal(BundleStatusCode.Submitted, second.Status);
    }

    [Fact]
    public async Task refuses_another_bundle_under_the_same_id()
    {
        await _silo.Bundle.SubmitAsync(Submit(Bundle("b")), ByNode);
        await RefusedAsync(XtmpErrorCode.BundleConflict, _silo.Bundle.SubmitAsync(Submit(Bundle("b", transactions: 4)), ByNode), "bundle_id");

        var endorsed = Seal(Bundle("b") with { HyperledgerProof = Bundle("b").HyperledgerProof with { BlockNumber = 2 } });
        await RefusedAsync(XtmpErrorCode.BundleConflict, _silo.Bundle.SubmitAsync(Submit(endorsed), ByNode), "bundle_id");
    }

    public static TheoryData<string, XtmpErrorCode, string> Faults() => new()
    {
        { "another id", XtmpErrorCode.PayloadInvalid, "bundle_id" },
        { "count", XtmpErrorCode.PayloadInvalid, "bundle.transaction_count" },
        { "total", XtmpErrorCode.PayloadInvalid, "bundle.total_value" },
        { "total above 64 bits", XtmpErrorCode.PayloadInvalid, "bundle.total_value" },
        { "merkle root", XtmpErrorCode.MerkleRootMismatch, "bundle.immutable_proof.merkle_root" },
        { "order of transactions", XtmpErrorCode.MerkleRootMismatch, "bundle.immutable_proof.merkle_root" },
        { "a transaction", XtmpErrorCode.MerkleRootMismatch, "bundle.immutable_proof.merkle_root" },
        { "bundle hash", XtmpErrorCode.BundleHashMismatch, "bundle.bundle_hash" },
        { "created at", XtmpErrorCode.BundleHashMismatch, "bundle.bundle_hash" },
        { "block number", XtmpErrorCode.BundleHashMismatch, "bundle.bundle_hash" },
        { "ledger version", XtmpErrorCode.BundleHashMismatch, "bundle.bundle_hash" },
        { "proof hash", XtmpErrorCode.BundleHashMismatch, "bundle.bundle_hash" },
        { "a transaction twice", XtmpErrorCode.PayloadInvalid, "bundle.transactions" },
        { "unknown node", XtmpErrorCode.PermissionDenied, "bundle.bpi_ledger_metadata.node_id" },
        { "no signature", XtmpErrorCode.SignatureInvalid, "bundle.node_signature" },
        { "signature of another bundle", XtmpErrorCode.SignatureInvalid, "bundle.node_signature" },
        { "signature for another network", XtmpErrorCode.SignatureInvalid, "bundle.node_signature" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task refuses_a_bundle_with_a_wrong(string what, XtmpErrorCode code, string field)
    {
        var good = Bundle("b");
        var bad = what switch
        {
            "another id" => good,
            "count" => good with { TransactionCount = 4 },
            "total" => good with { TotalValue = 31 },
            "total above 64 bits" => good with { TotalValue = good.TotalValue + ((UInt128)1 << 64) },
            "merkle root" => good with { ImmutableProof = good.ImmutableProof with { MerkleRoot = new byte[32] } },
            "order of transactions" => good with { Transactions = [.. good.Transactions.Reverse()] },
            "a transaction" => good with { Transactions = [.. good.Transactions.Skip(1).Prepend(good.Transactions[0] with { To = Enumerable.Repeat((byte)7, 32).ToArray() })] },
            "bundle hash" => good with { BundleHash = new byte[32] },
            "block number" => good with { HyperledgerProof = good.HyperledgerProof with { BlockNumber = 2 } },
            "ledger version" => good with { BpiLedgerMetadata = good.BpiLedgerMetadata with { LedgerVersion = "2" } },
            "proof hash" => good with { ImmutableProof = good.ImmutableProof with { ProofHash = Enumerable.Repeat((byte)1, 32).ToArray() } },
            "unknown node" => Bundle("b", node: "node-9"),
            "no signature" => good with { NodeSignature = null },
            "signature of another bundle" => good with { NodeSignature = Bundle("c").NodeSignature },
            "signature for another network" => Seal(good, "another network"),
            "created at" => good with { CreatedAt = good.CreatedAt.AddSeconds(1) },
            _ => Seal(good with { Transactions = [Transaction(0, 1), Transaction(0, 1)] }),
        };
        var request = Submit(bad);
        request = what == "another id" ? request with { BundleId = "c" } : request;
        await RefusedAsync(code, _silo.Bundle.SubmitAsync(request, ByNode), field);
        await RefusedAsync(XtmpErrorCode.BundleUnknown, _silo.Bundle.StatusAsync(new BundleStatus { BundleId = request.BundleId }), "bundle_id");

        // Nothing is left that would stand in the way of the good one.
        Assert.False((await _silo.Bundle.SubmitAsync(Submit(good), ByNode)).Duplicate);
    }

    [Fact]
    public async Task refuses_a_nodes_bundle_from_another_session()
    {
        var stranger = new CallContext(Caller: ByNode.Caller! with { IdentityFingerprint = _notaries[0].Public.Fingerprint.ToArray() });
        await RefusedAsync(XtmpErrorCode.PermissionDenied, _silo.Bundle.SubmitAsync(Submit(Bundle("b")), stranger), "bundle.bpi_ledger_metadata.node_id");
        var anonymous = new CallContext(Caller: ByNode.Caller! with { IdentityFingerprint = default });
        await RefusedAsync(XtmpErrorCode.PermissionDenied, _silo.Bundle.SubmitAsync(Submit(Bundle("b")), anonymous), "bundle.bpi_ledger_metadata.node_id");
    }

    [Fact]
    public async Task refuses_a_verdict_made_for_another_network()
    {
        var bundle = await SubmittedAsync("b");
        await RefusedAsync(XtmpErrorCode.SignatureInvalid, _silo.Bundle.ConfirmAsync(Verdict(bundle, "notary-0", _notaries[0], network: "another network")), "notary_approval.signature");
    }

    [Fact]
    public async Task the_sum_of_large_amounts_does_not_overflow()
    {
        var bundle = Bundle("b", transactions: 1000, amount: long.MaxValue);
        Assert.Equal((UInt128)long.MaxValue * 1000, bundle.TotalValue);
        await _silo.Bundle.SubmitAsync(Submit(bundle), ByNode);
        await WaitForAsync("b", BundleStatusCode.Submitted);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task goes_on_after_a_crash_at_step(int commits)
    {
        var store = new FaultyStore(_silo.Store);
        _silo.Restart(store);
        var left = commits;
        var crashed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        store.AfterCommit = commit =>
        {
            if (commit.Id.Kind == "Bundle" && Interlocked.Decrement(ref left) == 0)
            {
                store.Crash();
                crashed.SetResult();
            }

            return ValueTask.CompletedTask;
        };
        try
        {
            await _silo.Bundle.SubmitAsync(Submit(Bundle("b")), ByNode);
        }
        catch (XtmpException error) when (error.Code == XtmpErrorCode.StorageUnavailable)
        {
            // The first commit is the submission itself.
        }

        await crashed.Task.WaitAsync(Patience);
        _silo.Restart();

        // Nobody asks for the bundle; its reminder wakes it.
        for (var i = 0; i < 20; i++)
        {
            _silo.Time.Advance(TimeSpan.FromSeconds(5));
            await _silo.Silo.WhenQuietAsync();
        }

        await WaitForAsync("b", BundleStatusCode.Submitted);
        var page = await _silo.Ledger.SyncAsync(new BundleSync { NodeId = "node-1" });
        Assert.Equal(BundleStatusCode.Submitted, Assert.Single(page.Bundles).Status);
    }

    [Fact]
    public async Task enough_notaries_confirm_a_bundle()
    {
        var bundle = await SubmittedAsync("b");
        var first = await _silo.Bundle.ConfirmAsync(Verdict(bundle, "notary-0", _notaries[0]));
        Assert.Equal((BundleStatusCode.Submitted, (ushort)1, (ushort)2), (first.Status, first.Approvals, first.Required));

        // The same verdict again counts once.
        Assert.Equal((ushort)1, (await _silo.Bundle.ConfirmAsync(Verdict(bundle, "notary-0", _notaries[0]))).Approvals);
        var second = await _silo.Bundle.ConfirmAsync(Verdict(bundle, "notary-1", _notaries[1]));
        Assert.Equal((BundleStatusCode.Confirmed, (ushort)2), (second.Status, second.Approvals));
        await RefusedAsync(XtmpErrorCode.Conflict, _silo.Bundle.ConfirmAsync(Verdict(bundle, "notary-2", _notaries[2])));
        Assert.Equal(BundleStatusCode.Confirmed, (await _silo.Bundle.ConfirmAsync(Verdict(bundle, "notary-1", _notaries[1]))).Status);
    }

    [Fact]
    public async Task one_notary_rejects_a_bundle()
    {
        var bundle = await SubmittedAsync("b");
        await _silo.Bundle.ConfirmAsync(Verdict(bundle, "notary-0", _notaries[0]));
        Assert.Equal(BundleStatusCode.Rejected, (await _silo.Bundle.ConfirmAsync(Verdict(bundle, "notary-1", _notaries[1], approved: false))).Status);
        await RefusedAsync(XtmpErrorCode.Conflict, _silo.Bundle.ConfirmAsync(Verdict(bundle, "notary-2", _notaries[2])));
    }

    [Fact]
    public async Task refuses_a_verdict_that_is_not_the_notarys()
    {
        var bundle = await SubmittedAsync("b");
        await RefusedAsync(XtmpErrorCode.PermissionDenied, _silo.Bundle.ConfirmAsync(Verdict(bundle, "stranger", _notaries[0])), "notary_approval.notary_id");
        await RefusedAsync(XtmpErrorCode.SignatureInvalid, _silo.Bundle.ConfirmAsync(Verdict(bundle, "notary-0", _notaries[1])), "notary_approval.signature");
        var turned = Verdict(bundle, "notary-0", _notaries[0], approved: false);
        turned = turned with { NotaryApproval = turned.NotaryApproval with { Approved = true } };
        await RefusedAsync(XtmpErrorCode.SignatureInvalid, _silo.Bundle.ConfirmAsync(turned), "notary_approval.signature");
        foreach (var position in new[] { 0, DualSignature.Size - 1 })
        {
            var half = Verdict(bundle, "notary-0", _notaries[0]);
            var signature = half.NotaryApproval.Signature.ToArray();
            signature[position] ^= 1;
            half = half with { NotaryApproval = half.NotaryApproval with { Signature = signature } };
            await RefusedAsync(XtmpErrorCode.SignatureInvalid, _silo.Bundle.ConfirmAsync(half), "notary_approval.signature");
        }

        var elsewhere = Verdict(Bundle("other"), "notary-0", _notaries[0]) with { BundleId = "b" };
        await RefusedAsync(XtmpErrorCode.SignatureInvalid, _silo.Bundle.ConfirmAsync(elsewhere), "notary_approval.signature");
        await RefusedAsync(XtmpErrorCode.BundleUnknown, _silo.Bundle.ConfirmAsync(Verdict(Bundle("none"), "notary-0", _notaries[0])), "bundle_id");
    }

    [Fact]
    public async Task refuses_a_notary_that_changes_its_mind()
    {
        var bundle = await SubmittedAsync("b");
        await _silo.Bundle.ConfirmAsync(Verdict(bundle, "notary-0", _notaries[0]));
        await RefusedAsync(XtmpErrorCode.Conflict, _silo.Bundle.ConfirmAsync(Verdict(bundle, "notary-0", _notaries[0], approved: false)), "notary_approval.approved");
    }

    [Fact]
    public async Task the_ledger_lists_a_nodes_bundles_page_by_page()
    {
        for (var i = 0; i < 7; i++)
        {
            await SubmittedAsync($"b{i}");
        }

        await _silo.Bundle.SubmitAsync(Submit(Bundle("elsewhere", node: "node-2")), ByNode);
        await WaitForAsync("elsewhere", BundleStatusCode.Submitted);
        await _silo.Silo.WhenQuietAsync();

        var seen = new List<BundleSummary>();
        var after = 0UL;
        BundleSyncReply page;
        do
        {
            page = await _silo.Ledger.SyncAsync(new BundleSync { NodeId = "node-1", After = after, Limit = 3 });
            Assert.InRange(page.Bundles.Count, 1, 3);
            seen.AddRange(page.Bundles);
            after = page.Next;
        }
        while (page.More);

        Assert.Equal(Enumerable.Range(1, 7).Select(n => (ulong)n), seen.Select(line => line.Sequence));
        Assert.Equal(Enumerable.Range(0, 7).Select(n => $"b{n}"), seen.Select(line => line.BundleId).Order());
        var end = await _silo.Ledger.SyncAsync(new BundleSync { NodeId = "node-1", After = after });
        Assert.Empty(end.Bundles);
        Assert.Equal((after, false), (end.Next, end.More));
        Assert.Empty((await _silo.Ledger.SyncAsync(new BundleSync { NodeId = "node-3" })).Bundles);
        Assert.Empty((await _silo.Ledger.SyncAsync(new BundleSync { NodeId = "node-1", After = ulong.MaxValue })).Bundles);
    }

    [Fact]
    public async Task the_ledger_takes_a_line_once_however_often_it_is_delivered()
    {
        var line = new BundleIndexed
        {
            NodeId = "n",
            BundleId = "ünïcode id",
            BundleHash = new byte[32],
            TransactionCount = 1,
            TotalValue = 1,
            Status = BundleStatusCode.Submitted,
            At = DateTimeOffset.UnixEpoch,
        };
        Assert.Equal(1UL, (await _silo.Ledger.IndexedAsync(line)).Sequence);
        Assert.Equal(1UL, (await _silo.Ledger.IndexedAsync(line)).Sequence);
        Assert.Equal(2UL, (await _silo.Ledger.IndexedAsync(line with { Status = BundleStatusCode.Confirmed })).Sequence);
        _silo.Restart();
        Assert.Equal(1UL, (await _silo.Ledger.IndexedAsync(line)).Sequence);
    }

    private async Task<PoEProofBundle> SubmittedAsync(string id)
    {
        var bundle = Bundle(id);
        await _silo.Bundle.SubmitAsync(Submit(bundle), ByNode);
        await WaitForAsync(id, BundleStatusCode.Submitted);
        return bundle;
    }

    private async Task WaitForAsync(string id, BundleStatusCode status)
    {
        using var patience = new CancellationTokenSource(Patience);
        await foreach (var update in _silo.Stream.UpdatesAsync(new LiveUpdates { Topic = $"bundle:{id}", StreamType = StreamType.BundleUpdates }, patience.Token))
        {
            if (update.Body is UpdateBody.BundleStatusArm(var change) && change.Status == status)
            {
                return;
            }
        }
    }
}
