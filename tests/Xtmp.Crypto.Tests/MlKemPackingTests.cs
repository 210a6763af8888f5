using System.Runtime.Intrinsics.X86;

namespace Xtmp.Crypto.Tests;

/// <summary>Compression against its definition for every coefficient, and vector packing and sampling against scalar.</summary>
public sealed class MlKemPackingTests
{
    private const int Q = MlKemField.Q;

    [Fact]
    public void compression_is_exact_for_every_coefficient()
    {
        for (int x = 0; x < Q; x++)
        {
            Assert.Equal(Rounded(x, 11), MlKemField.Compress11(x));
            Assert.Equal(Rounded(x, 5), MlKemField.Compress5(x));
            Assert.Equal(Rounded(x, 1), MlKemField.Compress1(x));
        }

        static int Rounded(int x, int bits) => (((x << bits) * 2) + Q) / (2 * Q) % (1 << bits);
    }

    [Fact]
    public void decompression_is_exact_for_every_value()
    {
        foreach (int bits in new[] { 1, 5, 11 })
        {
            for (int y = 0; y < 1 << bits; y++)
            {
                Assert.Equal(((y * Q * 2) + (1 << bits)) / (2 << bits), MlKemField.Decompress(y, bits));
            }
        }
    }

    [Fact]
    public void vector_packing_agrees_with_scalar_for_every_coefficient()
    {
        Assert.SkipUnless(Avx2.IsSupported && Bmi2.X64.IsSupported, "This processor has no AVX2; the scalar code is what runs here.");
        for (int first = -(Q - 1); first < Q; first += 200)
        {
            short[] f = [.. Enumerable.Range(0, 256).Select(i => (short)Math.Min(Q - 1, first + i))];
            Same<short>(f, MlKemPacking.Bytes12, MlKemPacking.Scalar.Encode12, MlKemPacking.Vector.Encode12);
            Same<short>(f, MlKemPacking.Bytes11, MlKemPacking.Scalar.CompressEncode11, MlKemPacking.Vector.CompressEncode11);
            Same<short>(f, MlKemPacking.Bytes5, MlKemPacking.Scalar.CompressEncode5, MlKemPacking.Vector.CompressEncode5);
            Same<short>(f, 32, MlKemPacking.Scalar.EncodeMessage, MlKemPacking.Vector.EncodeMessage);
        }

        for (int seed = 0; seed < 50; seed++)
        {
            byte[] bytes = new byte[384];
            new SeededEntropy((ulong)seed).Fill(bytes);
            Same<byte>(bytes, 256, (b, f) => MlKemPacking.Scalar.Decode12(b, f), (b, f) => MlKemPacking.Vector.Decode12(b, f));
            Same<byte>(bytes, 256, MlKemPacking.Scalar.DecodeDecompress11, MlKemPacking.Vector.DecodeDecompress11);
            Same<byte>(bytes, 256, MlKemPacking.Scalar.DecodeDecompress5, MlKemPacking.Vector.DecodeDecompress5);
            Same<byte>(bytes, 256, MlKemPacking.Scalar.DecodeMessage, MlKemPacking.Vector.DecodeMessage);
            Same<byte>(bytes, 256, MlKemSampling.SampleCbdScalar, MlKemSampling.Vector.SampleCbdAvx2);
        }
    }

    [Fact]
    public void the_modulus_check_finds_every_place()
    {
        byte[] bytes = new byte[MlKemPacking.Bytes12];
        short[] f = new short[256];
        for (int i = 0; i < 256; i++)
        {
            foreach ((int value, bool valid) in new[] { (Q - 1, true), (Q, false), (4095, false) })
            {
                bytes.AsSpan().Clear();
                int at = i / 2 * 3;
                int word = value << (12 * (i % 2));
                bytes[at] = (byte)word;
                bytes[at + 1] = (byte)(word >> 8);
                bytes[at + 2] = (byte)(word >> 16);
                Assert.Equal(valid, MlKemPacking.Scalar.Decode12(bytes, f));
                Assert.Equal(value, f[i]);
                Assert.Equal(valid, MlKemPacking.Decode12(bytes, f));
                Assert.Equal(value, f[i]);
            }
        }
    }

    /// <summary>From lucky bytes, from unlucky ones, and with any number of coefficients already there.</summary>
    [Fact]
    public void vector_rejection_sampling_agrees_with_scalar()
    {
        Assert.SkipUnless(Avx2.IsSupported && Bmi2.X64.IsSupported, "This processor has no AVX2; the scalar code is what runs here.");
        for (int seed = 0; seed < 300; seed++)
        {
            byte[] bytes = new byte[seed % 3 == 0 ? 168 : 504];
            new SeededEntropy((ulong)seed).Fill(bytes);
            if (seed % 5 == 0)
            {
                bytes.AsSpan(0, 100).Fill(0xFF);
            }

            int filled = seed % 7 == 0 ? seed % 257 : 0;
            short[] expected = new short[256];
            int count = MlKemSampling.SampleNttScalar(expected, filled, bytes);
            short[] actual = new short[256];
            Assert.Equal(count, MlKemSampling.Vector.SampleNttAvx2(actual, filled, bytes));
            Assert.True(expected.AsSpan(0, count).SequenceEqual(actual.AsSpan(0, count)), $"AVX2, seed {seed}");
            if (Avx512Vbmi2.IsSupported)
            {
                actual.AsSpan().Clear();
                Assert.Equal(count, MlKemSampling.Vector.SampleNttVbmi2(actual, filled, bytes));
                Assert.True(expected.AsSpan(0, count).SequenceEqual(actual.AsSpan(0, count)), $"VBMI2, seed {seed}");
            }
        }
    }

    private static void Same<T>(T[] input, int length, Action<ReadOnlySpan<T>, Span<byte>> scalar, Action<ReadOnlySpan<T>, Span<byte>> wide)
    {
        byte[] a = new byte[length];
        byte[] b = new byte[length];
        scalar(input, a);
        wide(input, b);
        Assert.Equal(a, b);
    }

    private static void Same<T>(T[] input, int length, Action<ReadOnlySpan<T>, Span<short>> scalar, Action<ReadOnlySpan<T>, Span<short>> wide)
    {
        short[] a = new short[length];
        short[] b = new short[length];
        scalar(input, a);
        wide(input, b);
        Assert.Equal(a, b);
    }
}
