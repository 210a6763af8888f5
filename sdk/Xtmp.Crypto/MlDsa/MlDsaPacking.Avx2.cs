using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Xtmp.Crypto;

internal static partial class MlDsaPacking
{
    /// <summary>The encodings of <see cref="MlDsaPacking"/> that signing and verifying repeat most, eight or more coefficients at a time.</summary>
    internal static class Vector
    {
        /// <inheritdoc cref="MlDsaPacking.EncodeZ"/>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void EncodeZ(ReadOnlySpan<int> f, Span<byte> bytes)
        {
            bytes = bytes[..MlDsaPacking.BytesZ];
            ref int source = ref MemoryMarshal.GetReference(f[..MlDsaField.N]);
            Vector256<int> gamma = Vector256.Create(MlDsaField.Gamma1);
            Vector256<byte> join = Vector256.Create((byte)0, 1, 2, 3, 4, 8, 9, 10, 11, 12, 255, 255, 255, 255, 255, 255, 0, 1, 2, 3, 4, 8, 9, 10, 11, 12, 255, 255, 255, 255, 255, 255);
            for (int i = 0, o = 0; i < MlDsaField.N; i += 8, o += 20)
            {
                Vector256<ulong> pairs = (gamma - Vector256.LoadUnsafe(ref source, (nuint)i)).AsUInt64();
                pairs = (pairs & Vector256.Create(0xFFFF_FFFFUL)) | ((pairs >>> 32) << 20);
                Vector256<byte> packed = Avx2.Shuffle(pairs.AsByte(), join);
                Vector128<byte> low = packed.GetLower();
                Vector128<byte> high = packed.GetUpper();
                BinaryPrimitives.WriteUInt64LittleEndian(bytes[o..], low.AsUInt64().ToScalar());
                BinaryPrimitives.WriteUInt16LittleEndian(bytes[(o + 8)..], low.AsUInt16().GetElement(4));
                BinaryPrimitives.WriteUInt64LittleEndian(bytes[(o + 10)..], high.AsUInt64().ToScalar());
                BinaryPrimitives.WriteUInt16LittleEndian(bytes[(o + 18)..], high.AsUInt16().GetElement(4));
            }
        }

        /// <inheritdoc cref="MlDsaPacking.DecodeZ"/>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void DecodeZ(ReadOnlySpan<byte> bytes, Span<int> f)
        {
            ref byte source = ref MemoryMarshal.GetReference(bytes[..MlDsaPacking.BytesZ]);
            ref int target = ref MemoryMarshal.GetReference(f[..MlDsaField.N]);
            Vector256<int> gamma = Vector256.Create(MlDsaField.Gamma1);

            // Ten bytes for each half; the upper ones are loaded from offset 4, so that no load passes the end.
            Vector256<byte> spread = Vector256.Create((byte)0, 1, 2, 255, 2, 3, 4, 255, 5, 6, 7, 255, 7, 8, 9, 255, 6, 7, 8, 255, 8, 9, 10, 255, 11, 12, 13, 255, 13, 14, 15, 255);
            Vector256<uint> shifts = Vector256.Create(0x0000_0004_0000_0000UL).AsUInt32();
            Vector256<int> mask = Vector256.Create(0xFFFFF);
            for (int i = 0, o = 0; i < MlDsaField.N; i += 8, o += 20)
            {
                Vector256<byte> loaded = Vector256.Create(Vector128.LoadUnsafe(ref source, (nuint)o), Vector128.LoadUnsafe(ref source, (nuint)(o + 4)));
                Vector256<int> value = Avx2.ShiftRightLogicalVariable(Avx2.Shuffle(loaded, spread).AsInt32(), shifts) & mask;
                (gamma - value).StoreUnsafe(ref target, (nuint)i);
            }
        }

        /// <inheritdoc cref="MlDsaPacking.EncodeW1"/>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void EncodeW1(ReadOnlySpan<int> f, Span<byte> bytes)
        {
            ref int source = ref MemoryMarshal.GetReference(f[..MlDsaField.N]);
            ref byte target = ref MemoryMarshal.GetReference(bytes[..MlDsaPacking.BytesW1]);
            Vector256<int> order = Vector256.Create(0, 4, 1, 5, 2, 6, 3, 7);
            Vector256<sbyte> weights = Vector256.Create((short)0x1001).AsSByte();
            for (int i = 0; i < MlDsaField.N; i += 32)
            {
                Vector256<short> low = Avx2.PackSignedSaturate(Vector256.LoadUnsafe(ref source, (nuint)i), Vector256.LoadUnsafe(ref source, (nuint)(i + 8)));
                Vector256<short> high = Avx2.PackSignedSaturate(Vector256.LoadUnsafe(ref source, (nuint)(i + 16)), Vector256.LoadUnsafe(ref source, (nuint)(i + 24)));
                Vector256<byte> nibbles = Avx2.PermuteVar8x32(Avx2.PackUnsignedSaturate(low, high).AsInt32(), order).AsByte();
                Vector256<short> pairs = Avx2.MultiplyAddAdjacent(nibbles, weights);
                Vector128<byte> packed = Sse2.PackUnsignedSaturate(pairs.GetLower(), pairs.GetUpper());
                packed.StoreUnsafe(ref target, (nuint)(i >> 1));
            }
        }

        /// <inheritdoc cref="MlDsaPacking.DecodeT1"/>
        [PublicData("t₁ is part of the public key.")]
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void DecodeT1(ReadOnlySpan<byte> bytes, Span<int> f)
        {
            bytes = bytes[..MlDsaPacking.BytesT1];
            ref int target = ref MemoryMarshal.GetReference(f[..MlDsaField.N]);
            Vector128<byte> spread = Vector128.Create((byte)0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 6, 7, 7, 8, 8, 9);

            // A field at bit 2k of its two bytes goes to the top by a multiplication, then to the bottom by a shift.
            Vector128<ushort> lift = Vector128.Create(0x0001_0004_0010_0040UL).AsUInt16();
            for (int i = 0, o = 0; i < MlDsaField.N; i += 8, o += 10)
            {
                Vector128<byte> loaded = Vector128.Create(
                    BinaryPrimitives.ReadUInt64LittleEndian(bytes[o..]),
                    BinaryPrimitives.ReadUInt16LittleEndian(bytes[(o + 8)..])).AsByte();
                Vector128<ushort> value = (Ssse3.Shuffle(loaded, spread).AsUInt16() * lift) >>> 6;
                Avx2.ConvertToVector256Int32(value).StoreUnsafe(ref target, (nuint)i);
            }
        }
    }
}
