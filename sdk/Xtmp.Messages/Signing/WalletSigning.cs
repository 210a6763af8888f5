using System.Security.Cryptography;
using Xtmp.Crypto;
using Xtmp.Protocol;

namespace Xtmp.Messages;

/// <summary>
/// What a wallet's two keys sign, as bytes. The signed message is label ‖ <see cref="Role"/> ‖ a 64-byte hash made
/// here, the construction of the handshake's signatures (SPEC §2); ML-DSA-87 takes the label as its context too.
/// </summary>
public static class WalletSigning
{
    /// <summary>Size of the hashes made here: SHA-512.</summary>
    public const int HashSize = 64;

    private static readonly ReadOnlyMemory<byte> NoSignature = new byte[64];

    /// <summary>Label of wallet registration and authentication inside a session.</summary>
    public static ReadOnlySpan<byte> AuthenticationLabel => "XTMP1 wallet auth"u8;

    /// <summary>Label of transfers.</summary>
    public static ReadOnlySpan<byte> TransferLabel => "XTMP1 wallet transfer"u8;

    /// <summary>Label of holds.</summary>
    public static ReadOnlySpan<byte> HoldLabel => "XTMP1 wallet hold"u8;

    /// <summary>The role in all of them.</summary>
    public static ReadOnlySpan<byte> Role => "wallet"u8;

    /// <summary>SHA-512(binding ‖ wallet).</summary>
    /// <param name="binding">Export("wallet auth", wallet, 32) of the session: 32 bytes.</param>
    /// <param name="wallet">The wallet's id: 32 bytes.</param>
    /// <param name="hash">64 bytes.</param>
    public static void HashAuthentication(ReadOnlySpan<byte> binding, ReadOnlySpan<byte> wallet, Span<byte> hash)
    {
        Invariant.Check(binding.Length == 32 && wallet.Length == 32);
        Span<byte> text = stackalloc byte[64];
        binding.CopyTo(text);
        wallet.CopyTo(text[32..]);
        SHA512.HashData(text, hash);
    }

    /// <summary>
    /// SHA-512 over the network's name (u8 length, UTF-8) and the transfer's canonical encoding with 64 zero bytes as
    /// signature and no pq_signature.
    /// </summary>
    /// <param name="transaction">The transfer, signed or not.</param>
    /// <param name="network">Name of the network, 1 to 64 bytes.</param>
    /// <param name="hash">64 bytes.</param>
    public static void HashTransfer(WalletTransaction transaction, string network, Span<byte> hash)
    {
        var unsigned = transaction with { Signature = NoSignature, PqSignature = null };
        var size = unsigned.GetEncodedSize();
        var text = size <= 1024 ? stackalloc byte[1024] : new byte[size];
        SignedHash.Compute(network, text[..unsigned.Encode(text)], hash);
    }

    /// <summary>
    /// SHA-512 over the network's name (u8 length, UTF-8) and the hold's canonical encoding with 64 zero bytes as signature
    /// and no pq_signature.
    /// </summary>
    /// <param name="hold">The hold, signed or not.</param>
    /// <param name="network">Name of the network, 1 to 64 bytes.</param>
    /// <param name="hash">64 bytes.</param>
    public static void HashHold(WalletHold hold, string network, Span<byte> hash)
    {
        var unsigned = hold with { Signature = NoSignature, PqSignature = null };
        var text = new byte[unsigned.GetEncodedSize()];
        unsigned.Encode(text);
        SignedHash.Compute(network, text, hash);
    }

    /// <summary>The hold, made the wallet's and signed by both of its keys.</summary>
    /// <param name="hold">Its wallet and signatures are replaced.</param>
    /// <param name="network">Name of the silo's network.</param>
    /// <param name="wallet">The wallet's keys.</param>
    /// <param name="entropy">Hedges the ML-DSA signature.</param>
    public static WalletHold SignHold(WalletHold hold, string network, IdentityKey wallet, IEntropy entropy)
    {
        ArgumentNullException.ThrowIfNull(hold);
        ArgumentNullException.ThrowIfNull(wallet);
        hold = hold with { Wallet = wallet.Public.Fingerprint.ToArray() };
        Span<byte> hash = stackalloc byte[HashSize];
        HashHold(hold, network, hash);
        var mlDsa = new byte[MlDsa87.SignatureSize];
        var ed25519 = new byte[Ed25519.SignatureSize];
        wallet.Sign(HoldLabel, Role, hash, entropy, mlDsa, ed25519);
        return hold with { Signature = ed25519, PqSignature = mlDsa };
    }

    /// <summary>A hold's captor that is a wallet.</summary>
    /// <param name="wallet">32 bytes.</param>
    public static string CaptorOf(ReadOnlySpan<byte> wallet) => "wallet:" + Convert.ToHexStringLower(wallet);
}
