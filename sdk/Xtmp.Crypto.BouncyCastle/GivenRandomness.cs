using Org.BouncyCastle.Crypto.Prng;

namespace Xtmp.Crypto.BouncyCastle;

/// <summary>Hands BouncyCastle the bytes its caller was given, once.</summary>
internal sealed class GivenRandomness(ReadOnlySpan<byte> randomness) : IRandomGenerator
{
    private readonly byte[] _bytes = randomness.ToArray();
    private int _taken;

    public void NextBytes(Span<byte> bytes)
    {
        if (bytes.Length > _bytes.Length - _taken)
        {
            throw new InvalidOperationException($"BouncyCastle asked for more than the {_bytes.Length} random bytes of this operation.");
        }

        _bytes.AsSpan(_taken, bytes.Length).CopyTo(bytes);
        _taken += bytes.Length;
    }

    public void NextBytes(byte[] bytes) => NextBytes(bytes.AsSpan());

    public void NextBytes(byte[] bytes, int start, int len) => NextBytes(bytes.AsSpan(start, len));

    public void AddSeedMaterial(byte[] seed)
    {
    }

    public void AddSeedMaterial(ReadOnlySpan<byte> seed)
    {
    }

    public void AddSeedMaterial(long seed)
    {
    }
}
