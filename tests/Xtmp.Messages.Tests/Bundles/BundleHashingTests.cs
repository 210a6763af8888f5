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

    [Fact]
    public void the_bundle_hash_covers_every_field_that_it_does_not_itself_leave_out()
    {
        var bundle = BundleHashing.Complete(new PoEProofBundle
        {
            BundleId = "b",
            BundleHash = new byte[32],
            TransactionCount = 1,
            TotalValue = 0,
            CreatedAt = DateTimeOffset.UnixEpoch,
            HyperledgerProof = new HyperledgerProof { ChannelId = "channel", BlockNumber = 7, TxId = "tx", BlockHash = new byte[32], Endorsements = [] },
            NotaryApprovals = [],
            ImmutableProof = new ImmutableProof { ProofHash = new byte[32], MerkleRoot = new byte[32], BlockHeight = 3, Timestamp = DateTimeOffset.UnixEpoch },
            BpiLedgerMetadata = new BpiLedgerMetadata { NodeId = "node-1", LedgerVersion = "1.0.0", ConsensusAlgorithm = "BPI-IBFT", NetworkId = "test" },
            Transactions = [Transaction(1)],
        });
        var changed = 0;
        foreach (var (path, other) in Changed(bundle))
        {
            if (path is "BundleHash" or "Transactions" or "NotaryApprovals" or "NodeSignature")
            {
                continue;
            }

            changed++;
            Assert.False(BundleHashing.ComputeBundleHash(bundle).AsSpan().SequenceEqual(BundleHashing.ComputeBundleHash((PoEProofBundle)other)), $"{path} is not in the hash.");
        }

        Assert.InRange(changed, 17, 40);
    }

    /// <summary>The record once for each of its fields, those of its structs too, with that field changed.</summary>
    private static IEnumerable<(string Path, object Changed)> Changed(object record)
    {
        var clone = record.GetType().GetMethod("<Clone>$")!;
        foreach (var property in record.GetType().GetProperties().Where(property => property is { CanWrite: true, Name: not "UnknownFields" }))
        {
            var value = property.GetValue(record);
            var others = value is IXtmpStruct
                ? Changed(value).Select(inner => ($"{property.Name}.{inner.Path}", inner.Changed))
                : [(property.Name, Other(property.PropertyType, value))];
            foreach (var (path, other) in others)
            {
                var changed = clone.Invoke(record, [])!;
                property.SetValue(changed, other);
                yield return (path, changed);
            }
        }
    }

    private static object Other(Type type, object? value) => value switch
    {
        string text => text + "x",
        uint number => number + 1,
        ulong number => number + 1,
        UInt128 number => number + 1,
        DateTimeOffset time => time.AddSeconds(1),
        ReadOnlyMemory<byte> bytes => (ReadOnlyMemory<byte>)bytes.ToArray().Select(part => (byte)(part ^ 1)).ToArray(),
        ValueList<HyperledgerEndorsement> => (ValueList<HyperledgerEndorsement>)[new HyperledgerEndorsement { MspId = "msp", Signature = new byte[1], EndorsedAt = DateTimeOffset.UnixEpoch }],
        ValueList<NotaryApproval> or ValueList<BundleTransaction> or null => value!,
        _ => throw new NotSupportedException($"No other value of {type} is known."),
    };

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
