using System.Globalization;
using Orleans.Placement;
using Xtmp.Crypto;
using Xtmp.Grains.State;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Runtime;

namespace Xtmp.Grains;

/// <summary>
/// A wallet: its keys, its balance, and every operation it ever carried out or took in. The key is the wallet's id in
/// hex. Transfers and holds are in the other parts of this class.
/// </summary>
[PreferLocalPlacement]
public sealed partial class WalletGrain : XtmpGrain<WalletState>, IWalletHandler
{
    private const ulong MaxBalance = long.MaxValue;
    private const string LinePrefix = "line/";
    private const string KeysKey = "keys";

    private readonly GrainOptions _options;
    private IdentityPublicKey? _keys;

    public WalletGrain(GrainOptions options)
    {
        _options = options;
    }

    public ValueTask<WalletRegisterReply> RegisterAsync(WalletRegister request, CallContext context = default)
    {
        if (Fingerprint.Of(request.MlDsaKey.Span, request.Ed25519Key.Span) != new Fingerprint(request.Wallet.Span))
        {
            throw Refusal.Of(XtmpErrorCode.SignatureInvalid, "The wallet id is not the fingerprint of the two keys.", "wallet");
        }

        if (!IdentityPublicKey.TryImport(request.MlDsaKey.Span, request.Ed25519Key.Span, out var keys))
        {
            throw Refusal.Of(XtmpErrorCode.SignatureInvalid, "The keys are not well-formed.", "ml_dsa_key");
        }

        // Whoever knows the public keys must not learn the balance, nor register a wallet in another's name.
        var existing = State is not null;
        if (existing)
        {
            // Nothing changes, so that the check need not hold the wallet up for its owner.
            Context.CheckReply(() => CheckPossession(keys, request.Wallet, request.MlDsaSignature, request.Ed25519Signature, context));
        }
        else
        {
            if (CheckPossession(keys, request.Wallet, request.MlDsaSignature, request.Ed25519Signature, context) is { } refusal)
            {
                throw refusal;
            }

            Context.Entries.Put(KeysKey, new WalletKeys { MlDsaKey = request.MlDsaKey, Ed25519Key = request.Ed25519Key });
            State = new WalletState
            {
                Label = request.Label,
                Currency = _options.Currency,
                Balance = _options.OpeningBalance,
                PendingOut = 0,
                Issued = _options.OpeningBalance,
                Nonce = 0,
                RegisteredAt = Context.Now,
                UpdateSequence = 0,
                UpdatedAt = Context.Now,
            };
            PutLine(State, WalletHistoryKind.Issued, _options.OpeningBalance, new byte[16]);
        }

        return new(new WalletRegisterReply
        {
            Wallet = request.Wallet,
            Balance = State!.Balance,
            Currency = State.Currency,
            Nonce = State.Nonce,
            RegisteredAt = State.RegisteredAt,
            Existing = existing,
        });
    }

    public async ValueTask<WalletAuthReply> AuthAsync(WalletAuth request, CallContext context = default)
    {
        var state = RequireState();
        var keys = await KeysAsync().ConfigureAwait(true);
        Context.CheckReply(() => CheckPossession(keys, request.Wallet, request.MlDsaSignature, request.Ed25519Signature, context));
        return new WalletAuthReply { Wallet = request.Wallet, AuthenticatedAt = Context.Now, Nonce = state.Nonce };
    }

    public ValueTask<WalletBalanceReply> BalanceAsync(WalletBalance request, CallContext context = default)
    {
        var state = RequireState();
        RequireOwner(request.Wallet, context, "wallet");
        return new(new WalletBalanceReply
        {
            Wallet = request.Wallet,
            Balance = state.Balance,
            Currency = state.Currency,
            Nonce = state.Nonce,
            PendingOut = state.PendingOut,
            Held = state.Held,
        });
    }

    public async ValueTask<WalletHistoryReply> HistoryAsync(WalletHistory request, CallContext context = default)
    {
        RequireState();
        if (context.Caller is not null)
        {
            RequireOwner(request.Wallet, context, "wallet");
        }

        // One line more than asked for tells whether there are more.
        var after = request.Before is { } before ? LineKey(before) : LinePrefix;
        var lines = await Context.Entries.PageAsync(LinePrefix, after, request.Limit + 1).ConfigureAwait(true);
        var entries = lines.Take(request.Limit).Select(line => StoredValues.Decode<WalletHistoryEntry>(line.Value)).ToArray();
        return new WalletHistoryReply { Wallet = request.Wallet, Entries = [.. entries], Next = lines.Count > entries.Length ? entries[^1].Sequence : null };
    }

    public ValueTask<WalletSnapshotReply> SnapshotAsync(WalletSnapshot request, CallContext context = default)
    {
        var state = RequireState();
        return new(new WalletSnapshotReply { Sequence = state.UpdateSequence, Update = ToUpdate(state) });
    }

    private static void RequireOwner(ReadOnlyMemory<byte> wallet, CallContext context, string field)
    {
        if (!context.RequireCaller().Wallet.Span.SequenceEqual(wallet.Span))
        {
            throw Refusal.Of(XtmpErrorCode.PermissionDenied, "The session speaks for another wallet.", field);
        }
    }

    /// <summary>Null where the caller holds the wallet's two keys, and signed for this session and no other.</summary>
    private static XtmpException? CheckPossession(IdentityPublicKey keys, ReadOnlyMemory<byte> wallet, ReadOnlyMemory<byte> mlDsaSignature, ReadOnlyMemory<byte> ed25519Signature, CallContext context)
    {
        if (context.Caller is not { } caller || caller.WalletBinding.Length != Fingerprint.Size)
        {
            return Refusal.Of(XtmpErrorCode.AuthenticationRequired, "A wallet authenticates inside a session, through a gateway.");
        }

        Span<byte> hash = stackalloc byte[WalletSigning.HashSize];
        WalletSigning.HashAuthentication(caller.WalletBinding.Span, wallet.Span, hash);
        return keys.Verify(WalletSigning.AuthenticationLabel, WalletSigning.Role, hash, mlDsaSignature.Span, ed25519Signature.Span)
            ? null
            : Refusal.Of(XtmpErrorCode.SignatureInvalid, "The signatures are not this wallet's over this session.");
    }

    private WalletState RequireState() =>
        State ?? throw Refusal.Of(XtmpErrorCode.WalletUnknown, "No such wallet is registered here.", "wallet");

    /// <summary>What an earlier silo stored with the keys in the state is stored as it is now.</summary>
    protected override ValueTask OnLoadedAsync()
    {
        if (State is { MlDsaKey: { } mlDsaKey, Ed25519Key: { } ed25519Key } state)
        {
            Context.Entries.Put(KeysKey, new WalletKeys { MlDsaKey = mlDsaKey, Ed25519Key = ed25519Key });
            State = state with { MlDsaKey = null, Ed25519Key = null };
        }

        return ValueTask.CompletedTask;
    }

    // Made once an activation; the expanded ML-DSA key inside is what makes the next verification cheap.
    private async ValueTask<IdentityPublicKey> KeysAsync()
    {
        if (_keys is null)
        {
            var keys = await Context.Entries.ReadAsync<WalletKeys>(KeysKey).ConfigureAwait(true);
            Invariant.Check(keys is not null);
            _ = IdentityPublicKey.TryImport(keys.MlDsaKey.Span, keys.Ed25519Key.Span, out _keys);
            Invariant.Check(_keys is not null);
        }

        return _keys;
    }

    /// <summary>
    /// Takes changed amounts over, with a line in the history, and tells whoever follows the wallet, once the turn is
    /// committed.
    /// </summary>
    private void Change(
        WalletState state, WalletHistoryKind kind, ulong amount, ReadOnlyMemory<byte> operation, ReadOnlyMemory<byte>? counterparty = null, string? memo = null)
    {
        Invariant.Check(state.Balance <= MaxBalance && state.PendingOut <= MaxBalance && state.Held <= MaxBalance);
        State = state = state with
        {
            UpdateSequence = state.UpdateSequence + 1,
            LastOperation = operation.ToArray(),
            UpdatedAt = Context.Now,
        };
        PutLine(state, kind, amount, operation, counterparty, memo);
        Context.Publish(Topics.OfWallet(Context.Key), new LiveUpdate
        {
            Topic = Topics.OfWallet(Context.Key),
            Sequence = state.UpdateSequence,
            At = state.UpdatedAt,
            Body = ToUpdate(state),
        });
    }

    private void PutLine(
        WalletState state, WalletHistoryKind kind, ulong amount, ReadOnlyMemory<byte> operation, ReadOnlyMemory<byte>? counterparty = null, string? memo = null) =>
        Context.Entries.Put(LineKey(state.UpdateSequence), new WalletHistoryEntry
        {
            Sequence = state.UpdateSequence,
            At = state.UpdatedAt,
            Kind = kind,
            Amount = amount,
            Balance = state.Balance,
            Held = state.Held,
            OperationId = operation,
            Counterparty = counterparty,
            Memo = memo,
        });

    // Fixed width and counted down, so that the order of keys is the latest first.
    private static string LineKey(ulong sequence) => LinePrefix + (ulong.MaxValue - sequence).ToString("d20", CultureInfo.InvariantCulture);

    private WalletBalanceUpdate ToUpdate(WalletState state) => new()
    {
        Wallet = Convert.FromHexString(Context.Key),
        Balance = state.Balance,
        Currency = state.Currency,
        OperationId = state.LastOperation ?? new byte[16],
        At = state.UpdatedAt,
        Held = state.Held,
    };
}
