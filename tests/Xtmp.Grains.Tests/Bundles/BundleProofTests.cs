using Xtmp.Crypto;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.TestKit;
using static Xtmp.Grains.Tests.Bundles.TestBundles;
using static Xtmp.Grains.Tests.GrainsFixture;

namespace Xtmp.Grains.Tests.Bundles;

/// <summary>What a client verifies of a bundle without trusting the silo, and verdicts that come with a bundle.</summary>
public sealed class BundleProofTests : IAsyncDisposable
{
    private readonly IdentityKey[] _notaries = [.. Enumerable.Range(0, 3).Select(index => IdentityKey.Generate(new SeededEntropy((ulong)index)))];
    private readonly Dictionary<string, IdentityPublicKey> _known;
    private readonly GrainsFixture _silo;

    public BundleProofTests()
    {
        _known = _notaries.Select((keys, index) => (keys, index)).ToDictionary(pair => $"notary-{pair.index}", pair => pair.keys.Public);
        _silo = new GrainsFixture(new GrainOptions { Notaries = _known, Nodes = Nodes, RequiredApprovals = 2 });
    }

    public ValueTask DisposeAsync() => _silo.DisposeAsync();

    [Fact]
    public async Task every_transaction_of_a_bundle_can_be_proved()
    {
        var bundle = Bundle("b", transactions: 5);
        await _silo.Bundle.SubmitAsync(Submit(bundle), ByNode);
        await WaitForAsync("b", BundleStatusCode.Submitted);
        await _silo.Bundle.ConfirmAsync(Verdict(bundle, "notary-0", _notaries[0]));
        await _silo.Bundle.ConfirmAsync(Verdict(bundle, "notary-2", _notaries[2]));
        for (var index = 0; index < 5; index++)
        {
            var proof = await _silo.Bundle.ProofAsync(new BundleProof { BundleId = "b", TxId = $"tx-{index}" });
            Assert.Equal(bundle.Transactions[index], proof.Transaction);
            Assert.Equal(XtmpErrorCode.None, BundleProofs.FindFault(proof, Network, Node.Public));
            Assert.Equal(2, BundleProofs.CountApprovals(proof, Network, _known));
            Assert.Equal(BundleStatusCode.Confirmed, proof.Status);
        }

        await RefusedAsync(XtmpErrorCode.NotFound, _silo.Bundle.ProofAsync(new BundleProof { BundleId = "b", TxId = "tx-9" }), "tx_id");
        await RefusedAsync(XtmpErrorCode.BundleUnknown, _silo.Bundle.ProofAsync(new BundleProof { BundleId = "c", TxId = "tx-0" }), "bundle_id");
    }

    [Fact]
    public async Task refuses_a_proof_that_was_touched()
    {
        var bundle = Bundle("b", transactions: 5);
        await _silo.Bundle.SubmitAsync(Submit(bundle), ByNode);
        var good = await _silo.Bundle.ProofAsync(new BundleProof { BundleId = "b", TxId = "tx-3" });
        Assert.Equal(XtmpErrorCode.MerkleRootMismatch, Fault(good with { Transaction = good.Transaction with { Amount = 11 } }));
        Assert.Equal(XtmpErrorCode.MerkleRootMismatch, Fault(good with { Index = 2 }));
        Assert.Equal(XtmpErrorCode.MerkleRootMismatch, Fault(good with { Path = [] }));
        Assert.Equal(XtmpErrorCode.BundleHashMismatch, Fault(good with { Header = good.Header with { TotalValue = 1 } }));
        Assert.Equal(XtmpErrorCode.BundleHashMismatch, Fault(good with { Header = good.Header with { BundleId = "c" } }));
        Assert.Equal(XtmpErrorCode.SignatureInvalid, Fault(good with { Header = good.Header with { NodeSignature = Bundle("c").NodeSignature!.Value } }));
        Assert.Equal(XtmpErrorCode.SignatureInvalid, BundleProofs.FindFault(good, "another network", Node.Public));
        Assert.Equal(XtmpErrorCode.SignatureInvalid, BundleProofs.FindFault(good, Network, _notaries[0].Public));
    }

    [Fact]
    public async Task approvals_that_are_not_the_notarys_do_not_count()
    {
        var bundle = Bundle("b");
        await _silo.Bundle.SubmitAsync(Submit(bundle), ByNode);
        var proof = await _silo.Bundle.ProofAsync(new BundleProof { BundleId = "b", TxId = "tx-0" });
        var real = Verdict(bundle, "notary-0", _notaries[0]).NotaryApproval;
        Assert.Equal(1, BundleProofs.CountApprovals(proof with { Approvals = [real, real, real with { NotaryId = "notary-1" }, real with { NotaryId = "stranger" }] }, Network, _known));
        Assert.Equal(0, BundleProofs.CountApprovals(proof with { Approvals = [Verdict(bundle, "notary-0", _notaries[0], approved: false).NotaryApproval] }, Network, _known));
        Assert.Equal(0, BundleProofs.CountApprovals(proof with { Approvals = [Verdict(Bundle("c"), "notary-0", _notaries[0]).NotaryApproval] }, Network, _known));
    }

    [Fact]
    public async Task verdicts_that_come_with_a_bundle_count()
    {
        var bundle = Bundle("b");
        var approvals = new[] { "notary-0", "notary-1" }.Select((notary, index) => Verdict(bundle, notary, _notaries[index]).NotaryApproval).ToArray();
        await _silo.Bundle.SubmitAsync(Submit(bundle with { NotaryApprovals = [.. approvals] }), ByNode);
        Assert.Equal(
            [BundleStatusCode.Received, BundleStatusCode.Verifying, BundleStatusCode.Verified, BundleStatusCode.Submitted, BundleStatusCode.Confirmed],
            await StepsAsync("b", BundleStatusCode.Confirmed));
        Assert.Null(await _silo.Store.ReadNextReminderAsync());
    }

    [Fact]
    public async Task a_refusal_that_comes_with_a_bundle_rejects_it_and_forged_verdicts_are_passed_over()
    {
        var bundle = Bundle("b");
        var forged = Verdict(bundle, "notary-1", _notaries[0]).NotaryApproval;
        var refusal = Verdict(bundle, "notary-2", _notaries[2], approved: false).NotaryApproval;
        await _silo.Bundle.SubmitAsync(Submit(bundle with { NotaryApprovals = [forged, refusal] }), ByNode);
        Assert.Equal(BundleStatusCode.Rejected, (await StepsAsync("b", BundleStatusCode.Rejected))[^1]);
        var other = Bundle("c");
        await _silo.Bundle.SubmitAsync(Submit(other with { NotaryApprovals = [Verdict(other, "notary-1", _notaries[0]).NotaryApproval] }), ByNode);
        Assert.Equal(BundleStatusCode.Submitted, (await StepsAsync("c", BundleStatusCode.Submitted))[^1]);
    }

    [Fact]
    public async Task a_range_of_a_nodes_ledger_is_read_up_to_its_end()
    {
        for (var index = 0; index < 5; index++)
        {
            await _silo.Bundle.SubmitAsync(Submit(Bundle($"b{index}")), ByNode);
            await WaitForAsync($"b{index}", BundleStatusCode.Submitted);
            await _silo.Silo.WhenQuietAsync();
        }

        var first = await _silo.Ledger.SyncAsync(new BundleSync { NodeId = "node-1", After = 1, Until = 4, Limit = 2 });
        Assert.Equal([2UL, 3UL], first.Bundles.Select(line => line.Sequence));
        Assert.True(first.More);
        var second = await _silo.Ledger.SyncAsync(new BundleSync { NodeId = "node-1", After = first.Next, Until = 4, Limit = 2 });
        Assert.Equal(4UL, Assert.Single(second.Bundles).Sequence);
        Assert.False(second.More);
    }

    private static XtmpErrorCode Fault(BundleProofReply proof) => BundleProofs.FindFault(proof, Network, Node.Public);

    private async Task WaitForAsync(string id, BundleStatusCode status)
    {
        using var patience = new CancellationTokenSource(Patience);
        await foreach (var update in _silo.Stream.UpdatesAsync(new LiveUpdates { Topic = $"bundle:{id}", StreamType = StreamType.BundleUpdates }, patience.Token))
        {
            if (update.Body is UpdateBody.BundleStatusArm(var change) && change.Status == status)
            {
                break;
            }
        }
    }

    private async Task<BundleStatusCode[]> StepsAsync(string id, BundleStatusCode last)
    {
        await WaitForAsync(id, last);
        await _silo.Silo.WhenQuietAsync();
        return [.. (await _silo.Bundle.StatusAsync(new BundleStatus { BundleId = id })).History.Select(step => step.Status)];
    }
}
