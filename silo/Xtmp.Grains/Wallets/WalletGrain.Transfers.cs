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
        var state = RequireState();
        RequireOwner(request.From, context, "from");
        var content = new byte[WalletSigning.HashSize];
        WalletSigning.HashTransfer(request, _options.Network, content);

        // A repeat comes before every other check: nonce and balance have moved on since, and the answer must not.
        if (await Context.Entries.ReadAsync<TransferRecord>(OutKey(request.OperationId)).ConfigureAwait(true) is { } earlier)
        {
            return Repeat<WalletTransactionReply>(earlier, content);
        }

        RequireSignature(await KeysAsync().ConfigureAwait(true), WalletSigning.TransferLabel, content, request.Signature, request.PqSignature, "transfer");
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

        state = Spend(state, request.Amount);
        await RequireReceiverAsync(request.To).ConfigureAwait(true);
        Change(
            state with { Nonce = checked(state.Nonce + 1), Balance = state.Balance - request.Amount, PendingOut = state.PendingOut + request.Amount },
            WalletHistoryKind.Sent,
            request.Amount,
            request.OperationId,
            request.To,
            request.Memo);
        var reply = new WalletTransactionReply
        {
            OperationId = request.OperationId,
            Balance = State!.Balance,
            Nonce = State.Nonce,
            CommittedAt = Context.Now,
        };
        Context.Entries.Put(OutKey(request.OperationId), new TransferRecord { ContentHash = content, Reply = StoredValues.Encode(reply), Amount = request.Amount });
        Context.Send(
            WalletMethods.Credit,
            new WalletCredit { OperationId = request.OperationId, Wallet = request.To, From = request.From, Amount = request.Amount, Currency = request.Currency, Memo = request.Memo },
            _options.SettlementWait,
            notify: true);
        return reply;
    }

    public async ValueTask<WalletCreditReply> CreditAsync(WalletCredit request, CallContext context = default)
    {
        var state = RequireState();
        var key = InKey(request.From, request.OperationId);
        if (await Context.Entries.ReadAsync<CreditRecord>(key).ConfigureAwait(true) is { } earlier)
        {
            return StoredValues.Decode<WalletCreditReply>(earlier.Reply) with { Duplicate = true };
        }

        if (request.Currency != state.Currency)
        {
            throw Refusal.Of(XtmpErrorCode.PayloadInvalid, $"The receiving wallet holds {state.Currency}.", "currency");
        }

        // What is on its way out or set aside may come back, so room is kept for it: a compensation must never fail.
        if (request.Amount > MaxBalance - state.Balance - state.PendingOut - state.Held)
        {
            throw Refusal.Of(XtmpErrorCode.AmountInvalid, "The receiving wallet cannot hold that much.", "amount");
        }

        Change(state with { Balance = state.Balance + request.Amount }, WalletHistoryKind.Received, request.Amount, request.OperationId, request.From, request.Memo);
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
    protected override ValueTask OnDeliveredAsync(IXtmpMessage message, GrainId receiver)
    {
        if (message is WalletCredit credit && State is { } state)
        {
            State = state with { PendingOut = checked(state.PendingOut - credit.Amount) };
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>The receiver refused for good: the amount comes back, and repeats of the operation get the refusal.</summary>
    protected override async ValueTask OnRefusedAsync(IXtmpMessage message, GrainId receiver, XtmpException error)
    {
        if (message is not WalletCredit credit
            || State is not { } state
            || await Context.Entries.ReadAsync<TransferRecord>(OutKey(credit.OperationId)).ConfigureAwait(true) is not { RefusedCode: null } record)
        {
            return;
        }

        Context.Entries.Put(OutKey(credit.OperationId), record with { RefusedCode = (ushort)error.Code, RefusedText = Cut(error.Message), RefusedField = error.Field });
        Change(
            state with { Balance = checked(state.Balance + record.Amount), PendingOut = checked(state.PendingOut - record.Amount) },
            WalletHistoryKind.Returned,
            record.Amount,
            credit.OperationId,
            credit.Wallet);
    }

    private static TReply Repeat<TReply>(TransferRecord earlier, ReadOnlySpan<byte> content)
        where TReply : class, IXtmpStruct<TReply>
    {
        if (!earlier.ContentHash.Span.SequenceEqual(content))
        {
            throw Refusal.Of(XtmpErrorCode.Conflict, "The operation id was used for something else.", "operation_id");
        }

        if (earlier.RefusedCode is { } refused)
        {
            throw Refusal.Of((XtmpErrorCode)refused, earlier.RefusedText ?? "The receiver refused the transfer.", earlier.RefusedField);
        }

        return StoredValues.Decode<TReply>(earlier.Reply);
    }

    /// <summary>The state with the amount counted for today.</summary>
    private WalletState Spend(WalletState state, ulong amount)
    {
        if (amount > _options.MaxTransfer)
        {
            throw Refusal.Of(XtmpErrorCode.TransferLimit, $"This silo moves at most {_options.MaxTransfer} at once.", "amount");
        }

        var today = (uint)(Context.Now - DateTimeOffset.UnixEpoch).Days;
        var spent = state.SpentOn == today ? state.Spent : 0;
        return spent <= _options.MaxTransferPerDay && amount <= _options.MaxTransferPerDay - spent
            ? state with { SpentOn = today, Spent = spent + amount }
            : throw Refusal.Of(XtmpErrorCode.TransferLimit, $"This silo moves at most {_options.MaxTransferPerDay} out of a wallet in a day; {spent} were moved today.", "amount");
    }

    private async ValueTask RequireReceiverAsync(ReadOnlyMemory<byte> wallet)
    {
        if (!await Context.ExistsAsync(new GrainId(Context.Kind, Convert.ToHexStringLower(wallet.Span))).ConfigureAwait(true))
        {
            throw Refusal.Of(XtmpErrorCode.WalletUnknown, "The receiving wallet is not registered here.", "to");
        }
    }

    private static string OutKey(ReadOnlyMemory<byte> operation) => "out/" + Convert.ToHexStringLower(operation.Span);

    private static string InKey(ReadOnlyMemory<byte> from, ReadOnlyMemory<byte> operation) =>
        $"in/{Convert.ToHexStringLower(from.Span)}/{Convert.ToHexStringLower(operation.Span)}";

    private static string Cut(string text) => text.Length <= 128 ? text : text[..128];

    private void RequireSignature(
        IdentityPublicKey keys, ReadOnlySpan<byte> label, ReadOnlySpan<byte> content, ReadOnlyMemory<byte> signature, ReadOnlyMemory<byte>? pqSignature, string what)
    {
        if (pqSignature is null && _options.RequirePqSignature)
        {
            throw Refusal.Of(XtmpErrorCode.SignatureInvalid, "This silo asks for an ML-DSA-87 signature too.", "pq_signature");
        }

        byte[] message = [.. label, .. WalletSigning.Role, .. content];
        if (pqSignature is { } pq
            ? !keys.Verify(label, WalletSigning.Role, content, pq.Span, signature.Span)
            : !Ed25519.Verify(keys.Ed25519Key, message, signature.Span))
        {
            throw Refusal.Of(XtmpErrorCode.SignatureInvalid, $"The signature is not the paying wallet's over this {what} in the network '{_options.Network}'.", "signature");
        }
    }
}
