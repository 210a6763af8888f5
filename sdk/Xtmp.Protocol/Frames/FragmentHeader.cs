using System.Buffers.Binary;

namespace Xtmp.Protocol;

/// <summary>The 12 bytes before each part of a fragmented message: <c>u32 message_no ‖ u32 total ‖ u32 offset</c> (SPEC §1, payload rule 1).</summary>
public readonly record struct FragmentHeader(uint MessageNumber, uint Total, uint Offset)
{
    public const int Size = 12;

    /// <summary>Reads the header; false when it is cut off.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out FragmentHeader header)
    {
        if (source.Length < Size)
        {
            header = default;
            return false;
        }

        header = new(
            BinaryPrimitives.ReadUInt32LittleEndian(source),
            BinaryPrimitives.ReadUInt32LittleEndian(source[4..]),
            BinaryPrimitives.ReadUInt32LittleEndian(source[8..]));
        return true;
    }

    /// <summary>Writes the 12 bytes.</summary>
    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(destination, MessageNumber);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[4..], Total);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[8..], Offset);
    }
}
