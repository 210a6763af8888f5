using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Xtmp.Crypto;

/// <summary>
/// The sponge construction of FIPS 202 section 4, incremental, as a value without allocation: absorb any number of
/// pieces, then squeeze any number of bytes in any pieces. Absorbing after the first squeeze is a bug and throws.
/// </summary>
[SecretHandling]
internal struct KeccakSponge
{
    public const int Shake128Rate = 168;
    public const int Shake256Rate = 136;
    public const byte ShakeSuffix = 0x1F;
    public const byte Sha3Suffix = 0x06;

    private State _state;
    private readonly int _rate;
    private readonly byte _suffix;
    private int _position;
    private bool _squeezing;

    /// <param name="rate">Bytes absorbed or squeezed for each permutation, a multiple of 8 below 200.</param>
    /// <param name="suffix">Domain separation bits with the first padding bit, FIPS 202 sections 6.1 and 6.2.</param>
    public KeccakSponge(int rate, byte suffix)
    {
        _rate = rate;
        _suffix = suffix;
    }

    public static KeccakSponge Shake128() => new(Shake128Rate, ShakeSuffix);

    public static KeccakSponge Shake256() => new(Shake256Rate, ShakeSuffix);

    public void Absorb(scoped ReadOnlySpan<byte> data)
    {
        if (_squeezing)
        {
            throw new InvalidOperationException("A sponge that has been squeezed absorbs no more.");
        }

        Span<byte> bytes = MemoryMarshal.AsBytes((Span<ulong>)_state);
        while (!data.IsEmpty)
        {
            if (_position == 0 && data.Length >= _rate)
            {
                XorBlock(_state, data[.._rate]);
                Permute();
                data = data[_rate..];
                continue;
            }

            int take = Math.Min(data.Length, _rate - _position);
            for (int i = 0; i < take; i++)
            {
                bytes[_position + i] ^= data[i];
            }

            _position += take;
            data = data[take..];
            if (_position == _rate)
            {
                Permute();
                _position = 0;
            }
        }
    }

    public void Squeeze(scoped Span<byte> destination)
    {
        Span<byte> bytes = MemoryMarshal.AsBytes((Span<ulong>)_state);
        if (!_squeezing)
        {
            bytes[_position] ^= _suffix;
            bytes[_rate - 1] ^= 0x80;
            _squeezing = true;
            _position = _rate;
        }

        while (!destination.IsEmpty)
        {
            if (_position == _rate)
            {
                Permute();
                _position = 0;
            }

            int take = Math.Min(destination.Length, _rate - _position);
            bytes.Slice(_position, take).CopyTo(destination);
            _position += take;
            destination = destination[take..];
        }
    }

    /// <summary>Back to the empty state; what was absorbed is erased.</summary>
    public void Reset()
    {
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes((Span<ulong>)_state));
        _position = 0;
        _squeezing = false;
    }

    private static void XorBlock(Span<ulong> state, ReadOnlySpan<byte> block)
    {
        for (int i = 0; i < block.Length >> 3; i++)
        {
            state[i] ^= BinaryPrimitives.ReadUInt64LittleEndian(block[(i * sizeof(ulong))..]);
        }
    }

    private void Permute() => KeccakPermutation.PermuteOne(ref _state[0]);

    [InlineArray(KeccakPermutation.Lanes)]
    private struct State
    {
        private ulong _first;
    }
}
