using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Xtmp.Crypto;

internal static partial class MlKemPacking
{
    /// <summary><see cref="MlKemPacking"/> on sixteen coefficients at a time.</summary>
    internal static class Vector
    {
        private const int Lanes = 16;

        /// <summary>Of each group of three bytes the pairs (0, 1) and (1, 2), four groups in each half.</summary>
        private static Vector256<byte> Spread12 => Vector256.Create((byte)0, 1, 1, 2, 3, 4, 4, 5, 6, 7, 7, 8, 9, 10, 10, 11, 0, 1, 1, 2, 3, 4, 4, 5, 6, 7, 7, 8, 9, 10, 10, 11);

        /// <summary>Bytes 0 to 2 of each 32-bit word, to the front of each half.</summary>
        private static Vector256<byte> Gather24 => Vector256.Create((byte)0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 255, 255, 255, 255, 0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 255, 255, 255, 255);

        /// <inheritdoc cref="MlKemPacking.Encode12"/>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void Encode12(ReadOnlySpan<short> polynomial, Span<byte> bytes)
        {
            polynomial = polynomial[..MlKemField.N];
            bytes = bytes[..MlKemPacking.Bytes12];
            ref short source = ref MemoryMarshal.GetReference(polynomial);
            Vector256<short> weights = Vector256.Create(0x1000_0001).AsInt16();
            for (int i = 0, o = 0; i < MlKemField.N; i += Lanes, o += 24)
            {
                Vector256<int> pairs = Avx2.MultiplyAddAdjacent(Canonical(Vector256.LoadUnsafe(ref source, (nuint)i)), weights);
                Vector256<byte> packed = Avx2.Shuffle(pairs.AsByte(), Gather24);
                Vector128<byte> low = packed.GetLower();
                Vector128<byte> high = packed.GetUpper();

                // Twelve bytes each: eight and four.
                BinaryPrimitives.WriteUInt64LittleEndian(bytes[o..], low.AsUInt64().ToScalar());
                BinaryPrimitives.WriteUInt32LittleEndian(bytes[(o + 8)..], low.AsUInt32().GetElement(2));
                BinaryPrimitives.WriteUInt64LittleEndian(bytes[(o + 12)..], high.AsUInt64().ToScalar());
                BinaryPrimitives.WriteUInt32LittleEndian(bytes[(o + 20)..], high.AsUInt32().GetElement(2));
            }
        }

        /// <inheritdoc cref="MlKemPacking.Decode12"/>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static bool Decode12(ReadOnlySpan<byte> bytes, Span<short> polynomial)
        {
            bytes = bytes[..MlKemPacking.Bytes12];
            ref short target = ref MemoryMarshal.GetReference(polynomial[..MlKemField.N]);
            Vector256<short> excess = Vector256<short>.Zero;
            Vector256<short> largest = Vector256.Create((short)(MlKemField.Q - 1));
            for (int i = 0, o = 0; i < MlKemField.N; i += Lanes, o += 24)
            {
                Vector128<byte> low = Vector128.Create(
                    BinaryPrimitives.ReadUInt64LittleEndian(bytes[o..]),
                    BinaryPrimitives.ReadUInt32LittleEndian(bytes[(o + 8)..])).AsByte();
                Vector128<byte> high = Vector128.Create(
                    BinaryPrimitives.ReadUInt64LittleEndian(bytes[(o + 12)..]),
                    BinaryPrimitives.ReadUInt32LittleEndian(bytes[(o + 20)..])).AsByte();
                Vector256<short> value = Avx2.Shuffle(Vector256.Create(low, high), Spread12).AsInt16();
                value = Avx2.Blend(value & Vector256.Create((short)0x0FFF), value >>> 4, 0xAA);
                excess |= largest - value;
                value.StoreUnsafe(ref target, (nuint)i);
            }

            return excess.ExtractMostSignificantBits() == 0;
        }

        /// <inheritdoc cref="MlKemPacking.CompressEncode11"/>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void CompressEncode11(ReadOnlySpan<short> polynomial, Span<byte> bytes)
        {
            bytes = bytes[..MlKemPacking.Bytes11];
            ref short source = ref MemoryMarshal.GetReference(polynomial[..MlKemField.N]);

            // ⌈2¹¹/q · x⌋ for x in [0, q) is (161271·x + 131000) / 2¹⁸: exact for every x, and within 32 bits.
            Vector256<int> factor = Vector256.Create(161271);
            Vector256<int> round = Vector256.Create(131000);
            Vector256<short> weights = Vector256.Create(0x0800_0001).AsInt16();
            Vector256<int> mask = Vector256.Create(0x7FF);
            for (int i = 0, o = 0; i < MlKemField.N; i += Lanes, o += 22)
            {
                Vector256<short> value = Canonical(Vector256.LoadUnsafe(ref source, (nuint)i));
                Vector256<int> low = (((Avx2.ConvertToVector256Int32(value.GetLower()) * factor) + round) >>> 18) & mask;
                Vector256<int> high = (((Avx2.ConvertToVector256Int32(value.GetUpper()) * factor) + round) >>> 18) & mask;
                Vector256<ulong> words = JoinPairs(low, high, weights, 22);
                Write88(bytes[o..], words.GetElement(0), words.GetElement(1));
                Write88(bytes[(o + 11)..], words.GetElement(2), words.GetElement(3));
            }
        }

        /// <inheritdoc cref="MlKemPacking.CompressEncode5"/>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void CompressEncode5(ReadOnlySpan<short> polynomial, Span<byte> bytes)
        {
            bytes = bytes[..MlKemPacking.Bytes5];
            ref short source = ref MemoryMarshal.GetReference(polynomial[..MlKemField.N]);
            Vector256<int> factor = Vector256.Create(40318);
            Vector256<int> round = Vector256.Create(1664);
            Vector256<short> weights = Vector256.Create(0x0020_0001).AsInt16();
            for (int i = 0, o = 0; i < MlKemField.N; i += Lanes, o += 10)
            {
                Vector256<short> value = Canonical(Vector256.LoadUnsafe(ref source, (nuint)i));
                Vector256<int> low = (((Avx2.ConvertToVector256Int32(value.GetLower()) << 5) + round) * factor) >>> 27;
                Vector256<int> high = (((Avx2.ConvertToVector256Int32(value.GetUpper()) << 5) + round) * factor) >>> 27;
                Vector256<ulong> words = JoinPairs(low, high, weights, 10);
                Write40(bytes[o..], words.GetElement(0) | (words.GetElement(1) << 20));
                Write40(bytes[(o + 5)..], words.GetElement(2) | (words.GetElement(3) << 20));
            }
        }

        /// <inheritdoc cref="MlKemPacking.DecodeDecompress11"/>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void DecodeDecompress11(ReadOnlySpan<byte> bytes, Span<short> polynomial)
        {
            const ulong fields = 0x07FF_07FF_07FF_07FF;
            bytes = bytes[..MlKemPacking.Bytes11];
            ref short target = ref MemoryMarshal.GetReference(polynomial[..MlKemField.N]);
            Vector128<short> modulus = Vector128.Create((short)MlKemField.Q);
            for (int i = 0, o = 0; i < MlKemField.N; i += 8, o += 11)
            {
                ulong low = BinaryPrimitives.ReadUInt64LittleEndian(bytes[o..]);
                ulong high = BinaryPrimitives.ReadUInt64LittleEndian(bytes[(o + 3)..]) >> 20;
                Vector128<short> value = Vector128.Create(
                    Bmi2.X64.ParallelBitDeposit(low, fields),
                    Bmi2.X64.ParallelBitDeposit(high, fields)).AsInt16();

                // (y·2⁴·q + 2¹⁴) / 2¹⁵ = ⌈q/2¹¹ · y⌋.
                Ssse3.MultiplyHighRoundScale(value << 4, modulus).StoreUnsafe(ref target, (nuint)i);
            }
        }

        /// <inheritdoc cref="MlKemPacking.DecodeDecompress5"/>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void DecodeDecompress5(ReadOnlySpan<byte> bytes, Span<short> polynomial)
        {
            const ulong fields = 0x001F_001F_001F_001F;
            bytes = bytes[..MlKemPacking.Bytes5];
            ref short target = ref MemoryMarshal.GetReference(polynomial[..MlKemField.N]);
            Vector128<short> modulus = Vector128.Create((short)MlKemField.Q);
            for (int i = 0, o = 0; i < MlKemField.N; i += 8, o += 5)
            {
                ulong word = BinaryPrimitives.ReadUInt32LittleEndian(bytes[o..]) | ((ulong)bytes[o + 4] << 32);
                Vector128<short> value = Vector128.Create(
                    Bmi2.X64.ParallelBitDeposit(word, fields),
                    Bmi2.X64.ParallelBitDeposit(word >> 20, fields)).AsInt16();

                // (y·2¹⁰·q + 2¹⁴) / 2¹⁵ = ⌈q/2⁵ · y⌋.
                Ssse3.MultiplyHighRoundScale(value << 10, modulus).StoreUnsafe(ref target, (nuint)i);
            }
        }

        /// <inheritdoc cref="MlKemPacking.DecodeMessage"/>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void DecodeMessage(ReadOnlySpan<byte> message, Span<short> polynomial)
        {
            ref short target = ref MemoryMarshal.GetReference(polynomial[..MlKemField.N]);
            Vector256<short> bits = Vector256.Create(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, unchecked((short)32768));
            Vector256<short> half = Vector256.Create((short)((MlKemField.Q + 1) >> 1));
            for (int i = 0; i < MlKemField.N; i += Lanes)
            {
                Vector256<short> word = Vector256.Create(BinaryPrimitives.ReadInt16LittleEndian(message[(i >> 3)..]));
                (Vector256.Equals(word & bits, bits) & half).StoreUnsafe(ref target, (nuint)i);
            }
        }

        /// <summary>As <see cref="MlKemPacking.EncodeMessage"/>: a bit is one exactly for x in [833, 2496].</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void EncodeMessage(ReadOnlySpan<short> polynomial, Span<byte> message)
        {
            ref short source = ref MemoryMarshal.GetReference(polynomial[..MlKemField.N]);
            for (int i = 0; i < MlKemField.N; i += Lanes)
            {
                Vector256<short> value = Canonical(Vector256.LoadUnsafe(ref source, (nuint)i));
                Vector256<short> one = Vector256.GreaterThan(value, Vector256.Create((short)832)) & Vector256.GreaterThan(Vector256.Create((short)2497), value);
                BinaryPrimitives.WriteUInt16LittleEndian(message[(i >> 3)..], (ushort)one.ExtractMostSignificantBits());
            }
        }

        // Sixteen fields of 32 bits in order, joined by four: pairs by a multiplication, pairs of pairs by a shift.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<ulong> JoinPairs(Vector256<int> low, Vector256<int> high, Vector256<short> weights, int pairBits)
        {
            Vector256<short> fields = Avx2.Permute4x64(Avx2.PackUnsignedSaturate(low, high).AsUInt64(), 0xD8).AsInt16();
            Vector256<ulong> pairs = Avx2.MultiplyAddAdjacent(fields, weights).AsUInt64();
            return (pairs & Vector256.Create(0xFFFF_FFFFUL)) | ((pairs >>> 32) << pairBits);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Write88(Span<byte> bytes, ulong low, ulong high)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes, low | (high << 44));
            BinaryPrimitives.WriteUInt16LittleEndian(bytes[8..], (ushort)(high >> 20));
            bytes[10] = (byte)(high >> 36);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Write40(Span<byte> bytes, ulong word)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes, (uint)word);
            bytes[4] = (byte)(word >> 32);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<short> Canonical(Vector256<short> a) => a + ((a >> 15) & Vector256.Create((short)MlKemField.Q));
    }
}
