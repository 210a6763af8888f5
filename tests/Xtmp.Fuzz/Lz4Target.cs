using System.Buffers.Binary;
using System.Text;
using K4os.Compression.LZ4;
using Xtmp.Session;

namespace Xtmp.Fuzz;

/// <summary>Compressed messages as they come: the length that is claimed, of which 16 bits count here, and an LZ4 block. What is compressed here decompresses to itself.</summary>
internal static class Lz4Target
{
    private const int LengthSize = sizeof(uint);

    [ThreadStatic]
    private static byte[]? _block;

    [ThreadStatic]
    private static byte[]? _payload;

    public static IEnumerable<byte[]> Seeds()
    {
        foreach (var text in new[] { "", "a", new string('a', 300), string.Concat(Enumerable.Range(0, 90).Select(i => $"item {i % 7} ")) })
        {
            var source = Encoding.UTF8.GetBytes(text);
            var block = new byte[LZ4Codec.MaximumOutputSize(source.Length)];
            var length = LZ4Codec.Encode(source, block);
            yield return [(byte)source.Length, (byte)(source.Length >> 8), 0, 0, .. block.AsSpan(0, length)];
        }
    }

    public static void Run(ReadOnlySpan<byte> input)
    {
        if (input.Length < LengthSize)
        {
            return;
        }

        var payload = _payload ??= new byte[Mutator.MaxLength];
        input.CopyTo(payload);
        payload[2] = payload[3] = 0;
        var claimed = BinaryPrimitives.ReadUInt16LittleEndian(input);
        using var decompressor = new Decompressor(ushort.MaxValue, bounds: null);
        ReadOnlyMemory<byte> message = payload.AsMemory(0, input.Length);
        if (decompressor.Decompress(ref message) is null)
        {
            Find.Unless(message.Length == claimed, "A message is as long as it claims.");
        }

        if ((claimed & 15) == 0)
        {
            var block = _block ??= new byte[LengthSize + LZ4Codec.MaximumOutputSize(Mutator.MaxLength)];
            BinaryPrimitives.WriteInt32LittleEndian(block, input.Length);
            var length = LZ4Codec.Encode(input, block.AsSpan(LengthSize));
            ReadOnlyMemory<byte> again = block.AsMemory(0, LengthSize + Math.Max(0, length));
            Find.Unless(length >= 0 && decompressor.Decompress(ref again) is null && input.SequenceEqual(again.Span), "What was compressed decompresses to itself.");
        }
    }
}
