using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Xtmp.Crypto;

namespace Xtmp.Messages;

/// <summary>What the owner of a name signs, and how stamps are hashed.</summary>
public static class RegistrySigning
{
    /// <summary>Size of the hash that is signed: SHA-512.</summary>
    public const int HashSize = SignedHash.Size;

    public static ReadOnlySpan<byte> Label => "XTMP1 registry record"u8;

    public static ReadOnlySpan<byte> Role => "owner"u8;

    public static ReadOnlySpan<byte> StampLabel => "XTMP1 registry stamp"u8;

    public static ReadOnlySpan<byte> StampRole => "silo"u8;

    /// <summary>SHA-512 over the network's name (u8 length, UTF-8) and the record's canonical encoding.</summary>
    public static void HashRecord(RegistryRecord record, string network, Span<byte> hash)
    {
        ArgumentNullException.ThrowIfNull(record);
        var text = new byte[record.GetEncodedSize()];
        record.Encode(text);
        SignedHash.Compute(network, text, hash);
    }

    /// <summary>The record, made the identity's and signed by both of its keys.</summary>
    /// <param name="record">Its owner is replaced.</param>
    /// <param name="network">Name of the silo's network.</param>
    /// <param name="owner">The owner's identity.</param>
    /// <param name="entropy">Hedges the ML-DSA signature.</param>
    public static SignedRegistryRecord Sign(RegistryRecord record, string network, IdentityKey owner, IEntropy entropy)
    {
        ArgumentNullException.ThrowIfNull(record);
        ArgumentNullException.ThrowIfNull(owner);
        record = record with { Owner = owner.Public.Fingerprint.ToArray() };
        Span<byte> hash = stackalloc byte[HashSize];
        HashRecord(record, network, hash);
        var mlDsa = new byte[MlDsa87.SignatureSize];
        var ed25519 = new byte[Ed25519.SignatureSize];
        owner.Sign(Label, Role, hash, entropy, mlDsa, ed25519);
        return new SignedRegistryRecord
        {
            Record = record,
            MlDsaKey = owner.Public.MlDsaKey.ToArray(),
            Ed25519Key = owner.Public.Ed25519Key.ToArray(),
            MlDsaSignature = mlDsa,
            Ed25519Signature = ed25519,
        };
    }

    /// <summary>True where the owner is the fingerprint of the record's keys, and both signatures are the owner's.</summary>
    public static bool Verify(SignedRegistryRecord signed, string network)
    {
        ArgumentNullException.ThrowIfNull(signed);
        if (!IdentityPublicKey.TryImport(signed.MlDsaKey.Span, signed.Ed25519Key.Span, out var owner)
            || owner.Fingerprint != new Fingerprint(signed.Record.Owner.Span))
        {
            return false;
        }

        Span<byte> hash = stackalloc byte[HashSize];
        HashRecord(signed.Record, network, hash);
        return owner.Verify(Label, Role, hash, signed.MlDsaSignature.Span, signed.Ed25519Signature.Span);
    }

    /// <summary>The stamp, signed by the silo that made it: a receipt that its holder can show to others.</summary>
    /// <param name="stamp">Its keys and signature are replaced.</param>
    /// <param name="network">Name of the silo's network.</param>
    /// <param name="silo">The silo's identity.</param>
    /// <param name="entropy">Hedges the ML-DSA signature.</param>
    public static RegistryStampReply SignStamp(RegistryStampReply stamp, string network, IdentityKey silo, IEntropy entropy)
    {
        ArgumentNullException.ThrowIfNull(stamp);
        ArgumentNullException.ThrowIfNull(silo);
        Span<byte> hash = stackalloc byte[HashSize];
        SignedHash.Compute(network, stamp.StampHash.Span, hash);
        return stamp with
        {
            MlDsaKey = silo.Public.MlDsaKey.ToArray(),
            Ed25519Key = silo.Public.Ed25519Key.ToArray(),
            Signature = DualSignature.Sign(silo, StampLabel, StampRole, hash, entropy),
        };
    }

    /// <summary>True where the stamp's hash follows from what it says, and the silo of that fingerprint signed it.</summary>
    public static bool VerifyStamp(RegistryStampReply stamp, string network, Fingerprint silo)
    {
        ArgumentNullException.ThrowIfNull(stamp);
        if (stamp.MlDsaKey is not { } mlDsa || stamp.Ed25519Key is not { } ed25519 || stamp.Signature is not { } signature
            || !IdentityPublicKey.TryImport(mlDsa.Span, ed25519.Span, out var keys) || keys.Fingerprint != silo
            || !HashStamp(stamp.Name, stamp.StampNumber, stamp.DocumentHash.Span, stamp.StampedAt, stamp.PreviousHash.Span).AsSpan().SequenceEqual(stamp.StampHash.Span))
        {
            return false;
        }

        Span<byte> hash = stackalloc byte[HashSize];
        SignedHash.Compute(network, stamp.StampHash.Span, hash);
        return DualSignature.Verify(keys, StampLabel, StampRole, hash, signature.Span);
    }

    /// <summary>
    /// SHA-256 over "XTMP1 stamp", the length of the name as u16 and its bytes, the number as u64, the document hash, the
    /// time in µs as i64, and the previous hash. Integers are big-endian.
    /// </summary>
    public static byte[] HashStamp(string name, ulong number, ReadOnlySpan<byte> document, DateTimeOffset at, ReadOnlySpan<byte> previous)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> integer = stackalloc byte[8];
        var text = Encoding.UTF8.GetBytes(name);
        hash.AppendData("XTMP1 stamp"u8);
        BinaryPrimitives.WriteUInt16BigEndian(integer, checked((ushort)text.Length));
        hash.AppendData(integer[..2]);
        hash.AppendData(text);
        BinaryPrimitives.WriteUInt64BigEndian(integer, number);
        hash.AppendData(integer);
        hash.AppendData(document);
        BinaryPrimitives.WriteInt64BigEndian(integer, (at - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond);
        hash.AppendData(integer);
        hash.AppendData(previous);
        return hash.GetHashAndReset();
    }
}
