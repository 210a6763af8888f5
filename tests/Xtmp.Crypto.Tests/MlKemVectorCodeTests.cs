namespace Xtmp.Crypto.Tests;

/// <summary>The vector code against the scalar code, coefficient by coefficient modulo q, with extreme and random inputs.</summary>
public sealed class MlKemVectorCodeTests
{
    private const int Q = MlKemField.Q;

    public static TheoryData<int> Seeds() => [.. Enumerable.Range(0, 40)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void transforms_agree(int seed)
    {
        RequireAvx2();
        short[] input = Polynomial(seed, Q - 1);
        Compare(input, MlKemNtt.Scalar.Forward, MlKemNtt.Vector.Forward, (Q + 1) / 2);
        Compare(input, MlKemNtt.Scalar.Inverse, MlKemNtt.Vector.Inverse, Q - 1);
        Compare(input, MlKemNtt.Scalar.Reduce, MlKemNtt.Vector.Reduce, (Q + 1) / 2);
        short[] prepared = new short[256];
        short[] preparedWide = new short[256];
        MlKemNtt.Scalar.Prepare(input, prepared);
        MlKemNtt.Vector.Prepare(input, preparedWide);
        Assert.Equal(prepared, preparedWide);
        short[] other = Polynomial(seed + 1000, Q - 1);
        Compare(input, f => MlKemNtt.Scalar.AddReduced(f, other), f => MlKemNtt.Vector.AddReduced(f, other), (Q + 1) / 2);
        Compare(input, f => MlKemNtt.Scalar.SubtractReduced(f, other), f => MlKemNtt.Vector.SubtractReduced(f, other), (Q + 1) / 2);
        Compare(input, f => MlKemNtt.Scalar.ToPlainAndAdd(f, other), f => MlKemNtt.Vector.ToPlainAndAdd(f, other), (Q + 1) / 2);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void dot_products_agree(int seed)
    {
        RequireAvx2();
        short[] matrix = [.. Enumerable.Range(0, 16).SelectMany(i => Polynomial((seed * 31) + i, Q - 1))];
        short[] vector = [.. Enumerable.Range(0, 4).SelectMany(i => Polynomial((seed * 37) + i, Q - 1))];
        short[] prepared = new short[1024];
        for (int i = 0; i < 1024; i += 256)
        {
            MlKemNtt.Scalar.Prepare(vector.AsSpan(i), prepared.AsSpan(i));
        }

        foreach (int stride in new[] { 256, 1024 })
        {
            short[] scalar = new short[256];
            short[] wide = new short[256];
            MlKemNtt.Scalar.DotProduct(scalar, matrix, stride, vector, prepared);
            MlKemNtt.Vector.DotProduct(wide, matrix, stride, vector, prepared);
            Assert.Equal(scalar, wide);
        }
    }

    private static void Compare(short[] input, Action<Span<short>> scalar, Action<Span<short>> wide, int bound)
    {
        short[] a = (short[])input.Clone();
        short[] b = (short[])input.Clone();
        scalar(a);
        wide(b);
        for (int i = 0; i < a.Length; i++)
        {
            Assert.True((a[i] - b[i]) % Q == 0, $"coefficient {i}: {a[i]} and {b[i]}");
            Assert.InRange(b[i], -bound, bound);
        }
    }

    // Seed 0 to 2: all extremes; then random.
    private static short[] Polynomial(int seed, int bound)
    {
        short[] f = new short[256];
        byte[] random = new byte[1024];
        new SeededEntropy((ulong)seed).Fill(random);
        for (int i = 0; i < f.Length; i++)
        {
            f[i] = seed switch
            {
                0 => (short)bound,
                1 => (short)-bound,
                2 => (short)((i & 1) == 0 ? bound : -bound),
                _ => (short)((BitConverter.ToUInt32(random, 4 * i) % ((2 * bound) + 1)) - bound),
            };
        }

        return f;
    }

    private static void RequireAvx2() =>
        Assert.SkipUnless(System.Runtime.Intrinsics.X86.Avx2.IsSupported, "This processor has no AVX2; the scalar code is what runs here.");
}
