using Xtmp.Protocol;
using Xtmp.Protocol.MessagePack;

namespace Xtmp.Session;

/// <summary>Writes the session's own messages as canonical MessagePack into a buffer sized by the caller.</summary>
internal ref struct WireWriter(Span<byte> destination)
{
    private readonly Span<byte> _destination = destination;

    /// <summary>Bytes written.</summary>
    public int Length { get; private set; }

    public void Array(int count) => Advance(5, ref MessagePackWriter.WriteArrayHeader(ref Next(5), count));

    public void Map(int count) => Advance(5, ref MessagePackWriter.WriteMapHeader(ref Next(5), count));

    public void Unsigned(ulong value) => Advance(9, ref MessagePackWriter.WriteUInt64(ref Next(9), value));

    public void Boolean(bool value) => Advance(1, ref MessagePackWriter.WriteBoolean(ref Next(1), value));

    public void Nil() => Advance(1, ref MessagePackWriter.WriteNil(ref Next(1)));

    public void Bytes(scoped ReadOnlySpan<byte> value)
    {
        var max = checked((int)MessagePackSize.MaxBinary(value.Length));
        Advance(max, ref MessagePackWriter.WriteBinary(ref Next(max), value));
    }

    /// <summary>The bytes, or nil where there are none.</summary>
    public void BytesOrNil(scoped ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty)
        {
            Nil();
        }
        else
        {
            Bytes(value);
        }
    }

    public void Text(string value)
    {
        var max = checked((int)MessagePackSize.MaxString(value));
        Advance(max, ref MessagePackWriter.WriteString(ref Next(max), value));
    }

    public void TextOrNil(string? value)
    {
        if (value is null)
        {
            Nil();
        }
        else
        {
            Text(value);
        }
    }

    // The writers check no bounds themselves: the room asked for is checked here, on the safe side.
    private readonly ref byte Next(int max)
    {
        Invariant.Check(_destination.Length - Length >= max);
        return ref _destination[Length];
    }

    private void Advance(int max, ref byte end)
    {
        var written = (int)System.Runtime.CompilerServices.Unsafe.ByteOffset(ref _destination[Length], ref end);
        Invariant.Check((uint)written <= (uint)max);
        Length += written;
    }
}
