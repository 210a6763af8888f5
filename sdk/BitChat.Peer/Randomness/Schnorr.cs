using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;

namespace BitChat.Peer;

/// <summary>Proof of knowledge of the logarithm of a public key (RFC 8235, section 3), bound to who proves and to where.</summary>
public static class Schnorr
{
    /// <summary>Proves.</summary>
    /// <param name="group">The group; public keys are its generator times the secret.</param>
    /// <param name="secret">The private key.</param>
    /// <param name="nonce">A fresh random scalar; two proofs with one nonce give the key away.</param>
    /// <param name="name">Who proves.</param>
    /// <param name="binding">Where it counts, such as the export of a session.</param>
    public static (byte[] Commitment, byte[] Response) Prove(CoinGroup group, BigInteger secret, BigInteger nonce, ReadOnlySpan<byte> name, ReadOnlySpan<byte> binding)
    {
        ArgumentNullException.ThrowIfNull(group);
        var commitment = group.Encode(group.Multiply(group.Generator, nonce));
        var key = group.Encode(group.Multiply(group.Generator, secret));
        var challenge = Challenge(group, commitment, key, name, binding);
        return (commitment, CoinGroup.EncodeScalar(group.Reduce(nonce - (challenge * secret))));
    }

    /// <summary>True where who made the proof knows the private key of the public one.</summary>
    public static bool Verify(CoinGroup group, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> commitment, ReadOnlySpan<byte> response, ReadOnlySpan<byte> name, ReadOnlySpan<byte> binding)
    {
        ArgumentNullException.ThrowIfNull(group);
        if (group.Decode(publicKey) is not { } key || group.Decode(commitment) is null || group.DecodeScalar(response) is not { } answer)
        {
            return false;
        }

        var challenge = Challenge(group, commitment, publicKey, name, binding);
        return group.Encode(group.Add(group.Multiply(group.Generator, answer), group.Multiply(key, challenge))).AsSpan().SequenceEqual(commitment);
    }

    private static BigInteger Challenge(CoinGroup group, ReadOnlySpan<byte> commitment, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> name, ReadOnlySpan<byte> binding)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, group.Encode(group.Generator));
        Append(hash, commitment);
        Append(hash, publicKey);
        Append(hash, name);
        Append(hash, binding);
        return group.Reduce(new BigInteger(hash.GetHashAndReset(), isUnsigned: true, isBigEndian: true));
    }

    private static void Append(IncrementalHash hash, ReadOnlySpan<byte> item)
    {
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, item.Length);
        hash.AppendData(length);
        hash.AppendData(item);
    }
}
