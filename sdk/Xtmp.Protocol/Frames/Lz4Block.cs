using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;

namespace Xtmp.Protocol;

/// <summary>
/// The LZ4 block format (https://github.com/lz4/lz4, doc/lz4_Block_format.md): sequences of literals and matches, with
/// the end-of-block rules. Decoding is bounded by the destination and reads nothing outside its input.
/// </summary>
public static class Lz4Block
{
    private const int MinMatch = 4;
    private const int MaxDistance = 65_535;

    /// <summary>The last match starts at least this many bytes before the end.</summary>
    private const int MatchStartLimit = 12;

    /// <summary>The last bytes are always literals.</summary>
    private const int LastLiterals = 5;
    private const int HashBits = 12;

    /// <summary>Greatest size of a block of <paramref name="length"/> bytes that do not compress.</summary>
    public static int MaxCompressedLength(int length) => checked(length + (length / 255) + 16);

    /// <summary>
    /// Compresses all of <paramref name="source"/> into <paramref name="destination"/>.
    /// </summary>
    /// <returns>The block's length, or -1 when it does not fit.</returns>
    public static int Compress(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        var table = ArrayPool<int>.Shared.Rent(1 << HashBits);
        table.AsSpan(0, 1 << HashBits).Clear();
        try
        {
            return Compress(source, destination, table);
        }
        finally
        {
            ArrayPool<int>.Shared.Return(table);
        }
    }

    /// <summary>Decompresses a whole block.</summary>
    /// <param name="source">The block, exactly.</param>
    /// <param name="destination">Exactly as long as the result.</param>
    /// <returns>False unless the block is well-formed and fills the destination exactly.</returns>
    public static bool TryDecompress(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        var read = 0;
        var written = 0;
        while (read < source.Length)
        {
            int token = source[read++];
            var literals = token >> 4;
            if ((literals == 15 && !TryReadLength(source, ref read, ref literals))
                || literals > source.Length - read
                || literals > destination.Length - written)
            {
                return false;
            }

            source.Slice(read, literals).CopyTo(destination[written..]);
            read += literals;
            written += literals;
            if (read == source.Length)
            {
                // The last sequence is literals only, and its match field is not used.
                return written == destination.Length && (token & 15) == 0;
            }

            if (source.Length - read < 2)
            {
                return false;
            }

            int distance = BinaryPrimitives.ReadUInt16LittleEndian(source[read..]);
            read += 2;
            var length = token & 15;
            if ((length == 15 && !TryReadLength(source, ref read, ref length))
                || distance == 0 || distance > written
                || length > destination.Length - written - MinMatch)
            {
                return false;
            }

            CopyMatch(destination, written, distance, length + MinMatch);
            written += length + MinMatch;
        }

        return false;
    }

    private static int Compress(ReadOnlySpan<byte> source, Span<byte> destination, Span<int> table)
    {
        var written = 0;
        var anchor = 0;
        var position = 0;
        var limit = source.Length - MatchStartLimit;
        while (position < limit)
        {
            var value = BinaryPrimitives.ReadUInt32LittleEndian(source[position..]);
            ref var slot = ref table[(int)((value * 2_654_435_761u) >> (32 - HashBits))];

            // Positions are stored plus one, so that a cleared table means "none".
            var candidate = slot - 1;
            slot = position + 1;
            if (candidate < 0 || position - candidate > MaxDistance
                || BinaryPrimitives.ReadUInt32LittleEndian(source[candidate..]) != value)
            {
                // Data that does not compress is passed over in growing steps.
                position += 1 + ((position - anchor) >> 6);
                continue;
            }

            while (position > anchor && candidate > 0 && source[position - 1] == source[candidate - 1])
            {
                position--;
                candidate--;
            }

            var length = MinMatch + CommonLength(
                source[(candidate + MinMatch)..], source[(position + MinMatch)..(source.Length - LastLiterals)]);
            if (!TryWriteSequence(source[anchor..position], position - candidate, length, destination, ref written))
            {
                return -1;
            }

            position += length;
            anchor = position;
        }

        return TryWriteSequence(source[anchor..], 0, 0, destination, ref written) ? written : -1;
    }

    private static bool TryWriteSequence(ReadOnlySpan<byte> literals, int distance, int length, Span<byte> destination, ref int written)
    {
        var most = 1 + literals.Length + (literals.Length / 255) + 1 + 2 + (length / 255) + 1;
        if (destination.Length - written < most)
        {
            return false;
        }

        var extra = length - MinMatch;
        var token = Math.Min(literals.Length, 15) << 4;
        destination[written++] = (byte)(distance == 0 ? token : token | Math.Min(extra, 15));
        WriteLength(literals.Length, destination, ref written);
        literals.CopyTo(destination[written..]);
        written += literals.Length;
        if (distance != 0)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(destination[written..], (ushort)distance);
            written += 2;
            WriteLength(extra, destination, ref written);
        }

        return true;
    }

    private static void WriteLength(int length, Span<byte> destination, ref int written)
    {
        if (length < 15)
        {
            return;
        }

        for (length -= 15; length >= 255; length -= 255)
        {
            destination[written++] = 255;
        }

        destination[written++] = (byte)length;
    }

    private static bool TryReadLength(ReadOnlySpan<byte> source, ref int read, ref int length)
    {
        byte more;
        do
        {
            if (read >= source.Length)
            {
                return false;
            }

            more = source[read++];

            // 255 per input byte and inputs under 2^31 / 255 bytes keep this within an int; longer ones are refused here.
            if (length > int.MaxValue - 512)
            {
                return false;
            }

            length += more;
        }
        while (more == 255);
        return true;
    }

    private static void CopyMatch(Span<byte> destination, int written, int distance, int length)
    {
        if (distance >= length)
        {
            destination.Slice(written - distance, length).CopyTo(destination[written..]);
            return;
        }

        if (distance == 1)
        {
            destination.Slice(written, length).Fill(destination[written - 1]);
            return;
        }

        // An overlapping match repeats its period; each round copies all that is there, doubling it.
        var start = written - distance;
        var available = distance;
        while (length > 0)
        {
            var take = Math.Min(available, length);
            destination.Slice(start, take).CopyTo(destination[written..]);
            written += take;
            length -= take;
            available += take;
        }
    }

    private static int CommonLength(ReadOnlySpan<byte> earlier, ReadOnlySpan<byte> later)
    {
        var length = 0;
        while (later.Length - length >= 8)
        {
            var difference = BinaryPrimitives.ReadUInt64LittleEndian(earlier[length..]) ^ BinaryPrimitives.ReadUInt64LittleEndian(later[length..]);
            if (difference != 0)
            {
                return length + (BitOperations.TrailingZeroCount(difference) >> 3);
            }

            length += 8;
        }

        while (length < later.Length && earlier[length] == later[length])
        {
            length++;
        }

        return length;
    }
}
