using System.Buffers.Binary;

namespace Xtmp.Protocol;

/// <summary>
/// The 14 bytes before each message of a batch (SPEC §1, payload rule 4):
/// <c>u8 message_type ‖ u8 flags ‖ u8 kind ‖ u56 exchange_id ‖ u32 length</c>.
/// </summary>
public struct BatchEntry
{
    public const int Size = 14;

    /// <summary>Flags an entry may carry; fragments and encryption belong to the frame around it.</summary>
    public const FrameFlags AllowedFlags =
        FrameFlags.Compressed | FrameFlags.PriorityHigh | FrameFlags.RequiresAck | FrameFlags.StreamData | FrameFlags.Emergency;

    public byte MessageType;
    public FrameFlags Flags;
    public FrameKind Kind;
    public ulong ExchangeId;
    public int Length;

    /// <summary>
    /// Reads the entry at the start of <paramref name="source"/>, whose payload follows it. False when it is cut off,
    /// or is not allowed in a batch: a batch, a control code, a flag of the frame around it, an unknown kind.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out BatchEntry entry)
    {
        entry = default;
        if (source.Length < Size)
        {
            return false;
        }

        entry.MessageType = source[0];
        entry.Flags = (FrameFlags)source[1];
        entry.Kind = (FrameKind)source[2];
        entry.ExchangeId = FrameHeader.ReadExchangeId(source[3..]);
        var length = BinaryPrimitives.ReadUInt32LittleEndian(source[10..]);
        if (length > (uint)(source.Length - Size)
            || entry.Kind > FrameKind.Cancel
            || FrameCode.IsControl(entry.MessageType)
            || (entry.Flags & ~AllowedFlags) != 0
            || !FrameHeader.AreConsistent(entry.Flags, entry.Kind))
        {
            return false;
        }

        entry.Length = (int)length;
        return true;
    }

    /// <summary>Reads an entry that this process wrote itself, control codes included.</summary>
    public static BatchEntry ReadTrusted(ReadOnlySpan<byte> source) => new()
    {
        MessageType = source[0],
        Flags = (FrameFlags)source[1],
        Kind = (FrameKind)source[2],
        ExchangeId = FrameHeader.ReadExchangeId(source[3..]),
        Length = (int)BinaryPrimitives.ReadUInt32LittleEndian(source[10..]),
    };

    /// <summary>Writes the 14 bytes.</summary>
    public readonly void Write(Span<byte> destination) => Write(destination, Length);

    /// <summary>Writes the 14 bytes, with another length.</summary>
    public readonly void Write(Span<byte> destination, int length)
    {
        destination = destination[..Size];
        destination[0] = MessageType;
        destination[1] = (byte)Flags;
        destination[2] = (byte)Kind;
        FrameHeader.WriteExchangeId(destination[3..], ExchangeId);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[10..], (uint)length);
    }
}
