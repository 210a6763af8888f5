using System.Runtime.InteropServices;
using Xtmp.Crypto;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Transport;

namespace Xtmp.Client;

/// <summary>
/// A wallet's keys and what a client does with them: registration, authentication inside a session, signed transfers.
/// The identity stays the caller's to dispose.
/// </summary>
public sealed class XtmpWallet
{
    private const int OperationIdSize = 16;
    private const int BindingSize = 32;

    private readonly IdentityKey _identity;
    private readonly IEntropy _entropy;

    /// <param name="identity">The wallet's two keys; its fingerprint is the wallet's id.</param>
    /// <param name="entropy">Hedging of signatures and operation ids; null: the operating system's.</param>
    public XtmpWallet(IdentityKey identity, IEntropy? entropy = null)
    {
        ArgumentNullException.ThrowIfNull(identity);
        _identity = identity;
        _entropy = entropy ?? SystemEntropy.Instance;
        Id = identity.Public.Fingerprint.ToArray();
    }

    /// <summary>32 bytes: the fingerprint of the wallet's keys.</summary>
    public ReadOnlyMemory<byte> Id { get; }

    /// <summary>Makes the wallet known to the silo and lets the client's session speak for it; again is harmless.</summary>
    public ValueTask<WalletRegisterReply> RegisterAsync(XtmpClient client, string? label = null, CancellationToken cancellationToken = default)
    {
        var (mlDsa, ed25519) = SignSession(client);
        return client.Wallet.RegisterAsync(
            new WalletRegister
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
            },
            cancellationToken);
    }

    /// <summary>Lets the client's session speak for this wallet: a signature over the session's exporter.</summary>
    public ValueTask<WalletAuthReply> AuthenticateAsync(XtmpClient client, CancellationToken cancellationToken = default)
    {
        var (mlDsa, ed25519) = SignSession(client);
        return client.Wallet.AuthAsync(new WalletAuth { Wallet = Id, MlDsaSignature = mlDsa, Ed25519Signature = ed25519 }, cancellationToken);
    }

    /// <summary>Balance and next nonce. The session must speak for this wallet.</summary>
    public ValueTask<WalletBalanceReply> BalanceAsync(XtmpClient client, CancellationToken cancellationToken = default) =>
        client.Wallet.BalanceAsync(new WalletBalance { Wallet = Id }, cancellationToken);

    /// <summary>
    /// A transfer ready to send: <c>client.Wallet.TransactionAsync(transfer)</c>. Sending the same one again is answered
    /// as the first time, however often and however late.
    /// </summary>
    /// <param name="network">The network it is for: <see cref="XtmpClient.Network"/>.</param>
    /// <param name="to">Receiving wallet, 32 bytes.</param>
    /// <param name="amount">Minor units, at least 1.</param>
    /// <param name="currency">Currency of both wallets.</param>
    /// <param name="nonce">This wallet's next nonce.</param>
    /// <param name="memo">Note to the receiver.</param>
    public WalletTransaction SignTransfer(string network, ReadOnlyMemory<byte> to, ulong amount, string currency, ulong nonce, string? memo = null)
    {
        var operation = new byte[OperationIdSize];
        _entropy.Fill(operation);
        var unsigned = new WalletTransaction
        {
            OperationId = operation,
            From = Id,
            To = to,
            Amount = amount,
            Currency = currency,
            Nonce = nonce,
            Memo = memo,
            Signature = new byte[Ed25519.SignatureSize],
        };
        Span<byte> hash = stackalloc byte[WalletSigning.HashSize];
        WalletSigning.HashTransfer(unsigned, network, hash);
        var (mlDsa, ed25519) = Sign(WalletSigning.TransferLabel, hash);
        return unsigned with { Signature = ed25519, PqSignature = mlDsa };
    }

    private (byte[] MlDsa, byte[] Ed25519) SignSession(XtmpClient client)
    {
        Span<byte> hash = stackalloc byte[WalletSigning.HashSize];
        WalletSigning.HashAuthentication(client.Export("wallet auth", Id, BindingSize), Id.Span, hash);
        return Sign(WalletSigning.AuthenticationLabel, hash);
    }

    private (byte[] MlDsa, byte[] Ed25519) Sign(ReadOnlySpan<byte> label, ReadOnlySpan<byte> hash)
    {
        var mlDsa = new byte[MlDsa87.SignatureSize];
        var ed25519 = new byte[Crypto.Ed25519.SignatureSize];
        _identity.Sign(label, WalletSigning.Role, hash, _entropy, mlDsa, ed25519);
        return (mlDsa, ed25519);
    }
}
