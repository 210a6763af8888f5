using System.Text;
using Xtmp.Protocol;
using Xtmp.Protocol.MessagePack;

namespace Xtmp.Session;

/// <summary>
/// Reads the session's own messages. The first value that is not there in canonical form sets <see cref="Failed"/>;
/// everything read after that is empty, so that a decoder checks once at its end.
/// </summary>
internal ref struct WireReader(ReadOnlySpan<byte> source)
{
    private readonly ReadOnlySpan<byte> _source = source;

    /// <summary>Where reading stands.</summary>
    public int Offset { get; private set; }

    public bool Failed { get; private set; }

    /// <summary>True when all is read and nothing failed.</summary>
    public readonly bool IsComplete => !Failed && Offset == _source.Length;

    /// <summary>An array of exactly <paramref name="count"/> elements.</summary>
    public void Array(int count) => Require(Count(count) == count);

    /// <summary>An array of at most <paramref name="max"/> elements; returns how many.</summary>
    public int Count(int max)
    {
        Take(MessagePackReader.ReadArrayHeader(_source, Offset, out var count));
        Require(count <= max);
        return Failed ? 0 : count;
    }

    /// <summary>A map of at most <paramref name="max"/> pairs; returns how many.</summary>
    public int Map(int max)
    {
        Take(MessagePackReader.ReadMapHeader(_source, Offset, out var count));
        Require(count <= max);
        return Failed ? 0 : count;
    }

    public ulong Unsigned(ulong max = ulong.MaxValue)
    {
        Take(MessagePackReader.ReadUInt64(_source, Offset, out var value));
        Require(value <= max);
        return Failed ? 0 : value;
    }

    public byte Byte() => (byte)Unsigned(byte.MaxValue);

    public bool Boolean()
    {
        Take(MessagePackReader.ReadBoolean(_source, Offset, out var value));
        return !Failed && value;
    }

    /// <summary>True, and past it, when a nil stands here.</summary>
    public bool IsNil()
    {
        if (Failed || !MessagePackReader.IsNil(_source, Offset))
        {
            return false;
        }

        Offset++;
        return true;
    }

    /// <summary>Bytes of exactly <paramref name="length"/>.</summary>
    public ReadOnlySpan<byte> Bytes(int length)
    {
        var value = BytesUpTo(length);
        Require(value.Length == length);
        return Failed ? default : value;
    }

    /// <summary>At max <paramref name="max"/> bytes.</summary>
    public ReadOnlySpan<byte> BytesUpTo(int max)
    {
        Take(MessagePackReader.ReadBinaryHeader(_source, Offset, out var length));
        return Body(length, max);
    }

    /// <summary>Text of at most <paramref name="maxBytes"/> bytes of UTF-8.</summary>
    public string Text(int maxBytes)
    {
        Take(MessagePackReader.ReadStringHeader(_source, Offset, out var length));
        var bytes = Body(length, maxBytes);
        Require(System.Text.Unicode.Utf8.IsValid(bytes));
        return Failed ? string.Empty : Encoding.UTF8.GetString(bytes);
    }

    public string? TextOrNil(int maxBytes) => IsNil() ? null : Text(maxBytes);

    public void Require(bool condition) => Failed |= !condition;

    private ReadOnlySpan<byte> Body(int length, int max)
    {
        Require(length <= max && !Failed && length <= _source.Length - Offset);
        if (Failed)
        {
            return default;
        }

        var body = _source.Slice(Offset, length);
        Offset += length;
        return body;
    }

    private void Take(int end)
    {
        if (Failed || end < 0)
        {
            Failed = true;
            return;
        }

        Offset = end;
    }
}
