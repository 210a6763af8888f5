using System.Buffers.Binary;

namespace Xtmp.Crypto;

/// <summary>
/// A reproducible stream of bytes: SHAKE256 of a label and the seed. For tests, simulations and worked examples only;
/// whoever knows the seed knows every key made from it. Safe for concurrent use, though the order of calls then varies.
/// </summary>
[SecretHandling]
public sealed class SeededEntropy : IEntropy
{
    private readonly Lock _gate = new();
    private KeccakSponge _sponge = KeccakSponge.Shake256();

    /// <param name="seed">Any length; equal seeds give equal streams.</param>
    public SeededEntropy(ReadOnlySpan<byte> seed)
    {
        _sponge.Absorb("XTMP1 seeded entropy"u8);
        _sponge.Absorb(seed);
    }

    /// <param name="seed">Used as 8 bytes, little-endian.</param>
    public SeededEntropy(ulong seed)
        : this(Bytes(seed, stackalloc byte[sizeof(ulong)]))
    {
    }

    /// <inheritdoc/>
    public void Fill(Span<byte> destination)
    {
        lock (_gate)
        {
            _sponge.Squeeze(destination);
        }
    }

    private static ReadOnlySpan<byte> Bytes(ulong seed, Span<byte> buffer)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(buffer, seed);
        return buffer;
    }
}
