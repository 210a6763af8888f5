using BitChat.Messages;
using Xtmp.Crypto;

namespace BitChat.Peer;

/// <summary>Ed25519, as at a table.</summary>
/// <param name="key">This seat's key; stays the caller's to dispose.</param>
public sealed class Ed25519Signatures(Ed25519PrivateKey key) : ISeatSignatures
{
    public byte[] Sign(ReadOnlySpan<byte> message)
    {
        var signature = new byte[Ed25519.SignatureSize];
        key.Sign(message, signature);
        return signature;
    }

    public bool Verify(Seat seat, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        ArgumentNullException.ThrowIfNull(seat);
        return signature.Length == Ed25519.SignatureSize && Ed25519.Verify(seat.Ed25519Key.Span, message, signature);
    }
}
