using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;
using Xtmp.Protocol;
using Xtmp.Protocol.MessagePack;

namespace Xtmp.Gateway;

/// <summary>
/// The only message between silos: a MessagePack bin with the next bytes of a stream. It encodes itself from the stream's own
/// buffers and is used again for each chunk. No schema has it, since no client may send it.
/// </summary>
internal sealed class TunnelBytes : IXtmpMessage
{
    /// <summary>Most bytes of one message: a frame carries it whole.</summary>
    public const int MaxBytes = 60 * 1024;

    /// <summary>Bytes before them: the head of a bin16.</summary>
    public const int HeadBytes = 3;

    private static readonly MessageInfo Entry = new("TunnelBytes", FrameCode.FirstApplication, FrameKind.OneWay) { MaxEncodedSize = HeadBytes + MaxBytes };

    public MessageInfo Info => Entry;

    /// <summary>What is sent next, at most <see cref="MaxBytes"/>.</summary>
    public ReadOnlySequence<byte> Bytes { get; set; }

    /// <summary>The bytes in a message of a peer; false where it is none of these.</summary>
    public static bool TryRead(byte code, ReadOnlySpan<byte> payload, out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        if (code != Entry.Code || payload.Length < HeadBytes || payload[0] != MessagePackCode.Bin16 || payload.Length != HeadBytes + BinaryPrimitives.ReadUInt16BigEndian(payload[1..]))
        {
            return false;
        }

        bytes = payload[HeadBytes..];
        return true;
    }

    public int GetEncodedSize() => HeadBytes + (int)Bytes.Length;

    public int Encode(Span<byte> destination)
    {
        destination[0] = MessagePackCode.Bin16;
        BinaryPrimitives.WriteUInt16BigEndian(destination[1..], checked((ushort)Bytes.Length));
        Bytes.CopyTo(destination[HeadBytes..]);
        return GetEncodedSize();
    }

    public void Encode(IBufferWriter<byte> output) => output.Advance(Encode(output.GetSpan(GetEncodedSize())));

    public bool TryValidate(out ValidationError error)
    {
        error = default;
        return true;
    }

    public void WriteJson(Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteNumberValue(Bytes.Length);
    }
}
