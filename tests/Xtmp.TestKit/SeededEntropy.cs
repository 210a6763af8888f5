using System.Buffers.Binary;
using Xtmp.Crypto;

namespace Xtmp.TestKit;

/// <summary>
/// A reproducible stream of bytes: SHAKE256 of a label and the seed. For tests, simulations and worked examples only;
/// whoever knows the seed knows every key made from it. Safe for concurrent use, though the order of calls then varies.
/// </summary>
public sealed class SeededEntropy : IEntropy
{
    private readonly Lock _gate = new();
    private readonly Shake256 _shake = new();

    /// <param name="seed">Any length; equal seeds give equal streams.</param>
    public SeededEntropy(ReadOnlySpan<byte> seed)
    {
        _shake.Absorb("XTMP1 seeded entropy"u8);
        _shake.Absorb(seed);
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
            _shake.Squeeze(destination);
        }
    }

    private static ReadOnlySpan<byte> Bytes(ulong seed, Span<byte> buffer)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(buffer, seed);
        return buffer;
    }
}
