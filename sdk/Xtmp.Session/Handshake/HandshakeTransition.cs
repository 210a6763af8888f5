namespace Xtmp.Session;

/// <summary>What follows from a handshake message: another state, the end of the session, or an established session.</summary>
internal readonly struct HandshakeTransition
{
    private HandshakeTransition(HandshakeState? next, SessionClose? close, HandshakeResult? result)
    {
        Next = next;
        Close = close;
        Result = result;
    }

    public HandshakeState? Next { get; }

    public SessionClose? Close { get; }

    public HandshakeResult? Result { get; }

    public static implicit operator HandshakeTransition(HandshakeState next) => new(next, null, null);

    public static implicit operator HandshakeTransition(SessionClose close) => new(null, close, null);

    public static implicit operator HandshakeTransition(HandshakeResult result) => new(null, null, result);
}
