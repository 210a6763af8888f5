using System.Security.Cryptography;
using Xtmp.Protocol;

namespace Xtmp.Messages;

/// <summary>
/// What a notary signs, as bytes: label ‖ role ‖ hash, as in <see cref="WalletSigning"/>. A verdict's signature field
/// holds ML-DSA-87 (4627 bytes) followed by Ed25519 (64 bytes).
/// </summary>
public static class NotarySigning
{
    public const int HashSize = 64;
    public const int MlDsaSignatureSize = 4627;
    public const int SignatureSize = MlDsaSignatureSize + 64;

    public static ReadOnlySpan<byte> Label => "XTMP1 notary verdict"u8;

    public static ReadOnlySpan<byte> Role => "notary"u8;

    /// <summary>SHA-512(bundle hash ‖ 0x01 for approval, 0x00 for refusal).</summary>
    /// <param name="bundleHash">32 bytes.</param>
    /// <param name="approved">The verdict.</param>
    /// <param name="hash">64 bytes.</param>
    public static void HashVerdict(ReadOnlySpan<byte> bundleHash, bool approved, Span<byte> hash)
    {
        Assertion.Check(bundleHash.Length == BundleHashing.HashSize);
        Span<byte> text = stackalloc byte[BundleHashing.HashSize + 1];
        bundleHash.CopyTo(text);
        text[^1] = approved ? (byte)1 : (byte)0;
        SHA512.HashData(text, hash);
    }
}
