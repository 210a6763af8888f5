using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Xtmp.Crypto.Tests;

/// <summary>The vector code of ML-DSA against the scalar code, with extreme and random inputs.</summary>
public sealed class MlDsaVectorCodeTests
{
    private const int Q = MlDsaField.Q;

    public static TheoryData<int> Seeds() => [.. Enumerable.Range(0, 40)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void transforms_agree(int seed)
    {
        Assert.SkipUnless(Avx2.IsSupported, "This processor has no AVX2; the scalar code is what runs here.");
        int[] input = Polynomial(seed, Q - 1);
        int[] other = Polynomial(seed + 100, Q - 1);
        Same(input, MlDsaNtt.Scalar.Forward, MlDsaNtt.Vector.Forward);
        Same(input, MlDsaNtt.Scalar.Inverse, MlDsaNtt.Vector.Inverse);
        Same(input, f => MlDsaNtt.Scalar.Product(f, f, other), f => MlDsaNtt.Vector.Product(f, f, other));
        int[] row = [.. Enumerable.Range(0, MlDsaField.L).SelectMany(i => Polynomial((seed * 31) + i, Q - 1))];
        int[] vector = [.. Enumerable.Range(0, MlDsaField.L).SelectMany(i => Polynomial((seed * 37) + i, (9 * Q) - 1))];
        Same(input, f => MlDsaNtt.Scalar.DotProduct(f, row, vector), f => MlDsaNtt.Vector.DotProduct(f, row, vector));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void rounding_agrees(int seed)
    {
        Assert.SkipUnless(Vector256.IsHardwareAccelerated, "This processor has no 256-bit vectors; the scalar code is what runs here.");
        int[] input = Polynomial(seed, Q - 1);
        int[] other = Polynomial(seed + 100, Q - 1);
        int[] a = new int[256];
        int[] b = new int[256];
        Same(input, f => MlDsaRounding.Scalar.AddReduced(f, other), f => MlDsaRounding.Vector.AddReduced(f, other));
        Same(input, f => MlDsaRounding.Scalar.SubtractReduced(f, other), f => MlDsaRounding.Vector.SubtractReduced(f, other));
        Same(input, MlDsaRounding.Scalar.Centre, MlDsaRounding.Vector.Centre);
        Same(input, f => MlDsaRounding.Scalar.Power2Round(f, a), f => MlDsaRounding.Vector.Power2Round(f, b));
        Assert.Equal(a, b);
        Same(input, f => MlDsaRounding.Scalar.Decompose(f, a), f => MlDsaRounding.Vector.Decompose(f, b));
        Assert.Equal(a, b);
        int[] hint = [.. Polynomial(seed + 200, 1).Select(value => value & 1)];
        Same(input, f => MlDsaRounding.Scalar.UseHint(f, hint), f => MlDsaRounding.Vector.UseHint(f, hint));
        Same(input, MlDsaRounding.Scalar.ShiftByD, MlDsaRounding.Vector.ShiftByD);
        int[] low = Polynomial(seed, MlDsaField.Gamma2 + 2);
        low[seed] = -MlDsaField.Gamma2;
        low[seed + 1] = MlDsaField.Gamma2;
        int[] high = [.. Polynomial(seed + 300, 1).Select(value => value & 1)];
        Assert.Equal(MlDsaRounding.Scalar.MakeHint(a, low, high), MlDsaRounding.Vector.MakeHint(b, low, high));
        Assert.Equal(a, b);
    }

    [Fact]
    public void the_norm_check_finds_every_place()
    {
        int[] f = new int[256];
        for (int i = 0; i < 256; i++)
        {
            foreach (int value in new[] { 99, 100, -99, -100, 6283008, -6283009 })
            {
                f[i] = value;
                Assert.Equal(Math.Abs(value) >= 100, MlDsaRounding.Scalar.ExceedsNorm(f, 100));
                Assert.Equal(Math.Abs(value) >= 100, MlDsaRounding.Vector.ExceedsNorm(f, 100));
                f[i] = 0;
            }
        }
    }

    /// <summary>FIPS 204 algorithm 36 as it is written, with its division, for every element of the field.</summary>
    [Fact]
    public void decompose_and_power2round_are_exact_for_every_element()
    {
        const int alpha = 2 * MlDsaField.Gamma2;
        for (int a = 0; a < Q; a++)
        {
            int low = a % alpha;
            low = low > MlDsaField.Gamma2 ? low - alpha : low;
            int high = (a - low) / alpha;
            if (a - low == Q - 1)
            {
                high = 0;
                low--;
            }

            int actual = MlDsaField.Decompose(a, out int actualLow);
            if (actual != high || actualLow != low)
            {
                Assert.Fail($"decompose {a}: ({actual}, {actualLow}), expected ({high}, {low})");
            }

            int t0 = a % 8192;
            t0 = t0 > 4096 ? t0 - 8192 : t0;
            if (MlDsaField.Power2Round(a, out actualLow) != (a - t0) >> 13 || actualLow != t0)
            {
                Assert.Fail($"power2round {a}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void packing_agrees_and_round_trips(int seed)
    {
        int[] z = [.. Polynomial(seed, MlDsaField.Gamma1).Select(value => Math.Max(value, -MlDsaField.Gamma1 + 1))];
        int[] nibbles = [.. Polynomial(seed, 1 << 20).Select(value => value & 15)];
        int[] t1 = [.. Polynomial(seed, 1 << 20).Select(value => value & 1023)];
        byte[] a = new byte[640];
        byte[] b = new byte[640];
        int[] back = new int[256];
        MlDsaPacking.EncodeZScalar(z, a);
        MlDsaPacking.EncodeZ(z, b);
        Assert.Equal(a, b);
        MlDsaPacking.DecodeZ(b, back);
        Assert.Equal(z, back);
        MlDsaPacking.DecodeZScalar(b, back);
        Assert.Equal(z, back);
        MlDsaPacking.EncodeW1Scalar(nibbles, a);
        MlDsaPacking.EncodeW1(nibbles, b);
        Assert.Equal(a, b);
        MlDsaPacking.EncodeT1(t1, a);
        MlDsaPacking.DecodeT1(a, back);
        Assert.Equal(t1, back);
        MlDsaPacking.DecodeT1Scalar(a, back);
        Assert.Equal(t1, back);
        int[] eta = [.. Polynomial(seed, 2)];
        MlDsaPacking.EncodeEta(eta, a);
        Assert.True(MlDsaPacking.DecodeEta(a, back));
        Assert.Equal(eta, back);
        int[] t0 = [.. Polynomial(seed, 4095)];
        MlDsaPacking.EncodeT0(t0, a.AsSpan(0, MlDsaPacking.BytesT0));
        MlDsaPacking.DecodeT0(a.AsSpan(0, MlDsaPacking.BytesT0), back);
        Assert.Equal(t0, back);
    }

    [Fact]
    public void vector_rejection_sampling_agrees_with_scalar()
    {
        Assert.SkipUnless(Avx2.IsSupported && Bmi2.X64.IsSupported, "This processor has no AVX2; the scalar code is what runs here.");
        for (int seed = 0; seed < 400; seed++)
        {
            byte[] bytes = new byte[seed % 3 == 0 ? 168 : seed % 3 == 1 ? 840 : 272];
            new SeededEntropy((ulong)seed).Fill(bytes);
            if (seed % 5 == 0)
            {
                bytes.AsSpan(seed % 40, 60).Fill(0xFF);
            }

            int filled = seed % 7 == 0 ? seed % 257 : 0;
            int[] expected = new int[256];
            int[] actual = new int[256];
            int count = MlDsaSampling.RejectNttScalar(expected, filled, bytes);
            Assert.Equal(count, MlDsaSampling.Vector.RejectNtt(actual, filled, bytes));
            Assert.True(expected.AsSpan(0, count).SequenceEqual(actual.AsSpan(0, count)), $"RejectNtt, seed {seed}");
            expected.AsSpan().Clear();
            actual.AsSpan().Clear();
            count = MlDsaSampling.RejectBoundedScalar(expected, filled, bytes);
            Assert.Equal(count, MlDsaSampling.Vector.RejectBounded(actual, filled, bytes));
            Assert.True(expected.AsSpan(0, count).SequenceEqual(actual.AsSpan(0, count)), $"RejectBounded, seed {seed}");
        }
    }

    private static void Same(int[] input, Action<Span<int>> scalar, Action<Span<int>> wide)
    {
        int[] a = (int[])input.Clone();
        int[] b = (int[])input.Clone();
        scalar(a);
        wide(b);
        Assert.Equal(a, b);
    }

    // Seed 0 to 2: all extremes; then random.
    private static int[] Polynomial(int seed, int bound)
    {
        int[] f = new int[256];
        byte[] random = new byte[1024];
        new SeededEntropy((ulong)seed).Fill(random);
        for (int i = 0; i < f.Length; i++)
        {
            f[i] = seed switch
            {
                0 => bound,
                1 => -bound,
                2 => (i & 1) == 0 ? bound : -bound,
                _ => (int)((BitConverter.ToUInt32(random, 4 * i) % ((2L * bound) + 1)) - bound),
            };
        }

        return f;
    }
}
