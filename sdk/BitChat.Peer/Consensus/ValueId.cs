using System.Buffers.Binary;
using BitChat.Messages;

namespace BitChat.Peer;

/// <summary>SHA-256 over "BITCHAT1 value" and a value's canonical encoding, to compare and to look up by.</summary>
internal readonly record struct ValueId(UInt128 High, UInt128 Low)
{
    public static ValueId Of(ReadOnlySpan<byte> id) => new(BinaryPrimitives.ReadUInt128BigEndian(id), BinaryPrimitives.ReadUInt128BigEndian(id[16..]));

    public static ValueId? Of(ReadOnlyMemory<byte>? id) => id is { Length: 32 } bytes ? Of(bytes.Span) : null;

    public static ValueId Of(ProposedValue value) => Of(SeatSet.IdOf(value));

    public byte[] ToArray()
    {
        var bytes = new byte[32];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, High);
        BinaryPrimitives.WriteUInt128BigEndian(bytes.AsSpan(16), Low);
        return bytes;
    }
}
