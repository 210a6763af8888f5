using BitChat.Messages;
using Xtmp.Crypto;

namespace BitChat.Peer;

/// <summary>Ed25519, as at a table, and ML-DSA-87 at a post-quantum one.</summary>
/// <param name="key">This seat's key; stays the caller's to dispose.</param>
/// <param name="postQuantum">This seat's second key, at a post-quantum table; stays the caller's too.</param>
public sealed class Ed25519Signatures(Ed25519PrivateKey key, MlDsa87PrivateKey? postQuantum = null) : ISeatSignatures
{
    private readonly Dictionary<ReadOnlyMemory<byte>, MlDsa87PublicKey> _keys = [];

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

    public byte[] SignPostQuantum(ReadOnlySpan<byte> message)
    {
        var signature = new byte[MlDsa87.SignatureSize];
        (postQuantum ?? throw new InvalidOperationException("This seat has no ML-DSA-87 key.")).Sign(message, default, new byte[MlDsa87.RandomnessSize], signature);
        return signature;
    }

    public bool VerifyPostQuantum(Seat seat, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        ArgumentNullException.ThrowIfNull(seat);
        if (seat.PostQuantumKey is not { } bytes)
        {
            return false;
        }

        // A key expands to 64 KiB. The seats of a table are few; those of earlier ones are dropped with them.
        if (!_keys.TryGetValue(bytes, out var known))
        {
            if (!MlDsa87PublicKey.TryImport(bytes.Span, out known) || known is null)
            {
                return false;
            }

            if (_keys.Count >= 2 * SeatSet.MaxSeats)
            {
                _keys.Clear();
            }

            _keys[bytes] = known;
        }

        return known.Verify(message, default, signature);
    }
}
