namespace Xtmp.Protocol;

/// <summary>Which link a message type prefers when a session has both (schema <c>transport</c>).</summary>
public enum TransportClass : byte
{
    Reliable = 0,
    Fast = 1,
}

/// <summary>Sending order within a session (SPEC §4).</summary>
public enum MessagePriority : byte
{
    Normal = 0,
    High = 1,
    Emergency = 2,
}

/// <summary>What a caller must have proved before a message is handled (schema <c>authentication</c>).</summary>
public enum AuthenticationLevel : byte
{
    /// <summary>Any established session.</summary>
    None = 0,

    /// <summary>A session whose client proved an identity in the handshake.</summary>
    Session = 1,

    /// <summary>A session that has authenticated a wallet.</summary>
    Wallet = 2,
}

/// <summary>
/// What the schema says of one message: an entry of the message catalogue. A reply or stream item carries the code of
/// the request it answers; the frame kind tells the two apart.
/// </summary>
/// <param name="Name">Schema name, for example <c>WalletTransaction</c>.</param>
/// <param name="Code">Wire code (SPEC §5), or 0 for a message that never leaves the process.</param>
/// <param name="Kind">The frame kind it travels as.</param>
public sealed record MessageInfo(string Name, byte Code, FrameKind Kind)
{
    public TransportClass Transport { get; init; }

    public MessagePriority Priority { get; init; }

    public bool RequiresAck { get; init; }

    /// <summary>False where the schema says <c>compress: never</c>, has a secret field, or needs a wallet (SPEC §1).</summary>
    public bool Compressible { get; init; }

    /// <summary>
    /// Greatest number of bytes of an encoding, at most <see cref="int.MaxValue"/>, before compression. What a newer
    /// schema adds is not counted: it comes on top, at most <see cref="DecodeLimits.MaxUnknownBytes"/>.
    /// </summary>
    public int MaxEncodedSize { get; init; } = int.MaxValue;

    /// <summary>Safe to repeat even after later requests (SPEC §4).</summary>
    public bool Idempotent { get; init; }

    public AuthenticationLevel Authentication { get; init; }

    /// <summary>Of a message of kind error: the error code under which it travels inside an Error message; else 0.</summary>
    public ushort ErrorCode { get; init; }
}
