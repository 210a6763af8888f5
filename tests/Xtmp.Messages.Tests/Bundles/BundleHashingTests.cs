using System.Security.Cryptography;
using Xtmp.Protocol;

namespace Xtmp.Messages.Tests.Bundles;

public sealed class BundleHashingTests
{
    [Fact]
    public void the_merkle_root_is_that_of_rfc_6962_for_every_small_count()
    {
        for (var count = 1; count <= 33; count++)
        {
            var transactions = Enumerable.Range(0, count).Select(Transaction).ToArray();
            Assert.Equal(Reference(transactions), BundleHashing.ComputeMerkleRoot(transactions));
        }
    }

    [Fact]
    public void no_transactions_hash_as_the_empty_string() =>
        Assert.Equal(SHA256.HashData([]), BundleHashing.ComputeMerkleRoot([]));

    // RFC 6962 section 2.1, written down as it stands there.
    private static byte[] Reference(ReadOnlySpan<BundleTransaction> leaves)
    {
        if (leaves.Length == 1)
        {
            var encoded = new byte[leaves[0].GetEncodedSize()];
            leaves[0].Encode(encoded);
            return SHA256.HashData([0, .. encoded]);
        }

        var split = 1;
        while (split * 2 < leaves.Length)
        {
            split *= 2;
        }

        return SHA256.HashData([1, .. Reference(leaves[..split]), .. Reference(leaves[split..])]);
    }

    private static BundleTransaction Transaction(int index) => new()
    {
        TxId = $"tx-{index}",
        From = new byte[32],
        To = new byte[32],
        Amount = (ulong)index,
        Timestamp = DateTimeOffset.UnixEpoch.AddSeconds(index),
        PayloadHash = new byte[32],
    };
}
