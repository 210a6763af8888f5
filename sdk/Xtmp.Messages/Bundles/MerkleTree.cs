using System.Security.Cryptography;

namespace Xtmp.Messages;

/// <summary>The Merkle tree of RFC 6962 and RFC 9162, section 2.1, with SHA-256: proofs that a leaf is in it.</summary>
public static class MerkleTree
{
    private const int HashSize = BundleHashing.HashSize;
    private const byte NodePrefix = 1;

    /// <summary>The inclusion proof of a leaf, from the leaf up (RFC 9162, section 2.1.3.1).</summary>
    /// <param name="leaves">Hashes of all leaves, in order.</param>
    /// <param name="index">Which one.</param>
    public static List<byte[]> MakePath(IReadOnlyList<byte[]> leaves, int index)
    {
        ArgumentNullException.ThrowIfNull(leaves);
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, leaves.Count);

        // From the root down; turned round at the end.
        var path = new List<byte[]>();
        var (first, count) = (0, leaves.Count);
        while (count > 1)
        {
            var left = (int)(System.Numerics.BitOperations.RoundUpToPowerOf2((uint)count) / 2);
            if (index < first + left)
            {
                path.Add(HashOf(leaves, first + left, count - left));
                count = left;
            }
            else
            {
                path.Add(HashOf(leaves, first, left));
                (first, count) = (first + left, count - left);
            }
        }

        path.Reverse();
        return path;
    }

    /// <summary>Whether the path leads from the leaf to the root (RFC 9162, section 2.1.3.2).</summary>
    /// <param name="leaf">Hash of the leaf, 32 bytes.</param>
    /// <param name="index">Its position.</param>
    /// <param name="count">Number of leaves.</param>
    /// <param name="path">From the leaf up; 32 bytes each.</param>
    /// <param name="root">The root, 32 bytes.</param>
    public static bool Verify(ReadOnlySpan<byte> leaf, uint index, uint count, IReadOnlyList<ReadOnlyMemory<byte>> path, ReadOnlySpan<byte> root)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (index >= count)
        {
            return false;
        }

        var (node, last) = (index, count - 1);
        var hash = leaf.ToArray();
        foreach (var sibling in path)
        {
            if (last == 0 || sibling.Length != HashSize)
            {
                return false;
            }

            if ((node & 1) == 1 || node == last)
            {
                hash = HashNode(sibling.Span, hash);
                while ((node & 1) == 0 && node != 0)
                {
                    (node, last) = (node >> 1, last >> 1);
                }
            }
            else
            {
                hash = HashNode(hash, sibling.Span);
            }

            (node, last) = (node >> 1, last >> 1);
        }

        return last == 0 && hash.AsSpan().SequenceEqual(root);
    }

    internal static byte[] HashNode(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        Span<byte> text = stackalloc byte[1 + (2 * HashSize)];
        text[0] = NodePrefix;
        left.CopyTo(text[1..]);
        right.CopyTo(text[(1 + HashSize)..]);
        return SHA256.HashData(text);
    }

    private static byte[] HashOf(IReadOnlyList<byte[]> leaves, int first, int count)
    {
        if (count == 1)
        {
            return leaves[first];
        }

        var left = (int)(System.Numerics.BitOperations.RoundUpToPowerOf2((uint)count) / 2);
        return HashNode(HashOf(leaves, first, left), HashOf(leaves, first + left, count - left));
    }
}
