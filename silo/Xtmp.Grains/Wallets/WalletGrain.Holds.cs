using System.Globalization;
using System.Security.Cryptography;
using Xtmp.Grains.State;
using Xtmp.Messages;
using Xtmp.Protocol;

namespace Xtmp.Grains;

/// <content>
/// Holds: money that is set aside for a captor. What is placed is captured, released or, by a reminder, comes back when its
/// time is over. Calls from within the silo, which have no session, are trusted to name themselves as captor.
/// </content>
public sealed partial class WalletGrain
{
    private const string DuePrefix = "due/";
    private const string ExpiryReminder = "holds";

    public async ValueTask<WalletHoldReply> HoldAsync(WalletHold request, CallContext context = default)
    {
        var state = RequireState();
        if (context.Caller is not null)
        {
            RequireOwner(request.Wallet, context, "wallet");
        }

        var content = new byte[WalletSigning.HashSize];
        WalletSigning.HashHold(request, _options.Network, content);
        if (await Context.Entries.ReadAsync<HoldRecord>(HoldKey(request.OperationId)).ConfigureAwait(true) is { } earlier)
        {
            return earlier.ContentHash.Span.SequenceEqual(content)
                ? new WalletHoldReply { Hold = ToInfo(request.OperationId, earlier), Balance = state.Balance, Existing = true }
                : throw Refusal.Of(XtmpErrorCode.Conflict, "The operation id was used for another hold.", "operation_id");
        }

        RequireSignature(await KeysAsync().ConfigureAwait(true), WalletSigning.HoldLabel, content, request.Signature, request.PqSignature, "hold");
        RequirePlaceable(state, request);
        var hold = new HoldRecord
        {
            ContentHash = content,
            Amount = request.Amount,
            Captured = 0,
            Released = 0,
            State = (byte)HoldState.Open,
            Captor = request.Captor,
            PlacedAt = Context.Now,
            ExpiresAt = request.ExpiresAt,
            Memo = request.Memo,
        };
        Context.Entries.Put(HoldKey(request.OperationId), hold);
        Context.Entries.Put(DueKey(request.OperationId, hold), request.OperationId);
        state = WakeBy(Spend(state, request.Amount), hold.ExpiresAt);
        Change(
            state with { Balance = state.Balance - request.Amount, Held = state.Held + request.Amount, Holds = state.Holds + 1 },
            WalletHistoryKind.Held,
            request.Amount,
            request.OperationId,
            memo: request.Memo);
        return new WalletHoldReply { Hold = ToInfo(request.OperationId, hold), Balance = State!.Balance, Existing = false };
    }

    public async ValueTask<WalletHoldCaptureReply> HoldCaptureAsync(WalletHoldCapture request, CallContext context = default)
    {
        var state = RequireState();
        RequireCaptor(request.Captor, context);
        var operation = CaptureOperation(request.HoldId, request.OperationId);
        var content = SHA512.HashData(StoredValues.Encode(request));
        if (await Context.Entries.ReadAsync<TransferRecord>(OutKey(operation)).ConfigureAwait(true) is { } earlier)
        {
            return Repeat<WalletHoldCaptureReply>(earlier, content);
        }

        var hold = await RequireHoldAsync(request.HoldId, request.Captor).ConfigureAwait(true);
        if (hold.State != (byte)HoldState.Open || hold.ExpiresAt <= Context.Now)
        {
            throw Refusal.Of(XtmpErrorCode.HoldClosed, "The hold is no longer open.", "hold_id");
        }

        var left = hold.Amount - hold.Captured;
        if (request.Amount > left)
        {
            throw Refusal.Of(XtmpErrorCode.AmountInvalid, $"{left} are left of the hold.", "amount");
        }

        if (request.To.Span.SequenceEqual(request.Wallet.Span))
        {
            throw Refusal.Of(XtmpErrorCode.PayloadInvalid, "A wallet cannot pay itself; release the hold instead.", "to");
        }

        await RequireReceiverAsync(request.To).ConfigureAwait(true);
        hold = hold with { Captured = hold.Captured + request.Amount };
        Change(
            state with { Held = checked(state.Held - request.Amount), PendingOut = state.PendingOut + request.Amount },
            WalletHistoryKind.Captured,
            request.Amount,
            operation,
            request.To,
            hold.Memo);
        hold = request.Final || hold.Captured == hold.Amount
            ? Close(request.HoldId, hold, HoldState.Captured)
            : hold;
        Context.Entries.Put(HoldKey(request.HoldId), hold);
        var reply = new WalletHoldCaptureReply { OperationId = request.OperationId, Hold = ToInfo(request.HoldId, hold), CommittedAt = Context.Now };

        // The credit goes the way of a transfer: the receiver takes it once, and a refusal brings the amount back here.
        Context.Entries.Put(OutKey(operation), new TransferRecord { ContentHash = content, Reply = StoredValues.Encode(reply), Amount = request.Amount });
        Context.Send(
            WalletMethods.Credit,
            new WalletCredit { OperationId = operation, Wallet = request.To, From = request.Wallet, Amount = request.Amount, Currency = state.Currency, Memo = hold.Memo },
            _options.SettlementWait,
            notify: true);
        return reply;
    }

    public async ValueTask<WalletHoldReleaseReply> HoldReleaseAsync(WalletHoldRelease request, CallContext context = default)
    {
        RequireState();
        RequireCaptor(request.Captor, context);
        var hold = await RequireHoldAsync(request.HoldId, request.Captor).ConfigureAwait(true);
        if (hold.State == (byte)HoldState.Open)
        {
            hold = Close(request.HoldId, hold, HoldState.Released);
            Context.Entries.Put(HoldKey(request.HoldId), hold);
        }

        return new WalletHoldReleaseReply { Hold = ToInfo(request.HoldId, hold) };
    }

    public async ValueTask<WalletHoldStatusReply> HoldStatusAsync(WalletHoldStatus request, CallContext context = default)
    {
        RequireState();
        var hold = await Context.Entries.ReadAsync<HoldRecord>(HoldKey(request.HoldId)).ConfigureAwait(true);
        if (context.Caller is { } caller && !caller.Wallet.Span.SequenceEqual(request.Wallet.Span) && hold?.Captor != WalletSigning.CaptorOf(caller.Wallet.Span))
        {
            throw Refusal.Of(XtmpErrorCode.PermissionDenied, "A hold is its owner's and its captor's business.", "wallet");
        }

        return new WalletHoldStatusReply { Hold = ToInfo(request.HoldId, hold ?? throw NoHold()) };
    }

    /// <summary>Holds whose time is over come back.</summary>
    protected override async ValueTask OnReminderAsync(string name)
    {
        if (State is null)
        {
            return;
        }

        var all = await Context.Entries.PageAsync(DuePrefix, DuePrefix, _options.MaxHolds + 1).ConfigureAwait(true);
        DateTimeOffset? next = null;
        foreach (var entry in all)
        {
            var hold = await Context.Entries.ReadAsync<HoldRecord>(HoldKey(entry.Value)).ConfigureAwait(true);
            Invariant.Check(hold is { State: (byte)HoldState.Open });
            if (hold.ExpiresAt > Context.Now)
            {
                next = hold.ExpiresAt;
                break;
            }

            Context.Entries.Put(HoldKey(entry.Value), Close(entry.Value, hold, HoldState.Expired));
        }

        // More than a page, where the operator has lowered the limit since: the rest at once.
        next ??= State.Holds > 0 ? Context.Now : null;
        State = State with { NextExpiry = next };
        if (next is { } due)
        {
            Context.SetReminder(ExpiryReminder, due - Context.Now);
        }
    }

    private static string HoldKey(ReadOnlyMemory<byte> hold) => "hold/" + Convert.ToHexStringLower(hold.Span);

    // Fixed width, so that the order of keys is that of expiry.
    private static string DueKey(ReadOnlyMemory<byte> hold, HoldRecord record) =>
        string.Create(CultureInfo.InvariantCulture, $"{DuePrefix}{(record.ExpiresAt - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond:d20}/{Convert.ToHexStringLower(hold.Span)}");

    /// <summary>
    /// The operation id under which a capture's credit goes. The captor chooses its own id, and must not be able to hit one of
    /// the wallet's earlier transfers, which the receiver would then take as a repeat.
    /// </summary>
    private static byte[] CaptureOperation(ReadOnlyMemory<byte> hold, ReadOnlyMemory<byte> operation) =>
        SHA256.HashData([.. "XTMP1 hold capture"u8, .. hold.Span, .. operation.Span])[..16];

    private static XtmpException NoHold() => Refusal.Of(XtmpErrorCode.HoldUnknown, "The wallet has no such hold.", "hold_id");

    private static void RequireCaptor(string captor, CallContext context)
    {
        if (context.Caller is { } caller && captor != WalletSigning.CaptorOf(caller.Wallet.Span))
        {
            throw Refusal.Of(XtmpErrorCode.PermissionDenied, "The session does not speak for this captor.", "captor");
        }
    }

    private static HoldInfo ToInfo(ReadOnlyMemory<byte> id, HoldRecord hold) => new()
    {
        HoldId = id,
        Amount = hold.Amount,
        Captured = hold.Captured,
        Released = hold.Released,
        State = (HoldState)hold.State,
        Captor = hold.Captor,
        PlacedAt = hold.PlacedAt,
        ExpiresAt = hold.ExpiresAt,
    };

    private async ValueTask<HoldRecord> RequireHoldAsync(ReadOnlyMemory<byte> id, string captor)
    {
        var hold = await Context.Entries.ReadAsync<HoldRecord>(HoldKey(id)).ConfigureAwait(true) ?? throw NoHold();
        return hold.Captor == captor ? hold : throw Refusal.Of(XtmpErrorCode.PermissionDenied, "Somebody else may capture this hold.", "captor");
    }

    private void RequirePlaceable(WalletState state, WalletHold request)
    {
        if (request.Currency != state.Currency)
        {
            throw Refusal.Of(XtmpErrorCode.PayloadInvalid, $"The wallet holds {state.Currency}.", "currency");
        }

        if (request.Captor == WalletSigning.CaptorOf(request.Wallet.Span))
        {
            throw Refusal.Of(XtmpErrorCode.PayloadInvalid, "A wallet cannot hold money for itself.", "captor");
        }

        if (request.ExpiresAt <= Context.Now || request.ExpiresAt > Context.Now + _options.MaxHoldTime)
        {
            throw Refusal.Of(XtmpErrorCode.PayloadInvalid, $"A hold expires in the future, and within {_options.MaxHoldTime}.", "expires_at");
        }

        if (state.Holds >= _options.MaxHolds)
        {
            throw Refusal.Of(XtmpErrorCode.TransferLimit, $"A wallet has at most {_options.MaxHolds} open holds.", "wallet");
        }

        if (request.Amount is 0 or > MaxBalance)
        {
            throw Refusal.Of(XtmpErrorCode.AmountInvalid, "A hold sets aside at least one minor unit.", "amount");
        }

        if (request.Amount > state.Balance)
        {
            throw Refusal.Of(XtmpErrorCode.InsufficientFunds, "The balance does not cover the amount.", "amount");
        }
    }

    /// <summary>Gives what is left back. The caller stores the record.</summary>
    private HoldRecord Close(ReadOnlyMemory<byte> id, HoldRecord hold, HoldState how)
    {
        var left = hold.Amount - hold.Captured;
        var state = State! with { Holds = checked(State.Holds - 1) };
        Context.Entries.Remove(DueKey(id, hold));
        if (left == 0)
        {
            State = state;
        }
        else
        {
            Change(
                state with { Held = checked(state.Held - left), Balance = checked(state.Balance + left) },
                how == HoldState.Expired ? WalletHistoryKind.Expired : WalletHistoryKind.Released,
                left,
                id,
                memo: hold.Memo);
        }

        return hold with { State = (byte)how, Released = left };
    }

    /// <summary>Sees to it that the reminder fires when this hold expires. One that fires too early looks and sets itself again.</summary>
    private WalletState WakeBy(WalletState state, DateTimeOffset expiry)
    {
        if (state.NextExpiry is { } next && next <= expiry)
        {
            return state;
        }

        Context.SetReminder(ExpiryReminder, expiry - Context.Now);
        return state with { NextExpiry = expiry };
    }
}
