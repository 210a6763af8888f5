using System.Security.Cryptography;
using System.Text;
using Orleans.Placement;
using Xtmp.Crypto;
using Xtmp.Grains.State;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Runtime;

namespace Xtmp.Grains;

/// <summary>
/// A proof bundle and where it stands: received, verifying, verified, submitted, and by its notaries confirmed or
/// rejected. An invalid proof is refused at submission and leaves nothing behind. The key is the bundle id.
/// </summary>
[RandomPlacement]
public sealed class BundleGrain : XtmpGrain<BundleState>, IBundleHandler
{
    private const string ProofKey = "proof";
    private const string VerdictPrefix = "verdict/";
    private const string AdvanceReminder = "advance";
    private const int MaxVerdicts = 64;

    // The timer carries a bundle on at once; the reminder does it when the silo died in between.
    private static readonly TimeSpan AdvanceAfterCrash = TimeSpan.FromSeconds(5);

    private readonly GrainOptions _options;

    public BundleGrain(GrainOptions options)
    {
        _options = options;
    }

    public ValueTask<BundleSubmitReply> SubmitAsync(BundleSubmit request, CallContext context = default)
    {
        if (request.BundleId != request.Bundle.BundleId)
        {
            throw Refusal.Of(XtmpErrorCode.PayloadInvalid, "bundle_id differs from the bundle's own.", "bundle_id");
        }

        var proof = StoredValues.Encode(request.Bundle);
        var content = SHA256.HashData(proof);
        if (State is { } known)
        {
            return known.ContentHash.Span.SequenceEqual(content)
                ? new(ToReply(known, duplicate: true))
                : throw Refusal.Of(XtmpErrorCode.BundleConflict, "Another bundle was submitted under this id.", "bundle_id");
        }

        var node = RequireNode(request.Bundle.BpiLedgerMetadata.NodeId, context);
        if (BundleVerification.FindFault(request.Bundle) is { } fault)
        {
            throw fault;
        }

        RequireNodeSignature(request.Bundle, node);

        State = new BundleState
        {
            ContentHash = content,
            BundleHash = request.Bundle.BundleHash.ToArray(),
            NodeId = request.Bundle.BpiLedgerMetadata.NodeId,
            TransactionCount = request.Bundle.TransactionCount,
            TotalValue = request.Bundle.TotalValue,
            Status = (byte)BundleStatusCode.Received,
            AcceptedAt = Context.Now,
            History = [new BundleStep { Status = (byte)BundleStatusCode.Received, At = Context.Now }],
            Verdicts = [],
        };
        Context.Entries.Put(ProofKey, proof);
        Announce(State, previous: BundleStatusCode.Received);
        Context.SetReminder(AdvanceReminder, AdvanceAfterCrash, AdvanceAfterCrash);
        Context.StartTimer(AdvanceAsync, TimeSpan.Zero);
        return new(ToReply(State, duplicate: false));
    }

    public ValueTask<BundleStatusReply> StatusAsync(BundleStatus request, CallContext context = default)
    {
        var state = RequireState();
        return new(new BundleStatusReply
        {
            BundleId = request.BundleId,
            Status = (BundleStatusCode)state.Status,
            UpdatedAt = state.History[^1].At,
            History = [.. state.History.Select(step => new BundleStatusChange { Status = (BundleStatusCode)step.Status, At = step.At, Detail = step.Detail })],
        });
    }

    public ValueTask<BundleConfirmReply> ConfirmAsync(BundleConfirm request, CallContext context = default)
    {
        var state = RequireState();
        var approval = request.NotaryApproval;
        RequireVerdict(state, approval);
        if (state.Verdicts.FirstOrDefault(verdict => verdict.NotaryId == approval.NotaryId) is { } earlier)
        {
            return earlier.Approved == approval.Approved
                ? new(ToReply(state, earlier.At))
                : throw Refusal.Of(XtmpErrorCode.Conflict, "This notary has already given the other verdict.", "notary_approval.approved");
        }

        switch ((BundleStatusCode)state.Status)
        {
            case BundleStatusCode.Submitted:
                break;
            case BundleStatusCode.Confirmed or BundleStatusCode.Rejected:
                throw Refusal.Of(XtmpErrorCode.Conflict, $"The bundle is {(BundleStatusCode)state.Status} and takes no more verdicts.");
            default:
                throw Refusal.Of(XtmpErrorCode.Conflict, "The bundle is still being verified.", retryable: true);
        }

        return new(ToReply(Decide(Count(state, approval)), Context.Now));
    }

    public async ValueTask<BundleProofReply> ProofAsync(BundleProof request, CallContext context = default)
    {
        var state = RequireState();
        var bundle = await ReadProofAsync(state).ConfigureAwait(true) ?? throw Refusal.Of(XtmpErrorCode.BundleUnknown, "The stored bundle is not what was submitted.", "bundle_id");
        for (var index = 0; index < bundle.Transactions.Count; index++)
        {
            if (bundle.Transactions[index].TxId == request.TxId)
            {
                var approvals = await Context.Entries.PageAsync(VerdictPrefix, VerdictPrefix, MaxVerdicts).ConfigureAwait(true);
                return BundleProofs.Make(bundle, index, (BundleStatusCode)state.Status, [.. approvals.Select(entry => StoredValues.Decode<NotaryApproval>(entry.Value))]);
            }
        }

        throw Refusal.Of(XtmpErrorCode.NotFound, "The bundle holds no such transaction.", "tx_id");
    }

    protected override ValueTask OnReminderAsync(string name) => AdvanceAsync();

    /// <summary>One step a turn, so that each is durable and announced before the next begins.</summary>
    private async ValueTask AdvanceAsync()
    {
        if (State is not { } state)
        {
            return;
        }

        switch ((BundleStatusCode)state.Status)
        {
            case BundleStatusCode.Received:
                Move(state, BundleStatusCode.Verifying, detail: null);
                break;
            case BundleStatusCode.Verifying:
                var fault = await VerifyStoredAsync(state).ConfigureAwait(true);
                Move(state, fault is null ? BundleStatusCode.Verified : BundleStatusCode.Rejected, fault);
                break;
            case BundleStatusCode.Verified:
                state = await CountCollectedAsync(state).ConfigureAwait(true);
                state = Move(state, BundleStatusCode.Submitted, "waiting for notary approvals");
                Decide(state);
                Context.RemoveReminder(AdvanceReminder);
                return;
            default:
                Context.RemoveReminder(AdvanceReminder);
                return;
        }

        Context.StartTimer(AdvanceAsync, TimeSpan.Zero);
    }

    /// <summary>Reads back what was stored and recomputes it: what counts from here on is what the silo keeps.</summary>
    private async ValueTask<string?> VerifyStoredAsync(BundleState state)
    {
        var bundle = await ReadProofAsync(state).ConfigureAwait(true);
        return bundle is null ? "the stored proof is not what was submitted" : BundleVerification.FindFault(bundle)?.Message;
    }

    private async ValueTask<PoEProofBundle?> ReadProofAsync(BundleState state) =>
        await Context.Entries.GetAsync(ProofKey).ConfigureAwait(true) is { } proof && SHA256.HashData(proof.Span).AsSpan().SequenceEqual(state.ContentHash.Span)
            ? StoredValues.Decode<PoEProofBundle>(proof)
            : null;

    /// <summary>Verdicts that came with the bundle count like those that come later; what does not verify is passed over.</summary>
    private async ValueTask<BundleState> CountCollectedAsync(BundleState state)
    {
        foreach (var approval in (await ReadProofAsync(state).ConfigureAwait(true))?.NotaryApprovals ?? [])
        {
            if (state.Verdicts.All(verdict => verdict.NotaryId != approval.NotaryId)
                && _options.Notaries.TryGetValue(approval.NotaryId, out var keys)
                && NotarySigning.Verify(approval, state.BundleHash.Span, _options.Network, keys))
            {
                state = Count(state, approval);
            }
        }

        return state;
    }

    private BundleState Count(BundleState state, NotaryApproval approval)
    {
        // Notary ids are any text; keys of entries are ASCII.
        Context.Entries.Put(VerdictPrefix + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(approval.NotaryId))), approval);
        return State = state with
        {
            Verdicts = [.. state.Verdicts, new NotaryVerdict { NotaryId = approval.NotaryId, Approved = approval.Approved, At = Context.Now }],
        };
    }

    /// <summary>One refusal rejects; enough approvals confirm.</summary>
    private BundleState Decide(BundleState state) =>
        state.Verdicts.FirstOrDefault(verdict => !verdict.Approved) is { } refusal ? Move(state, BundleStatusCode.Rejected, $"refused by notary {refusal.NotaryId}")
        : Approvals(state) >= _options.RequiredApprovals ? Move(state, BundleStatusCode.Confirmed, $"approved by {Approvals(state)} notaries")
        : state;

    /// <summary>The node that the bundle names is known here, and it is the one that submits.</summary>
    private IdentityPublicKey RequireNode(string nodeId, CallContext context)
    {
        const string Field = "bundle.bpi_ledger_metadata.node_id";
        if (!_options.Nodes.TryGetValue(nodeId, out var node))
        {
            throw Refusal.Of(XtmpErrorCode.PermissionDenied, "This silo knows no such ledger node.", Field);
        }

        return context.RequireCaller().IdentityFingerprint.Span.SequenceEqual(node.Fingerprint.ToArray())
            ? node
            : throw Refusal.Of(XtmpErrorCode.PermissionDenied, "The session's identity is not this ledger node's.", Field);
    }

    private void RequireNodeSignature(PoEProofBundle bundle, IdentityPublicKey node)
    {
        Span<byte> hash = stackalloc byte[NodeSigning.HashSize];
        NodeSigning.HashBundle(_options.Network, bundle.BundleHash.Span, hash);
        if (bundle.NodeSignature is not { } signature || !DualSignature.Verify(node, NodeSigning.Label, NodeSigning.Role, hash, signature.Span))
        {
            throw Refusal.Of(XtmpErrorCode.SignatureInvalid, $"The signature is not the node's over this bundle in the network '{_options.Network}'.", "bundle.node_signature");
        }
    }

    private void RequireVerdict(BundleState state, NotaryApproval approval)
    {
        if (!_options.Notaries.TryGetValue(approval.NotaryId, out var keys))
        {
            throw Refusal.Of(XtmpErrorCode.PermissionDenied, "This silo knows no such notary.", "notary_approval.notary_id");
        }

        if (!NotarySigning.Verify(approval, state.BundleHash.Span, _options.Network, keys))
        {
            throw Refusal.Of(XtmpErrorCode.SignatureInvalid, $"The signature is not this notary's ML-DSA-87 and Ed25519 over the verdict in the network '{_options.Network}'.", "notary_approval.signature");
        }
    }

    private BundleState Move(BundleState state, BundleStatusCode status, string? detail)
    {
        var previous = (BundleStatusCode)state.Status;
        State = state = state with
        {
            Status = (byte)status,
            History = [.. state.History, new BundleStep { Status = (byte)status, At = Context.Now, Detail = detail }],
        };
        Announce(state, previous);
        if (status is BundleStatusCode.Submitted or BundleStatusCode.Confirmed or BundleStatusCode.Rejected)
        {
            Context.Send(BundleLedgerMethods.Indexed, new BundleIndexed
            {
                NodeId = state.NodeId,
                BundleId = Context.Key,
                BundleHash = state.BundleHash,
                TransactionCount = state.TransactionCount,
                TotalValue = state.TotalValue,
                Status = status,
                At = Context.Now,
            });
        }

        return state;
    }

    /// <summary>Publishes the latest step. Its sequence is its place in the history, from 1.</summary>
    private void Announce(BundleState state, BundleStatusCode previous)
    {
        var step = state.History[^1];
        Context.Publish(Topics.OfBundle(Context.Key), new LiveUpdate
        {
            Topic = Topics.OfBundle(Context.Key),
            Sequence = (ulong)state.History.Count,
            At = step.At,
            Body = new BundleStatusUpdate { BundleId = Context.Key, Status = (BundleStatusCode)step.Status, Previous = previous, At = step.At, Detail = step.Detail },
        });
    }

    private BundleState RequireState() => State ?? throw Refusal.Of(XtmpErrorCode.BundleUnknown, "No such bundle was submitted here.", "bundle_id");

    private static int Approvals(BundleState state) => state.Verdicts.Count(verdict => verdict.Approved);

    private BundleSubmitReply ToReply(BundleState state, bool duplicate) => new()
    {
        BundleId = Context.Key,
        Status = (BundleStatusCode)state.Status,
        AcceptedAt = state.AcceptedAt,
        Duplicate = duplicate,
    };

    private BundleConfirmReply ToReply(BundleState state, DateTimeOffset countedAt) => new()
    {
        BundleId = Context.Key,
        Status = (BundleStatusCode)state.Status,
        Approvals = (ushort)Approvals(state),
        Required = (ushort)_options.RequiredApprovals,
        UpdatedAt = countedAt,
    };
}
