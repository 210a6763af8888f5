namespace Xtmp.Protocol;

/// <summary>Where and why reading stopped: byte offset from the start of the payload, and the field as a dotted path.</summary>
public readonly record struct DecodeError(DecodeStatus Status, int Offset, string? Field)
{
    public override string ToString() =>
        Field is null ? $"{Status} at offset {Offset}" : $"{Status} at offset {Offset} in field '{Field}'";
}
