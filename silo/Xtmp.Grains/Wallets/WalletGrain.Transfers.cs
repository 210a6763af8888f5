using Xtmp.Crypto;
using Xtmp.Grains.State;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Runtime;
using Xtmp.Storage;

namespace Xtmp.Grains;

/// <content>Transfers out, credits in, and what becomes of a credit that is refused.</content>
public sealed partial class WalletGrain
{
    public async ValueTask<WalletTransactionReply> TransactionAsync(WalletTransaction request, CallContext context = default)
    {
        var state = Known();
        RequireOwner(request.From, context, "from");
        var content = new byte[WalletSigning.HashSize];
        WalletSigning.HashTransfer(request, _options.Network, content);

        // A repeat comes before every other check: nonce and balance have moved on since, and the answer must not.
        if (await Context.Entries.ReadAsync<TransferRecord>(OutKey(request.OperationId)).ConfigureAwait(true) is { } earlier)
        {
            return Repeat(earlier, content);
        }

        RequireSignature(state, request, content);
        if (request.Nonce != state.Nonce)
        {
            throw Refusal.Of(XtmpErrorCode.NonceMismatch, $"The wallet's next nonce is {state.Nonce}, not {request.Nonce}.", "nonce", retryable: false);
        }

        if (request.Currency != state.Currency)
        {
            throw Refusal.Of(XtmpErrorCode.PayloadInvalid, $"The wallet holds {state.Currency}.", "currency");
        }

        if (request.Amount is 0 or > MaxBalance)
        {
            throw Refusal.Of(XtmpErrorCode.AmountInvalid, "A transfer moves at least one minor unit.", "amount");
        }

        if (request.To.Span.SequenceEqual(request.From.Span))
        {
            throw Refusal.Of(XtmpErrorCode.PayloadInvalid, "A wallet cannot pay itself.", "to");
        }

        if (request.Amount > state.Balance)
        {
            throw Refusal.Of(XtmpErrorCode.InsufficientFunds, "The balance does not cover the amount.", "amount");
        }

        if (!await Context.ExistsAsync(new GrainId(Context.Kind, Convert.ToHexStringLower(request.To.Span))).ConfigureAwait(true))
        {
            throw Refusal.Of(XtmpErrorCode.WalletUnknown, "The receiving wallet is not registered here.", "to");
        }

        ChangeBalance(state with { Nonce = checked(state.Nonce + 1) }, state.Balance - request.Amount, state.PendingOut + request.Amount, request.OperationId);
        var reply = new WalletTransactionReply
        {
            OperationId = request.OperationId,
            Balance = State!.Balance,
            Nonce = State.Nonce,
            CommittedAt = Context.Now,
        };
        Context.Entries.Put(OutKey(request.OperationId), new TransferRecord { ContentHash = content, Reply = StoredValues.Encode(reply), Amount = request.Amount, Settled = false });
        Context.Send(
            WalletMethods.Credit,
            new WalletCredit { OperationId = request.OperationId, Wallet = request.To, From = request.From, Amount = request.Amount, Currency = request.Currency },
            _options.SettlementWait,
            notify: true);
        return reply;
    }

    public async ValueTask<WalletCreditReply> CreditAsync(WalletCredit request, CallContext context = default)
    {
        var state = Known();
        var key = InKey(request.From, request.OperationId);
        if (await Context.Entries.ReadAsync<CreditRecord>(key).ConfigureAwait(true) is { } earlier)
        {
            return StoredValues.Decode<WalletCreditReply>(earlier.Reply) with { Duplicate = true };
        }

        if (request.Currency != state.Currency)
        {
            throw Refusal.Of(XtmpErrorCode.PayloadInvalid, $"The receiving wallet holds {state.Currency}.", "currency");
        }

        // What is on its way out may come back, so room is kept for it: a compensation must never fail.
        if (request.Amount > MaxBalance - state.Balance - state.PendingOut)
        {
            throw Refusal.Of(XtmpErrorCode.AmountInvalid, "The receiving wallet cannot hold that much.", "amount");
        }

        ChangeBalance(state, state.Balance + request.Amount, state.PendingOut, request.OperationId);
        var reply = new WalletCreditReply
        {
            OperationId = request.OperationId,
            Balance = State!.Balance,
            CreditedAt = Context.Now,
            Duplicate = false,
        };
        Context.Entries.Put(key, new CreditRecord { Reply = StoredValues.Encode(reply), Amount = request.Amount });
        return reply;
    }

    /// <summary>The receiver has the money: nothing of it is on its way any more.</summary>
    protected override async ValueTask OnDeliveredAsync(IXtmpMessage message, GrainId receiver)
    {
        if (message is not WalletCredit credit
            || State is not { } state
            || await Context.Entries.ReadAsync<TransferRecord>(OutKey(credit.OperationId)).ConfigureAwait(true) is not { Settled: false, RefusedCode: null } record)
        {
            return;
        }

        Context.Entries.Put(OutKey(credit.OperationId), record with { Settled = true });
        State = state with { PendingOut = checked(state.PendingOut - record.Amount) };
    }

    /// <summary>The receiver refused for good: the amount comes back, and repeats of the operation get the refusal.</summary>
    protected override async ValueTask OnRefusedAsync(IXtmpMessage message, GrainId receiver, XtmpException error)
    {
        if (message is not WalletCredit credit
            || State is not { } state
            || await Context.Entries.ReadAsync<TransferRecord>(OutKey(credit.OperationId)).ConfigureAwait(true) is not { Settled: false, RefusedCode: null } record)
        {
            return;
        }

        Context.Entries.Put(OutKey(credit.OperationId), record with { RefusedCode = (ushort)error.Code, RefusedText = Cut(error.Message), RefusedField = error.Field });
        ChangeBalance(state, checked(state.Balance + record.Amount), checked(state.PendingOut - record.Amount), credit.OperationId);
    }

    private static WalletTransactionReply Repeat(TransferRecord earlier, ReadOnlySpan<byte> content)
    {
        if (!earlier.ContentHash.Span.SequenceEqual(content))
        {
            throw Refusal.Of(XtmpErrorCode.Conflict, "The operation id was used for another transfer.", "operation_id");
        }

        if (earlier.RefusedCode is { } refused)
        {
            throw Refusal.Of((XtmpErrorCode)refused, earlier.RefusedText ?? "The receiver refused the transfer.", earlier.RefusedField);
        }

        return StoredValues.Decode<WalletTransactionReply>(earlier.Reply);
    }

    private static string OutKey(ReadOnlyMemory<byte> operation) => "out/" + Convert.ToHexStringLower(operation.Span);

    private static string InKey(ReadOnlyMemory<byte> from, ReadOnlyMemory<byte> operation) =>
        $"in/{Convert.ToHexStringLower(from.Span)}/{Convert.ToHexStringLower(operation.Span)}";

    private static string Cut(string text) => text.Length <= 128 ? text : text[..128];

    private void RequireSignature(WalletState state, WalletTransaction request, ReadOnlySpan<byte> content)
    {
        if (request.PqSignature is { } pqSignature)
        {
            if (!Keys(state).Verify(WalletSigning.TransferLabel, WalletSigning.Role, content, pqSignature.Span, request.Signature.Span))
            {
                throw Refusal.Of(XtmpErrorCode.SignatureInvalid, $"The signatures are not the paying wallet's over this transfer in the network '{_options.Network}'.", "signature");
            }

            return;
        }

        if (_options.RequirePqSignature)
        {
            throw Refusal.Of(XtmpErrorCode.SignatureInvalid, "This silo asks for an ML-DSA-87 signature too.", "pq_signature");
        }

        byte[] message = [.. WalletSigning.TransferLabel, .. WalletSigning.Role, .. content];
        if (!Ed25519.Verify(state.Ed25519Key.Span, message, request.Signature.Span))
        {
            throw Refusal.Of(XtmpErrorCode.SignatureInvalid, $"The signature is not the paying wallet's over this transfer in the network '{_options.Network}'.", "signature");
        }
    }
}
