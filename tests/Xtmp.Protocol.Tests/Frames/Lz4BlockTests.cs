using System.Runtime.InteropServices;

namespace Xtmp.Protocol.Tests.Frames;

public sealed partial class Lz4BlockTests
{
    public static TheoryData<string, int> Inputs()
    {
        var data = new TheoryData<string, int>();
        foreach (var kind in new[] { "zero", "random", "text", "period3", "mixed" })
        {
            foreach (var size in new[] { 0, 1, 4, 5, 11, 12, 13, 14, 20, 64, 255, 256, 270, 271, 1000, 4096, 65_535, 65_536, 70_000, 300_000 })
            {
                data.Add(kind, size);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Inputs))]
    public void round_trips(string kind, int size)
    {
        var source = Make(kind, size);
        var block = Compress(source);
        var result = new byte[size];
        Assert.True(Lz4Block.TryDecompress(block, result));
        Assert.Equal(source, result);
        if (size > 0)
        {
            Assert.False(Lz4Block.TryDecompress(block, new byte[size - 1]));
        }

        Assert.False(Lz4Block.TryDecompress(block, new byte[size + 1]));
    }

    [Theory]
    [MemberData(nameof(Inputs))]
    public void liblz4_reads_ours_and_we_read_liblz4s(string kind, int size)
    {
        if (!NativeLibrary.TryLoad("liblz4.so.1", out _))
        {
            Assert.Skip("liblz4.so.1 is not on this machine; Debian's package liblz4-1 has it.");
        }

        var source = Make(kind, size);
        var ours = Compress(source);
        var result = new byte[Math.Max(1, size)];
        Assert.Equal(size, LZ4_decompress_safe(ours, result, ours.Length, size));
        Assert.Equal(source, result[..size]);
        var theirs = new byte[Lz4Block.MaxCompressedLength(size)];
        var length = LZ4_compress_default(source, theirs, size, theirs.Length);
        var back = new byte[size];
        Assert.True(Lz4Block.TryDecompress(theirs.AsSpan(0, length), back));
        Assert.Equal(source, back);
    }

    [Fact]
    public void rejects_every_truncation()
    {
        var source = Make("text", 2000);
        var block = Compress(source);
        for (var length = 0; length < block.Length; length++)
        {
            Assert.False(Lz4Block.TryDecompress(block.AsSpan(0, length), new byte[source.Length]));
        }
    }

    [Fact]
    public void survives_every_flipped_bit_and_random_blocks()
    {
        var source = Make("mixed", 600);
        var block = Compress(source);
        var result = new byte[source.Length];
        for (var bit = 0; bit < 8 * block.Length; bit++)
        {
            block[bit / 8] ^= (byte)(1 << (bit % 8));
            Lz4Block.TryDecompress(block, result);
            block[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        var random = new Random(3);
        for (var i = 0; i < 20_000; i++)
        {
            var junk = new byte[random.Next(0, 60)];
            random.NextBytes(junk);
            Lz4Block.TryDecompress(junk, result.AsSpan(0, random.Next(result.Length)));
        }
    }

    [Fact]
    public void liblz4_and_ours_accept_the_same_random_blocks()
    {
        if (!NativeLibrary.TryLoad("liblz4.so.1", out _))
        {
            Assert.Skip("liblz4.so.1 is not on this machine; Debian's package liblz4-1 has it.");
        }

        // Ours is the stricter where the format leaves a decoder its choice, so what it accepts liblz4 must accept too.
        var random = new Random(4);
        var accepted = 0;
        for (var i = 0; i < 50_000; i++)
        {
            var junk = new byte[random.Next(1, 24)];
            random.NextBytes(junk);
            junk[0] &= 0x71;
            for (var size = 0; size < 40; size++)
            {
                var ours = new byte[size];
                if (Lz4Block.TryDecompress(junk, ours))
                {
                    accepted++;
                    var theirs = new byte[size + 1];
                    var length = LZ4_decompress_safe(junk, theirs, junk.Length, size);
                    if (length == size)
                    {
                        Assert.Equal(ours, theirs[..size]);
                    }
                }
            }
        }

        Assert.True(accepted > 100, $"only {accepted} blocks were accepted");
    }

    [Fact]
    public void rejects_a_distance_of_zero_and_one_before_the_start()
    {
        // One literal, then a match of 4 at the given distance, then five literals.
        byte[] Block(byte distance) => [0x10, 1, distance, 0, 0x50, 2, 3, 4, 5, 6];
        var result = new byte[10];
        Assert.True(Lz4Block.TryDecompress(Block(1), result));
        Assert.Equal([1, 1, 1, 1, 1, 2, 3, 4, 5, 6], result);
        Assert.False(Lz4Block.TryDecompress(Block(0), result));
        Assert.False(Lz4Block.TryDecompress(Block(2), result));
    }

    [Fact]
    public void a_length_that_runs_over_is_refused_not_wrapped()
    {
        var block = new byte[100_000];
        block.AsSpan().Fill(255);
        Assert.False(Lz4Block.TryDecompress(block, new byte[100]));
    }

    [Fact]
    public void says_when_a_block_does_not_fit()
    {
        var source = Make("random", 1000);
        Assert.Equal(-1, Lz4Block.Compress(source, new byte[900]));
    }

    private static byte[] Compress(byte[] source)
    {
        var block = new byte[Lz4Block.MaxCompressedLength(source.Length)];
        var length = Lz4Block.Compress(source, block);
        Assert.True(length > 0);
        return block[..length];
    }

    private static byte[] Make(string kind, int size)
    {
        var data = new byte[size];
        var random = new Random(size);
        switch (kind)
        {
            case "random":
                random.NextBytes(data);
                break;
            case "text":
                for (var i = 0; i < size; i++)
                {
                    data[i] = (byte)"one bundle is confirmed and one bundle is not; "[(i + (i / 700)) % 47];
                }

                break;
            case "period3":
                for (var i = 0; i < size; i++)
                {
                    data[i] = (byte)(i % 3);
                }

                break;
            case "mixed":
                for (var i = 0; i < size; i++)
                {
                    data[i] = (byte)(i / 50 % 2 == 0 ? random.Next(256) : i % 5);
                }

                break;
        }

        return data;
    }

    [LibraryImport("liblz4.so.1")]
    private static partial int LZ4_compress_default(byte[] source, byte[] destination, int sourceSize, int capacity);

    [LibraryImport("liblz4.so.1")]
    private static partial int LZ4_decompress_safe(byte[] source, byte[] destination, int compressedSize, int capacity);
}
