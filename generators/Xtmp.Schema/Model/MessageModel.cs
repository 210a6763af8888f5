namespace Xtmp.Schema;

/// <summary>A message: its fields, and how it travels.</summary>
public sealed record MessageModel
{
    /// <summary>Name, namespace, doc, fields, reservations.</summary>
    public required StructModel Shape { get; init; }

    public string Name => Shape.Name;

    public required MessageKind Kind { get; init; }

    /// <summary>Family name, or null for a message that belongs to none. Replies and items have their request's.</summary>
    public string? Family { get; init; }

    /// <summary>
    /// Wire code; replies and items have their request's. 0 for local messages and for replies to them.
    /// </summary>
    public byte Code { get; init; }

    /// <summary>Of an error: the code that stands in the Error message whose detail it is; else 0.</summary>
    public ushort ErrorCode { get; init; }

    /// <summary>The number that tells it from others of its kind: <see cref="ErrorCode"/> of an error, else <see cref="Code"/>.</summary>
    public int Number => ErrorCode != 0 ? ErrorCode : Code;

    public TransportKind Transport { get; init; }

    public PriorityKind Priority { get; init; }

    /// <summary>Only one-way messages ask for an ack.</summary>
    public bool Ack { get; init; }

    /// <summary>
    /// False where the schema says <c>compress: never</c>, where a field (at any depth) is secret, and where a wallet
    /// must be authenticated.
    /// </summary>
    public bool Compressible { get; init; }

    public bool Idempotent { get; init; }

    public AuthenticationKind Authentication { get; init; }

    /// <summary>
    /// Greatest number of bytes of an encoding without fields or arms that this schema does not know, at most
    /// <see cref="int.MaxValue"/>, which also stands for types that hold each other without end.
    /// </summary>
    public int MaxEncodedSize { get; init; }
}
