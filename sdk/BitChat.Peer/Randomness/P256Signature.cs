using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;
using Xtmp.Crypto;
using BcInteger = Org.BouncyCastle.Math.BigInteger;

namespace BitChat.Peer;

/// <summary>Verifies ECDSA with P-256 and SHA-256 (FIPS 186-5), as devices with a secure element make it.</summary>
public static class P256Signature
{
    public const int Size = 64;

    /// <summary>True for a good signature.</summary>
    /// <param name="publicKey">33 bytes, a compressed point.</param>
    /// <param name="message">What was signed.</param>
    /// <param name="signature">r and s, 32 bytes each, big-endian.</param>
    public static bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != Size || P256Group.DecodePoint(publicKey) is not { } point)
        {
            return false;
        }

        var signer = new ECDsaSigner();
        signer.Init(forSigning: false, new ECPublicKeyParameters(point, P256Group.Domain));
        return signer.VerifySignature(Sha256.HashData(message), new BcInteger(1, signature[..32].ToArray()), new BcInteger(1, signature[32..].ToArray()));
    }
}
