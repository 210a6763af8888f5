using System.Buffers.Binary;
using Xtmp.Protocol;

namespace Xtmp.Fuzz;

/// <summary>LZ4 blocks: the first two bytes say what length is claimed. What is compressed here decompresses to itself.</summary>
internal static class Lz4Target
{
    [ThreadStatic]
    private static byte[]? _output;

    [ThreadStatic]
    private static byte[]? _block;

    public static IEnumerable<byte[]> Seeds()
    {
        foreach (var text in new[] { "", "a", new string('a', 300), string.Concat(Enumerable.Range(0, 90).Select(i => $"item {i % 7} ")) })
        {
            var source = System.Text.Encoding.UTF8.GetBytes(text);
            var block = new byte[Lz4Block.MaxCompressedLength(source.Length)];
            var length = Lz4Block.Compress(source, block);
            yield return [(byte)source.Length, (byte)(source.Length >> 8), .. block.AsSpan(0, length)];
        }
    }

    public static void Run(ReadOnlySpan<byte> input)
    {
        if (input.Length < 2)
        {
            return;
        }

        var output = _output ??= new byte[ushort.MaxValue];
        var claimed = BinaryPrimitives.ReadUInt16LittleEndian(input);
        Lz4Block.TryDecompress(input[2..], output.AsSpan(0, claimed));
        if ((claimed & 15) == 0)
        {
            var block = _block ??= new byte[Lz4Block.MaxCompressedLength(Mutator.MaxLength)];
            var length = Lz4Block.Compress(input, block);
            Find.Unless(length >= 0 && Lz4Block.TryDecompress(block.AsSpan(0, length), output.AsSpan(0, input.Length)) && input.SequenceEqual(output.AsSpan(0, input.Length)), "What was compressed decompresses to itself.");
        }
    }
}
