using Xtmp.Crypto;
using Xtmp.Protocol;

namespace Xtmp.Messages;

/// <summary>What a ledger node signs of its bundle, as bytes: label ‖ role ‖ hash, by both keys of its identity.</summary>
public static class NodeSigning
{
    /// <summary>Size of the hash made here: SHA-512.</summary>
    public const int HashSize = SignedHash.Size;

    public static ReadOnlySpan<byte> Label => "XTMP1 bundle node"u8;

    public static ReadOnlySpan<byte> Role => "node"u8;

    /// <summary>SHA-512 over the network's name (u8 length, UTF-8) and the bundle hash.</summary>
    /// <param name="network">Name of the network, 1 to 64 bytes.</param>
    /// <param name="bundleHash">32 bytes.</param>
    /// <param name="hash">64 bytes.</param>
    public static void HashBundle(string network, ReadOnlySpan<byte> bundleHash, Span<byte> hash)
    {
        Invariant.Check(bundleHash.Length == BundleHashing.HashSize);
        SignedHash.Compute(network, bundleHash, hash);
    }

    /// <summary>The bundle with everything computed that can be, and signed by its node.</summary>
    /// <param name="bundle">Its hashes, count, sum and signature are replaced.</param>
    /// <param name="network">Name of the silo's network.</param>
    /// <param name="node">The node's identity.</param>
    /// <param name="entropy">Hedges the ML-DSA signature.</param>
    public static PoEProofBundle Seal(PoEProofBundle bundle, string network, IdentityKey node, IEntropy entropy)
    {
        var whole = BundleHashing.Complete(bundle);
        Span<byte> hash = stackalloc byte[HashSize];
        HashBundle(network, whole.BundleHash.Span, hash);
        return whole with { NodeSignature = DualSignature.Sign(node, Label, Role, hash, entropy) };
    }
}
