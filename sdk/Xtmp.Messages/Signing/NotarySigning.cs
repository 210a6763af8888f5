using Xtmp.Crypto;
using Xtmp.Protocol;

namespace Xtmp.Messages;

/// <summary>What a notary signs, as bytes: label ‖ role ‖ hash. A verdict's signature field is a <see cref="DualSignature"/>.</summary>
public static class NotarySigning
{
    /// <summary>Size of the hash made here: SHA-512.</summary>
    public const int HashSize = SignedHash.Size;

    public static ReadOnlySpan<byte> Label => "XTMP1 notary verdict"u8;

    public static ReadOnlySpan<byte> Role => "notary"u8;

    /// <summary>SHA-512 over the network's name (u8 length, UTF-8), the bundle hash, and 0x01 for approval or 0x00 for refusal.</summary>
    /// <param name="network">Name of the network, 1 to 64 bytes.</param>
    /// <param name="bundleHash">32 bytes.</param>
    /// <param name="approved">The verdict.</param>
    /// <param name="hash">64 bytes.</param>
    public static void HashVerdict(string network, ReadOnlySpan<byte> bundleHash, bool approved, Span<byte> hash)
    {
        Invariant.Check(bundleHash.Length == BundleHashing.HashSize);
        Span<byte> text = stackalloc byte[BundleHashing.HashSize + 1];
        bundleHash.CopyTo(text);
        text[^1] = approved ? (byte)1 : (byte)0;
        SignedHash.Compute(network, text, hash);
    }

    /// <summary>True where the verdict's signatures are the notary's over this bundle.</summary>
    public static bool Verify(NotaryApproval approval, ReadOnlySpan<byte> bundleHash, string network, IdentityPublicKey notary)
    {
        ArgumentNullException.ThrowIfNull(approval);
        Span<byte> hash = stackalloc byte[HashSize];
        HashVerdict(network, bundleHash, approval.Approved, hash);
        return DualSignature.Verify(notary, Label, Role, hash, approval.Signature.Span);
    }
}
