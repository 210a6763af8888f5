using System.Numerics;

namespace Xtmp.Fuzz;

/// <summary>
/// Inputs made from seeds. Each follows from the run's number and its own alone, so that a find is replayed without what
/// came before it.
/// </summary>
internal sealed class Mutator(IReadOnlyList<byte[]> seeds, ulong run)
{
    /// <summary>Longest input.</summary>
    public const int MaxLength = 16 * 1024;

    private const int MaxSteps = 6;

    // Headers and numbers at which MessagePack, lengths and counts change their form.
    private static readonly byte[] Marks = [0x00, 0x01, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xC0, 0xC1, 0xC2, 0xC4, 0xC5, 0xC6, 0xCC, 0xCF, 0xD3, 0xD9, 0xDC, 0xDD, 0xDE, 0xDF, 0xE0, 0xFE, 0xFF];

    private readonly byte[] _buffer = new byte[MaxLength];
    private ulong _state;

    /// <summary>The input of that number; valid until the next one.</summary>
    public ReadOnlySpan<byte> Make(long number)
    {
        _state = (run * 0x9E3779B97F4A7C15) ^ ((ulong)number * 0xD1B54A32D192ED03);
        var seed = seeds[Below(seeds.Count)];
        var length = Math.Min(seed.Length, MaxLength);
        seed.AsSpan(0, length).CopyTo(_buffer);
        for (var steps = 1 + Below(MaxSteps); steps > 0; steps--)
        {
            length = Step(length);
        }

        return _buffer.AsSpan(0, length);
    }

    private int Step(int length)
    {
        var at = Below(length + 1);
        switch (Below(8))
        {
            case 0 when at < length:
                _buffer[at] ^= (byte)(1 << Below(8));
                return length;
            case 1 when at < length:
                _buffer[at] = (byte)Next();
                return length;
            case 2 when at < length:
                _buffer[at] = Marks[Below(Marks.Length)];
                return length;
            case 3:
                return at;
            case 4 when length < MaxLength:
                _buffer.AsSpan(at, length - at).CopyTo(_buffer.AsSpan(at + 1));
                _buffer[at] = Marks[Below(Marks.Length)];
                return length + 1;
            case 5 when length > 0:
                var cut = Math.Min(1 + Below(8), length - Math.Min(at, length - 1));
                at = Math.Min(at, length - cut);
                _buffer.AsSpan(at + cut, length - at - cut).CopyTo(_buffer.AsSpan(at));
                return length - cut;
            case 6:
                // The end of another seed.
                var other = seeds[Below(seeds.Count)];
                var from = Below(other.Length + 1);
                var take = Math.Min(other.Length - from, MaxLength - at);
                other.AsSpan(from, take).CopyTo(_buffer.AsSpan(at));
                return at + take;
            default:
                if (at + sizeof(uint) <= length)
                {
                    var value = BitOperations.RotateLeft((uint)Next(), Below(32)) >> Below(32);
                    System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(_buffer.AsSpan(at), value);
                }

                return length;
        }
    }

    private int Below(int count) => (int)((UInt128)Next() * (ulong)count >> 64);

    // SplitMix64.
    private ulong Next()
    {
        var z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
