using BitChat.Messages;
using Xtmp.Crypto;

namespace BitChat.Peer;

/// <summary>Verifies Ed25519, as at a table, and ML-DSA-87 at a post-quantum one.</summary>
public class Ed25519Verifier : ISeatSignatures
{
    private readonly Dictionary<ValueId, MlDsa87PublicKey> _keys = [];

    public virtual byte[] Sign(ReadOnlySpan<byte> message) => throw new InvalidOperationException("A verifier has no key.");

    public virtual byte[] SignPostQuantum(ReadOnlySpan<byte> message) => throw new InvalidOperationException("There is no ML-DSA-87 key here.");

    public bool Verify(Seat seat, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        ArgumentNullException.ThrowIfNull(seat);
        return signature.Length == Ed25519.SignatureSize && Ed25519.Verify(seat.Ed25519Key.Span, message, signature);
    }

    public bool VerifyPostQuantum(Seat seat, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        ArgumentNullException.ThrowIfNull(seat);
        if (seat.PostQuantumKey is not { } bytes)
        {
            return false;
        }

        // A key expands to 64 KiB, once. The seats of a table are few; those of earlier ones are dropped with them.
        var id = ValueId.Of(Sha256.HashData(bytes.Span));
        if (!_keys.TryGetValue(id, out var known))
        {
            if (!MlDsa87PublicKey.TryImport(bytes.Span, out known) || known is null)
            {
                return false;
            }

            if (_keys.Count >= 2 * SeatSet.MaxSeats)
            {
                _keys.Clear();
            }

            _keys[id] = known;
        }

        return known.Verify(message, default, signature);
    }
}
