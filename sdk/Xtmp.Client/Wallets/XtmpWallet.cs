using System.Runtime.InteropServices;
using Xtmp.Client;
using Xtmp.Crypto;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp;

/// <summary>
/// A wallet on a connection: registration, balance, signed transfers, updates. It has a session of its own, since a
/// session speaks for one wallet (SPEC §8, 17), and authenticates again on every session that takes its place. Safe for
/// concurrent use; transfers go one after the other, in the order of their nonces. The identity stays the caller's to
/// dispose; the session ends with the connection.
/// </summary>
public sealed class XtmpWallet
{
    private const int OperationIdSize = 16;
    private const int BindingSize = 32;
    private const int MaxAttempts = 3;

    private readonly XtmpConnection _connection;
    private readonly IdentityKey _identity;
    private readonly IEntropy _entropy;
    private readonly SessionLane _lane;
    private readonly SemaphoreSlim _transfers = new(1);
    private (ulong Nonce, string Currency)? _known;

    /// <param name="connection">Where the wallet is served.</param>
    /// <param name="identity">The wallet's two keys; its fingerprint is the wallet's id.</param>
    /// <param name="entropy">Hedging of signatures and operation ids; null: the operating system's.</param>
    public XtmpWallet(XtmpConnection connection, IdentityKey identity, IEntropy? entropy = null)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(identity);
        _connection = connection;
        _identity = identity;
        _entropy = entropy ?? SystemEntropy.Instance;
        Id = identity.Public.Fingerprint.ToArray();
        _lane = connection.OpenLane(AuthenticateAsync);
    }

    /// <summary>32 bytes: the fingerprint of the wallet's keys.</summary>
    public ReadOnlyMemory<byte> Id { get; }

    /// <summary>What the handshake of the wallet's session settled; null while there is none.</summary>
    public EstablishedSession? Session => _lane.Current?.Established;

    /// <summary>For generated clients whose calls are made in this wallet's name: <c>new WalletClient(wallet.Invoker)</c>.</summary>
    public ICallInvoker Invoker => _lane;

    /// <summary>
    /// Transfers that can be sent later or elsewhere, with nothing but the keys: <see cref="SendAsync"/>.
    /// </summary>
    /// <param name="identity">The paying wallet's keys.</param>
    /// <param name="network">The network it is for: <see cref="XtmpConnection.Network"/>.</param>
    /// <param name="to">Receiving wallet, 32 bytes.</param>
    /// <param name="amount">Minor units, at least 1.</param>
    /// <param name="currency">Currency of both wallets.</param>
    /// <param name="nonce">The paying wallet's next nonce.</param>
    /// <param name="memo">Note to the receiver.</param>
    /// <param name="entropy">Hedging of signatures and the operation id; null: the operating system's.</param>
    public static WalletTransaction SignTransfer(
        IdentityKey identity, string network, ReadOnlyMemory<byte> to, ulong amount, string currency, ulong nonce, string? memo = null, IEntropy? entropy = null)
    {
        ArgumentNullException.ThrowIfNull(identity);
        entropy ??= SystemEntropy.Instance;
        var operation = new byte[OperationIdSize];
        entropy.Fill(operation);
        return Sign(identity, network, entropy, new WalletTransaction
        {
            OperationId = operation,
            From = identity.Public.Fingerprint.ToArray(),
            To = to,
            Amount = amount,
            Currency = currency,
            Nonce = nonce,
            Memo = memo,
            Signature = new byte[Ed25519.SignatureSize],
        });
    }

    /// <summary>Makes the wallet known to the silo; again is harmless.</summary>
    public async ValueTask<WalletRegisterReply> RegisterAsync(string? label = null, CancellationToken cancellationToken = default)
    {
        for (var attempt = 1; ; attempt++)
        {
            // The request signs the session it goes over, so that a lost session takes another one.
            var session = await _lane.WaitForSessionAsync(timeout: null, cancellationToken).ConfigureAwait(false);
            var (mlDsa, ed25519) = SignSession(session);
            var request = new WalletRegister
            {
                Wallet = Id,
                MlDsaKey = _identity.Public.MlDsaKey.ToArray(),
                Ed25519Key = _identity.Public.Ed25519Key.ToArray(),
                Label = label,
                ClientInfo = new ClientInfo
                {
                    Name = "Xtmp.Sdk",
                    Version = typeof(XtmpWallet).Assembly.GetName().Version?.ToString(3) ?? "0",
                    Platform = RuntimeInformation.RuntimeIdentifier,
                },
                MlDsaSignature = mlDsa,
                Ed25519Signature = ed25519,
            };
            try
            {
                var reply = await session.InvokeAsync(WalletMethods.Register, request, cancellationToken).ConfigureAwait(false);
                session.IsAuthenticated = true;
                return reply;
            }
            catch (XtmpException) when (attempt < MaxAttempts && (session.Closed.IsCompleted || session.IsDraining))
            {
                // On the next session.
            }
        }
    }

    /// <summary>Balance and next nonce.</summary>
    public ValueTask<WalletBalanceReply> BalanceAsync(CancellationToken cancellationToken = default) =>
        new WalletClient(_lane).BalanceAsync(new WalletBalance { Wallet = Id }, cancellationToken);

    /// <summary>
    /// Transfers money, with the next nonce and both signatures. What a lost connection leaves unanswered is asked again
    /// under the same operation id, which the silo carries out at most once.
    /// </summary>
    /// <param name="to">Receiving wallet, 32 bytes.</param>
    /// <param name="amount">Minor units, at least 1.</param>
    /// <param name="memo">Note to the receiver.</param>
    /// <param name="cancellationToken">Gives the wait up. The transfer may be carried out all the same.</param>
    /// <exception cref="XtmpException">
    /// The silo's refusal; or <see cref="XtmpErrorCode.OutcomeUnknown"/> when no answer came in time: a second call would be
    /// a second transfer, so look at the balance, or use <see cref="SignTransfer"/> and <see cref="SendAsync"/>, which may be repeated.
    /// </exception>
    public async ValueTask<WalletTransactionReply> TransferAsync(ReadOnlyMemory<byte> to, ulong amount, string? memo = null, CancellationToken cancellationToken = default)
    {
        await _transfers.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var operation = new byte[OperationIdSize];
            _entropy.Fill(operation);
            for (var attempt = 1; ; attempt++)
            {
                var (nonce, currency) = _known ?? await AskAsync(cancellationToken).ConfigureAwait(false);
                _known = null;
                var session = await _lane.WaitForSessionAsync(timeout: null, cancellationToken).ConfigureAwait(false);
                var transfer = Sign(_identity, _connection.NetworkOf(session), _entropy, new WalletTransaction
                {
                    OperationId = operation,
                    From = Id,
                    To = to,
                    Amount = amount,
                    Currency = currency,
                    Nonce = nonce,
                    Memo = memo,
                    Signature = new byte[Ed25519.SignatureSize],
                });
                try
                {
                    var reply = await SendAsync(transfer, cancellationToken).ConfigureAwait(false);
                    _known = (reply.Nonce, currency);
                    return reply;
                }
                catch (XtmpException error) when (error.Code == XtmpErrorCode.NonceMismatch && attempt < MaxAttempts)
                {
                    // Somebody else used the wallet: this operation was not carried out and may be signed anew.
                }
                catch (XtmpException error) when (error.Code == XtmpErrorCode.Timeout)
                {
                    throw new XtmpException(XtmpErrorCode.OutcomeUnknown, error.Fault, $"{error.Message} Whether the transfer was carried out is unknown.", innerException: error);
                }
            }
        }
        finally
        {
            _transfers.Release();
        }
    }

    /// <summary>Sends a signed transfer of this wallet. The same one again is answered as the first time, however often and however late.</summary>
    public ValueTask<WalletTransactionReply> SendAsync(WalletTransaction transfer, CancellationToken cancellationToken = default) =>
        new WalletClient(_lane).TransactionAsync(transfer, cancellationToken);

    /// <summary>
    /// The balance now and then every change, until the token is cancelled or the connection disposed. It goes on over a
    /// lost session, with an <see cref="UpdateGap"/> where changes were missed.
    /// </summary>
    public IAsyncEnumerable<LiveUpdate> UpdatesAsync(CancellationToken cancellationToken = default) =>
        new StreamClient(_lane).UpdatesAsync(
            new LiveUpdates { Topic = $"wallet:{Convert.ToHexStringLower(Id.Span)}", StreamType = StreamType.WalletUpdates }, cancellationToken);

    private static WalletTransaction Sign(IdentityKey identity, string network, IEntropy entropy, WalletTransaction unsigned)
    {
        Span<byte> hash = stackalloc byte[WalletSigning.HashSize];
        WalletSigning.HashTransfer(unsigned, network, hash);
        var (mlDsa, ed25519) = Sign(identity, entropy, WalletSigning.TransferLabel, hash);
        return unsigned with { Signature = ed25519, PqSignature = mlDsa };
    }

    private static (byte[] MlDsa, byte[] Ed25519) Sign(IdentityKey identity, IEntropy entropy, ReadOnlySpan<byte> label, ReadOnlySpan<byte> hash)
    {
        var mlDsa = new byte[MlDsa87.SignatureSize];
        var ed25519 = new byte[Crypto.Ed25519.SignatureSize];
        identity.Sign(label, WalletSigning.Role, hash, entropy, mlDsa, ed25519);
        return (mlDsa, ed25519);
    }

    private async Task<(ulong Nonce, string Currency)> AskAsync(CancellationToken cancellationToken)
    {
        var reply = await BalanceAsync(cancellationToken).ConfigureAwait(false);
        return (reply.Nonce, reply.Currency);
    }

    private async Task AuthenticateAsync(LiveSession session, CancellationToken cancellationToken)
    {
        var (mlDsa, ed25519) = SignSession(session);
        await session.InvokeAsync(WalletMethods.Auth, new WalletAuth { Wallet = Id, MlDsaSignature = mlDsa, Ed25519Signature = ed25519 }, cancellationToken).ConfigureAwait(false);
    }

    private (byte[] MlDsa, byte[] Ed25519) SignSession(LiveSession session)
    {
        Span<byte> hash = stackalloc byte[WalletSigning.HashSize];
        WalletSigning.HashAuthentication(session.Export("wallet auth", Id, BindingSize), Id.Span, hash);
        return Sign(_identity, _entropy, WalletSigning.AuthenticationLabel, hash);
    }
}
