using System.Security.Cryptography;
using Xtmp.Messages;

namespace Xtmp.Grains.Tests.Bundles;

public sealed class MerkleTreeTests
{
    [Fact]
    public void every_leaf_of_every_small_tree_has_a_proof()
    {
        for (var count = 1; count <= 40; count++)
        {
            var transactions = Enumerable.Range(0, count).Select(Transaction).ToArray();
            var root = BundleHashing.ComputeMerkleRoot(transactions);
            var leaves = transactions.Select(BundleHashing.HashLeaf).ToArray();
            for (var index = 0; index < count; index++)
            {
                Assert.True(Verify(leaves, index, MerkleTree.MakePath(leaves, index), root), $"{index} of {count}");
            }
        }
    }

    [Fact]
    public void refuses_every_proof_that_was_touched()
    {
        var transactions = Enumerable.Range(0, 11).Select(Transaction).ToArray();
        var root = BundleHashing.ComputeMerkleRoot(transactions);
        var leaves = transactions.Select(BundleHashing.HashLeaf).ToArray();
        for (var index = 0; index < leaves.Length; index++)
        {
            var path = MerkleTree.MakePath(leaves, index);
            Assert.False(Verify(leaves, (index + 1) % leaves.Length, path, root));
            Assert.False(Verify(leaves, index, [.. path.Skip(1)], root));
            Assert.False(Verify(leaves, index, [.. path, new byte[32]], root));
            Assert.False(Verify(leaves, index, path, SHA256.HashData(root)));
            Assert.False(MerkleTree.Verify(leaves[index], (uint)index, 12, Path(path), root) && index == 10);
            for (var step = 0; step < path.Count; step++)
            {
                var touched = path.Select(hash => hash.ToArray()).ToList();
                touched[step][step] ^= 1;
                Assert.False(Verify(leaves, index, touched, root));
                touched[step] = touched[step][..31];
                Assert.False(Verify(leaves, index, touched, root));
            }
        }

        Assert.False(MerkleTree.Verify(leaves[0], 0, 0, [], root));
        Assert.False(MerkleTree.Verify(leaves[0], 11, 11, Path(MerkleTree.MakePath(leaves, 0)), root));
        Assert.False(MerkleTree.Verify(leaves[0], uint.MaxValue, 11, Path(MerkleTree.MakePath(leaves, 0)), root));
    }

    private static bool Verify(byte[][] leaves, int index, IReadOnlyList<byte[]> path, byte[] root) =>
        MerkleTree.Verify(leaves[index], (uint)index, (uint)leaves.Length, Path(path), root);

    private static IReadOnlyList<ReadOnlyMemory<byte>> Path(IReadOnlyList<byte[]> path) => [.. path.Select(hash => (ReadOnlyMemory<byte>)hash)];

    private static BundleTransaction Transaction(int index) => new()
    {
        TxId = $"tx-{index}",
        From = new byte[32],
        To = new byte[32],
        Amount = (ulong)index,
        Timestamp = DateTimeOffset.UnixEpoch,
        PayloadHash = new byte[32],
    };
}
