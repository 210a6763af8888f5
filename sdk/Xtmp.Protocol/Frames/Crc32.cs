using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Xtmp.Protocol;

/// <summary>
/// CRC-32, reflected polynomial 0xEDB88320, initial value and final xor 0xFFFFFFFF (ISO-HDLC, zlib). With carry-less
/// multiplication where the processor has it, after Gopal et al., "Fast CRC Computation for Generic Polynomials Using
/// PCLMULQDQ Instruction" (Intel, 2009); otherwise eight bytes at a time by tables.
/// </summary>
public static class Crc32
{
    private const uint Polynomial = 0xEDB8_8320;
    private static readonly uint[] Tables = BuildTables();

    /// <summary>The checksum of all of <paramref name="data"/>.</summary>
    public static uint Compute(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        if (Pclmulqdq.IsSupported && data.Length >= 64)
        {
            var folded = data.Length & ~15;
            crc = Fold(data[..folded], crc);
            data = data[folded..];
        }

        return ~UpdateByTables(data, crc);
    }

    /// <summary>The same without special instructions; for processors that lack them, and for comparison.</summary>
    public static uint ComputePortable(ReadOnlySpan<byte> data) => ~UpdateByTables(data, uint.MaxValue);

    private static uint UpdateByTables(ReadOnlySpan<byte> data, uint crc)
    {
        var tables = Tables;
        while (data.Length >= 8)
        {
            var low = BinaryPrimitives.ReadUInt32LittleEndian(data) ^ crc;
            var high = BinaryPrimitives.ReadUInt32LittleEndian(data[4..]);
            crc = tables[0x700 + (low & 0xFF)] ^ tables[0x600 + ((low >> 8) & 0xFF)]
                ^ tables[0x500 + ((low >> 16) & 0xFF)] ^ tables[0x400 + (low >> 24)]
                ^ tables[0x300 + (high & 0xFF)] ^ tables[0x200 + ((high >> 8) & 0xFF)]
                ^ tables[0x100 + ((high >> 16) & 0xFF)] ^ tables[high >> 24];
            data = data[8..];
        }

        foreach (var value in data)
        {
            crc = (crc >> 8) ^ tables[(crc ^ value) & 0xFF];
        }

        return crc;
    }

    // The constants are x^n mod P for the distances the four lanes, and then the one lane, are moved (the paper's
    // section on reflected input); the last pair is P' and the Barrett constant.
    private static uint Fold(ReadOnlySpan<byte> data, uint crc)
    {
        var fourLanes = Vector128.Create(0x1_5444_2BD4L, 0x1_C6E4_1596L);
        var oneLane = Vector128.Create(0x1_7519_97D0L, 0x0_CCAA_009EL);
        var x1 = Load(data, 0) ^ Vector128.Create((long)crc, 0);
        var x2 = Load(data, 16);
        var x3 = Load(data, 32);
        var x4 = Load(data, 48);
        data = data[64..];
        while (data.Length >= 64)
        {
            x1 = FoldLane(x1, fourLanes) ^ Load(data, 0);
            x2 = FoldLane(x2, fourLanes) ^ Load(data, 16);
            x3 = FoldLane(x3, fourLanes) ^ Load(data, 32);
            x4 = FoldLane(x4, fourLanes) ^ Load(data, 48);
            data = data[64..];
        }

        x1 = FoldLane(x1, oneLane) ^ x2;
        x1 = FoldLane(x1, oneLane) ^ x3;
        x1 = FoldLane(x1, oneLane) ^ x4;
        while (data.Length >= 16)
        {
            x1 = FoldLane(x1, oneLane) ^ Load(data, 0);
            data = data[16..];
        }

        var low32 = Vector128.Create(uint.MaxValue, 0, uint.MaxValue, 0).AsInt64();
        var folded = Pclmulqdq.CarrylessMultiply(x1, oneLane, 0x10);
        x1 = Sse2.ShiftRightLogical128BitLane(x1, 8) ^ folded;
        var upper = Sse2.ShiftRightLogical128BitLane(x1, 4);
        x1 = Pclmulqdq.CarrylessMultiply(x1 & low32, Vector128.Create(0x1_63CD_6124L, 0), 0x00) ^ upper;
        var barrett = Vector128.Create(0x1_DB71_0641L, 0x1_F701_1641L);
        var quotient = Pclmulqdq.CarrylessMultiply(x1 & low32, barrett, 0x10);
        x1 ^= Pclmulqdq.CarrylessMultiply(quotient & low32, barrett, 0x00);
        return x1.AsUInt32().GetElement(1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<long> FoldLane(Vector128<long> lane, Vector128<long> constants) =>
        Pclmulqdq.CarrylessMultiply(lane, constants, 0x00) ^ Pclmulqdq.CarrylessMultiply(lane, constants, 0x11);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<long> Load(ReadOnlySpan<byte> data, int offset) =>
        Vector128.Create<byte>(data.Slice(offset, 16)).AsInt64();

    private static uint[] BuildTables()
    {
        var tables = new uint[8 * 256];
        for (uint i = 0; i < 256; i++)
        {
            var value = i;
            for (var bit = 0; bit < 8; bit++)
            {
                value = (value >> 1) ^ ((value & 1) * Polynomial);
            }

            tables[i] = value;
        }

        for (var i = 256; i < tables.Length; i++)
        {
            var previous = tables[i - 256];
            tables[i] = (previous >> 8) ^ tables[previous & 0xFF];
        }

        return tables;
    }
}
