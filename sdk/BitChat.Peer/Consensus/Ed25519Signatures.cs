using Xtmp.Crypto;

namespace BitChat.Peer;

/// <summary>Signs as a seat too.</summary>
/// <param name="key">This seat's key; stays the caller's to dispose.</param>
/// <param name="postQuantum">This seat's second key, at a post-quantum table; stays the caller's too.</param>
public sealed class Ed25519Signatures(Ed25519PrivateKey key, MlDsa87PrivateKey? postQuantum = null) : Ed25519Verifier
{
    public override byte[] Sign(ReadOnlySpan<byte> message)
    {
        var signature = new byte[Ed25519.SignatureSize];
        key.Sign(message, signature);
        return signature;
    }

    public override byte[] SignPostQuantum(ReadOnlySpan<byte> message)
    {
        var signature = new byte[MlDsa87.SignatureSize];
        (postQuantum ?? throw new InvalidOperationException("This seat has no ML-DSA-87 key.")).Sign(message, default, new byte[MlDsa87.RandomnessSize], signature);
        return signature;
    }
}
