using System.Text;
using System.Text.Json;

namespace Xtmp.Crypto.Tests;

/// <summary>BLAKE3's official vectors in all three modes, in one piece, in many, and by each vector width.</summary>
public sealed class Blake3Tests
{
    [Fact]
    public void agrees_with_the_official_vectors()
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(SharedVectors.Require("blake3_test_vectors.json")));
        byte[] key = Encoding.ASCII.GetBytes(document.RootElement.GetProperty("key").GetString()!);
        string context = document.RootElement.GetProperty("context_string").GetString()!;
        int cases = 0;
        foreach (JsonElement test in document.RootElement.GetProperty("cases").EnumerateArray())
        {
            byte[] input = Pattern(test.GetProperty("input_len").GetInt32());
            Check(test.GetProperty("hash"), input, Blake3.Create(), output => Blake3.Hash(input, output));
            Check(test.GetProperty("keyed_hash"), input, Blake3.CreateKeyed(key), output => Blake3.KeyedHash(key, input, output));
            Check(test.GetProperty("derive_key"), input, Blake3.CreateDeriveKey(context), output => Blake3.DeriveKey(Encoding.UTF8.GetBytes(context), input, output));
            cases++;
        }

        Assert.True(cases > 30);
    }

    /// <summary>The vectors reach 100 KiB; the empty hash is written out so that something is checked without them.</summary>
    [Fact]
    public void hashes_the_empty_input()
    {
        byte[] hash = new byte[32];
        Blake3.Hash([], hash);
        Assert.Equal("af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262", Convert.ToHexStringLower(hash));
    }

    [Theory]
    [InlineData(8)]
    [InlineData(16)]
    public void wide_chunks_agree_with_single_ones(int width)
    {
        byte[] data = Pattern(width * 1024);
        uint[] wide = new uint[8 * width];
        uint[] narrow = new uint[8 * width];
        uint[] key = [.. Blake3Compression.InitialValue];
        ulong counter = uint.MaxValue - 3UL;
        if (width == 8)
        {
            Blake3Chunks.HashWide<System.Runtime.Intrinsics.Vector256<uint>, OctoWord>(data, 8, counter, key, Blake3Flags.KeyedHash, wide);
        }
        else
        {
            Blake3Chunks.HashWide<System.Runtime.Intrinsics.Vector512<uint>, HexadecaWord>(data, 16, counter, key, Blake3Flags.KeyedHash, wide);
        }

        for (int i = 0; i < width; i++)
        {
            Blake3Chunks.HashWide<uint, ScalarWord>(data.AsSpan(i * 1024), 1, counter + (uint)i, key, Blake3Flags.KeyedHash, narrow.AsSpan(i * 8));
        }

        Assert.Equal(narrow, wide);
    }

    [Fact]
    public void output_can_be_read_from_any_offset()
    {
        using Blake3 hash = Blake3.Create();
        hash.Append(Pattern(3000));
        byte[] whole = new byte[500];
        byte[] part = new byte[77];
        hash.GetOutput(whole);
        for (int offset = 0; offset <= whole.Length - part.Length; offset++)
        {
            hash.GetOutput(part, (ulong)offset);
            Assert.True(whole.AsSpan(offset, part.Length).SequenceEqual(part), $"offset {offset}");
        }
    }

    private static void Check(JsonElement expected, byte[] input, Blake3 incremental, Action<byte[]> oneShot)
    {
        string hex = expected.GetString()!;
        byte[] output = new byte[hex.Length / 2];
        oneShot(output);
        Assert.Equal(hex, Convert.ToHexStringLower(output));
        using (incremental)
        {
            foreach (int step in new[] { 1, 63, 64, 65, 1023, 1025, 9000 })
            {
                incremental.Reset();
                for (int i = 0; i < input.Length; i += step)
                {
                    incremental.Append(input.AsSpan(i, Math.Min(step, input.Length - i)));
                }

                output.AsSpan().Clear();
                incremental.GetOutput(output);
                Assert.Equal(hex, Convert.ToHexStringLower(output));
            }
        }
    }

    private static byte[] Pattern(int length)
    {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++)
        {
            bytes[i] = (byte)(i % 251);
        }

        return bytes;
    }
}
