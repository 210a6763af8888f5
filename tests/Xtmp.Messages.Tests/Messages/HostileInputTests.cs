using System.Diagnostics;
using Xtmp.Protocol;

namespace Xtmp.Messages.Tests;

/// <summary>
/// Random and mutated inputs: never an exception, never more memory than a bound, and whatever is accepted was the one
/// canonical encoding of what came out.
/// </summary>
public sealed class HostileInputTests
{
    /// <summary>Inputs over all types together.</summary>
    private const int Inputs = 1_000_000;

    /// <summary>
    /// Most bytes a decode may allocate: a constant for the error and its path, and for each byte of input the largest
    /// object one byte stands for, a struct whose fields are all absent, with its place in a list.
    /// </summary>
    private const int AllocatedConstant = 4096;

    private const int AllocatedPerByte = 256;

    private static readonly byte[] Interesting =
        [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xc4, 0xc5, 0xc6, 0xc7, 0xca, 0xcb, 0xcc, 0xcd, 0xce, 0xcf, 0xd0, 0xd3, 0xd9, 0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0xe0, 0xff];

    [Fact]
    public void Survives_a_million_inputs()
    {
        var types = GeneratedType.All.Values.ToArray();
        int each = (Inputs + types.Length - 1) / types.Length;
        int total = 0;
        int accepted = 0;
        foreach (var type in types)
        {
            for (int seed = 0; seed * 100 < each; seed++)
            {
                var values = type.Values(100_000 + seed);
                var original = type.Sample(values);
                for (int i = 0; i < 100; i++, total++)
                {
                    var input = i == 0 ? original : i % 10 == 0 ? Rubbish(values.Random) : Mutate(original, values.Random);
                    accepted += Check(type, input, seed, i) ? 1 : 0;
                }
            }
        }

        Assert.True(total >= Inputs);
        Assert.InRange(accepted, total / 100, total - (total / 100));
    }

    private static bool Check(GeneratedType type, byte[] input, int seed, int index)
    {
        try
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            long started = Stopwatch.GetTimestamp();
            var status = type.Decode(input, DecodeLimits.Untrusted, out var value, out int consumed, out var error);
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated <= AllocatedConstant + ((long)input.Length * AllocatedPerByte), $"{allocated} bytes allocated for {input.Length}");
            Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(20), "hangs");
            if (status != DecodeStatus.Ok)
            {
                Assert.Null(value);
                Assert.Equal(status, error.Status);
                Assert.InRange(error.Offset, 0, input.Length);
                return false;
            }

            Assert.Equal(Convert.ToHexString(input.AsSpan(0, consumed)), Convert.ToHexString(value!.ToBytes()));
            Assert.True(value!.TryValidate(out var invalid), invalid.ToString());
            return true;
        }
        catch (Exception error)
        {
            throw new Xunit.Sdk.XunitException($"{type}, seed {seed}, input {index}, {Convert.ToHexString(input)}: {error}");
        }
    }

    private static byte[] Rubbish(Random random)
    {
        var bytes = new byte[random.Next(64)];
        random.NextBytes(bytes);
        if (bytes.Length > 0 && random.Next(2) == 0)
        {
            bytes[0] = (byte)(0x90 + random.Next(16));
        }

        return bytes;
    }

    private static byte[] Mutate(byte[] original, Random random)
    {
        var bytes = original.ToList();
        for (int changes = 1 + random.Next(3); changes > 0; changes--)
        {
            int at = random.Next(bytes.Count + 1);
            switch (random.Next(5))
            {
                case 0 when at < bytes.Count:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1 when at < bytes.Count:
                    bytes[at] = Interesting[random.Next(Interesting.Length)];
                    break;
                case 2:
                    bytes.Insert(at, Interesting[random.Next(Interesting.Length)]);
                    break;
                case 3 when at < bytes.Count:
                    bytes.RemoveRange(at, Math.Min(bytes.Count - at, 1 + random.Next(4)));
                    break;
                case 4 when at < bytes.Count:
                    int end = Math.Min(bytes.Count, at + 1 + random.Next(16));
                    bytes.InsertRange(at, bytes.GetRange(at, end - at));
                    break;
            }
        }

        return [.. bytes];
    }
}
