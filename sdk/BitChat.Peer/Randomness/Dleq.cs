using System.Numerics;
using BitChat.Messages;
using Xtmp.Crypto;

namespace BitChat.Peer;

/// <summary>
/// Proofs that two discrete logarithms are equal (Chaum and Pedersen, by Fiat and Shamir): that one secret makes A of the
/// generator and B of another point. They tell nothing else of the secret.
/// </summary>
public static class Dleq
{
    /// <param name="group">The group.</param>
    /// <param name="context">What the proof is for. It holds for nothing else.</param>
    /// <param name="point">The other point.</param>
    /// <param name="secret">The logarithm.</param>
    public static DleqProof Prove(CoinGroup group, ReadOnlySpan<byte> context, GroupPoint point, BigInteger secret)
    {
        ArgumentNullException.ThrowIfNull(group);
        var first = group.Multiply(group.Generator, secret);
        var second = group.Multiply(point, secret);

        // As in RFC 6979 the nonce follows from the secret and from what is proved: it needs no entropy and never repeats.
        var nonce = group.HashToScalar([.. "BITCHAT1 dleq nonce"u8, .. CoinGroup.EncodeScalar(secret), .. group.Encode(point), .. context]);
        var challenge = Challenge(group, context, point, first, second, group.Multiply(group.Generator, nonce), group.Multiply(point, nonce));
        return new DleqProof { Challenge = CoinGroup.EncodeScalar(challenge), Response = CoinGroup.EncodeScalar(group.Reduce(nonce - (challenge * secret))) };
    }

    /// <summary>True where one secret makes <paramref name="first"/> of the generator and <paramref name="second"/> of the point.</summary>
    public static bool Verify(CoinGroup group, ReadOnlySpan<byte> context, GroupPoint point, GroupPoint first, GroupPoint second, DleqProof proof)
    {
        ArgumentNullException.ThrowIfNull(group);
        ArgumentNullException.ThrowIfNull(proof);
        if (group.DecodeScalar(proof.Challenge.Span) is not { } challenge || group.DecodeScalar(proof.Response.Span) is not { } response)
        {
            return false;
        }

        var commitment = group.Add(group.Multiply(group.Generator, response), group.Multiply(first, challenge));
        var other = group.Add(group.Multiply(point, response), group.Multiply(second, challenge));
        return Challenge(group, context, point, first, second, commitment, other) == challenge;
    }

    private static BigInteger Challenge(CoinGroup group, ReadOnlySpan<byte> context, GroupPoint point, GroupPoint first, GroupPoint second, GroupPoint commitment, GroupPoint other) =>
        group.HashToScalar([.. "BITCHAT1 dleq"u8, .. group.Encode(point), .. group.Encode(first), .. group.Encode(second), .. group.Encode(commitment), .. group.Encode(other), .. Sha256.HashData(context)]);
}
