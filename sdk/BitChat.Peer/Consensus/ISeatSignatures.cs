using BitChat.Messages;

namespace BitChat.Peer;

/// <summary>How this seat signs, and how it verifies others.</summary>
public interface ISeatSignatures
{
    /// <summary>This seat's signature, 64 bytes.</summary>
    byte[] Sign(ReadOnlySpan<byte> message);

    bool Verify(Seat seat, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature);

    /// <summary>This seat's second signature, 4627 bytes. Asked for only at a post-quantum table.</summary>
    byte[] SignPostQuantum(ReadOnlySpan<byte> message);

    bool VerifyPostQuantum(Seat seat, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature);
}
