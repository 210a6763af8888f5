using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>One state of a handshake: the message it waits for, and what follows from it. Holds what is known by then and no more.</summary>
internal abstract class HandshakeState
{
    /// <summary>The message it waits for, for a person to read.</summary>
    protected abstract string Expected { get; }

    /// <summary>True while this end speaks next: <see cref="WriteFlight"/> comes before the peer's next frame.</summary>
    public virtual bool HasPendingFlight => false;

    /// <summary>Writes what <see cref="HasPendingFlight"/> is about.</summary>
    public virtual HandshakeState WriteFlight() => throw new System.Diagnostics.UnreachableException();

    /// <summary>An unencrypted message: its frame is checked but for the state it comes in.</summary>
    public virtual HandshakeTransition HandlePlain(in FrameHeader header, ReadOnlySpan<byte> payload) => Unexpected(header.MessageType);

    /// <summary>A message under the peer's handshake key.</summary>
    public virtual HandshakeTransition Handle(byte code, ReadOnlySpan<byte> payload) => Unexpected(code);

    protected SessionClose Unexpected(byte code) =>
        SessionClose.Violation(SessionCloseReason.UnexpectedMessage, $"Expected {Expected}, received message 0x{code:X2}.");
}
