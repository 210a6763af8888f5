using System.Buffers.Binary;
using K4os.Compression.LZ4;
using Xtmp.Protocol;

namespace Xtmp.Session.Tests.Parts;

/// <summary>Compressed messages of a peer, hostile ones included.</summary>
public sealed class DecompressorTests
{
    private const byte Canary = 0xA5;

    [Theory]
    [InlineData(1)]
    [InlineData(1000)]
    [InlineData(300_000)]
    public void gives_back_what_was_compressed(int length)
    {
        using var decompressor = new Decompressor(1 << 20, null);
        var plain = Plain(new Random(length), length);
        ReadOnlyMemory<byte> payload = Compressed(plain);
        Assert.True(decompressor.IsAcceptable(new BatchEntry { MessageType = 0x20 }, payload.Span));
        Assert.Null(decompressor.Decompress(ref payload));
        Assert.Equal(plain, payload.ToArray());
    }

    [Fact]
    public void rejects_every_truncation_and_every_other_length()
    {
        using var decompressor = new Decompressor(1 << 20, null);
        var whole = Compressed(Plain(new Random(1), 2000));
        for (var length = sizeof(uint); length < whole.Length; length++)
        {
            Rejects(decompressor, whole.AsMemory(0, length));
        }

        foreach (var claimed in (uint[])[0, 1, 1999, 2001, 4000])
        {
            BinaryPrimitives.WriteUInt32LittleEndian(whole, claimed);
            Rejects(decompressor, whole);
        }
    }

    [Fact]
    public void no_block_writes_outside_its_destination()
    {
        const int Seed = 7;
        var random = new Random(Seed);
        var arena = new byte[3000];
        for (var round = 0; round < 2000; round++)
        {
            var plain = Plain(random, random.Next(1, 700));
            var block = Compressed(plain)[sizeof(uint)..];
            for (var change = 0; change < 50; change++)
            {
                var input = (byte[])block.Clone();
                for (var bytes = random.Next(1, 5); bytes > 0; bytes--)
                {
                    input[random.Next(input.Length)] = (byte)random.Next(256);
                }

                var length = random.Next(3) == 0 ? random.Next(800) : plain.Length;
                arena.AsSpan().Fill(Canary);
                LZ4Codec.Decode(input.AsSpan(0, random.Next(4) == 0 ? random.Next(input.Length) : input.Length), arena.AsSpan(1000, length));
                Assert.False(
                    arena.AsSpan(0, 1000).ContainsAnyExcept(Canary) || arena.AsSpan(1000 + length).ContainsAnyExcept(Canary),
                    $"seed {Seed}, round {round}, change {change}");
            }
        }
    }

    private static void Rejects(Decompressor decompressor, ReadOnlyMemory<byte> payload) =>
        Assert.Equal(SessionCloseReason.MalformedPayload, decompressor.Decompress(ref payload)!.Reason);

    private static byte[] Compressed(byte[] plain)
    {
        var block = new byte[LZ4Codec.MaximumOutputSize(plain.Length)];
        block = block[..LZ4Codec.Encode(plain, block)];
        var payload = new byte[sizeof(uint) + block.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(payload, (uint)plain.Length);
        block.CopyTo(payload, sizeof(uint));
        return payload;
    }

    private static byte[] Plain(Random random, int length)
    {
        var plain = new byte[length];
        for (var i = 0; i < length; i++)
        {
            plain[i] = (byte)(i / 50 % 2 == 0 ? random.Next(256) : i % 5);
        }

        return plain;
    }
}
