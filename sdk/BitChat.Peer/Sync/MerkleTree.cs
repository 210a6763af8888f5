using Xtmp.Crypto;

namespace BitChat.Peer;

/// <summary>SHA-256 trees with the prefixes of RFC 6962, so that a leaf cannot pass for a node.</summary>
public static class MerkleTree
{
    public static byte[] HashLeaf(ReadOnlySpan<byte> data) => Sha256.HashData([0], data);

    public static byte[] HashNode(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        Span<byte> first = stackalloc byte[1 + Sha256.Size];
        first[0] = 1;
        left.CopyTo(first[1..]);
        return Sha256.HashData(first[..(1 + left.Length)], right);
    }

    /// <summary>The root over leaves' hashes; a node without a sibling moves up as it is.</summary>
    public static byte[] Root(IReadOnlyList<byte[]> leaves)
    {
        ArgumentNullException.ThrowIfNull(leaves);
        ArgumentOutOfRangeException.ThrowIfZero(leaves.Count);
        var level = leaves;
        while (level.Count > 1)
        {
            level = Above(level);
        }

        return level[0];
    }

    /// <summary>The siblings of a leaf, from it upwards.</summary>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Path(IReadOnlyList<byte[]> leaves, int index)
    {
        ArgumentNullException.ThrowIfNull(leaves);
        var path = new List<ReadOnlyMemory<byte>>();
        var level = leaves;
        for (var at = index; level.Count > 1; at /= 2)
        {
            if ((at ^ 1) < level.Count)
            {
                path.Add(level[at ^ 1]);
            }

            level = Above(level);
        }

        return path;
    }

    /// <summary>The root that a leaf's hash and its path lead to; null where the path has another length than the place needs.</summary>
    public static byte[]? RootOf(byte[] leaf, int index, int count, IReadOnlyList<ReadOnlyMemory<byte>> path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if ((uint)index >= (uint)count)
        {
            return null;
        }

        var (hash, used) = (leaf, 0);
        for (var at = index; count > 1; at /= 2, count = (count + 1) / 2)
        {
            if ((at ^ 1) >= count)
            {
                continue;
            }

            if (used == path.Count)
            {
                return null;
            }

            var sibling = path[used++].Span;
            hash = at % 2 == 0 ? HashNode(hash, sibling) : HashNode(sibling, hash);
        }

        return used == path.Count ? hash : null;
    }

    private static List<byte[]> Above(IReadOnlyList<byte[]> level)
    {
        var above = new List<byte[]>((level.Count + 1) / 2);
        for (var i = 0; i < level.Count; i += 2)
        {
            above.Add(i + 1 < level.Count ? HashNode(level[i], level[i + 1]) : level[i]);
        }

        return above;
    }
}
