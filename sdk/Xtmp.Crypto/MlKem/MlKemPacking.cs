using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Xtmp.Crypto;

/// <summary>
/// ByteEncode, ByteDecode, Compress and Decompress of FIPS 203 section 4.2.1 for the widths ML-KEM-1024 uses: by AVX2 and
/// BMI2 where the processor has them, else coefficient by coefficient.
/// </summary>
[SecretHandling]
internal static partial class MlKemPacking
{
    /// <summary>Bytes of a polynomial with 12-bit coefficients.</summary>
    public const int Bytes12 = 384;

    /// <summary>Bytes of a polynomial compressed to du = 11 bits.</summary>
    public const int Bytes11 = 352;

    /// <summary>Bytes of a polynomial compressed to dv = 5 bits.</summary>
    public const int Bytes5 = 160;

    private static bool UseVectors => Avx2.IsSupported && Bmi2.X64.IsSupported;

    /// <summary>ByteEncode₁₂, FIPS 203 algorithm 5. Coefficients in (−q, q).</summary>
    public static void Encode12(ReadOnlySpan<short> polynomial, Span<byte> bytes)
    {
        if (UseVectors)
        {
            Vector.Encode12(polynomial, bytes);
        }
        else
        {
            Scalar.Encode12(polynomial, bytes);
        }
    }

    /// <summary>
    /// ByteDecode₁₂, FIPS 203 algorithm 6, without its reduction: coefficients in [0, 4096).
    /// </summary>
    /// <returns>Whether all were below q, the modulus check of FIPS 203 section 7.2.</returns>
    public static bool Decode12(ReadOnlySpan<byte> bytes, Span<short> polynomial) =>
        UseVectors ? Vector.Decode12(bytes, polynomial) : Scalar.Decode12(bytes, polynomial);

    /// <summary>ByteEncode₁₁ ∘ Compress₁₁. Coefficients in (−q, q).</summary>
    public static void CompressEncode11(ReadOnlySpan<short> polynomial, Span<byte> bytes)
    {
        if (UseVectors)
        {
            Vector.CompressEncode11(polynomial, bytes);
        }
        else
        {
            Scalar.CompressEncode11(polynomial, bytes);
        }
    }

    /// <summary>Decompress₁₁ ∘ ByteDecode₁₁: coefficients in [0, q).</summary>
    public static void DecodeDecompress11(ReadOnlySpan<byte> bytes, Span<short> polynomial)
    {
        if (UseVectors)
        {
            Vector.DecodeDecompress11(bytes, polynomial);
        }
        else
        {
            Scalar.DecodeDecompress11(bytes, polynomial);
        }
    }

    /// <summary>ByteEncode₅ ∘ Compress₅. Coefficients in (−q, q).</summary>
    public static void CompressEncode5(ReadOnlySpan<short> polynomial, Span<byte> bytes)
    {
        if (UseVectors)
        {
            Vector.CompressEncode5(polynomial, bytes);
        }
        else
        {
            Scalar.CompressEncode5(polynomial, bytes);
        }
    }

    /// <summary>Decompress₅ ∘ ByteDecode₅: coefficients in [0, q).</summary>
    public static void DecodeDecompress5(ReadOnlySpan<byte> bytes, Span<short> polynomial)
    {
        if (UseVectors)
        {
            Vector.DecodeDecompress5(bytes, polynomial);
        }
        else
        {
            Scalar.DecodeDecompress5(bytes, polynomial);
        }
    }

    /// <summary>Decompress₁ ∘ ByteDecode₁ of a message of 32 bytes: each bit gives 0 or ⌈q/2⌋, by mask.</summary>
    public static void DecodeMessage(ReadOnlySpan<byte> message, Span<short> polynomial)
    {
        if (UseVectors)
        {
            Vector.DecodeMessage(message, polynomial);
        }
        else
        {
            Scalar.DecodeMessage(message, polynomial);
        }
    }

    /// <summary>ByteEncode₁ ∘ Compress₁ into a message of 32 bytes. Coefficients in (−q, q).</summary>
    public static void EncodeMessage(ReadOnlySpan<short> polynomial, Span<byte> message)
    {
        if (UseVectors)
        {
            Vector.EncodeMessage(polynomial, message);
        }
        else
        {
            Scalar.EncodeMessage(polynomial, message);
        }
    }

    /// <summary><see cref="MlKemPacking"/> one coefficient at a time, for processors without AVX2 and as the reference of the vector code.</summary>
    internal static class Scalar
    {
        /// <summary>ByteEncode₁₂, FIPS 203 algorithm 5. Coefficients in (−q, q).</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void Encode12(ReadOnlySpan<short> polynomial, Span<byte> bytes)
        {
            for (int i = 0, o = 0; i < MlKemField.N; i += 2, o += 3)
            {
                int a = MlKemField.Canonical(polynomial[i]);
                int b = MlKemField.Canonical(polynomial[i + 1]);
                bytes[o] = (byte)a;
                bytes[o + 1] = (byte)((a >> 8) | (b << 4));
                bytes[o + 2] = (byte)(b >> 4);
            }
        }

        /// <summary>
        /// ByteDecode₁₂, FIPS 203 algorithm 6, without its reduction: coefficients in [0, 4096).
        /// </summary>
        /// <returns>Whether all were below q, the modulus check of FIPS 203 section 7.2.</returns>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static bool Decode12(ReadOnlySpan<byte> bytes, Span<short> polynomial)
        {
            int excess = 0;
            for (int i = 0, o = 0; i < MlKemField.N; i += 2, o += 3)
            {
                int a = bytes[o] | ((bytes[o + 1] & 0x0F) << 8);
                int b = (bytes[o + 1] >> 4) | (bytes[o + 2] << 4);
                polynomial[i] = (short)a;
                polynomial[i + 1] = (short)b;
                excess |= (MlKemField.Q - 1 - a) | (MlKemField.Q - 1 - b);
            }

            return excess >= 0;
        }

        /// <summary>ByteEncode₁₁ ∘ Compress₁₁. Coefficients in (−q, q).</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void CompressEncode11(ReadOnlySpan<short> polynomial, Span<byte> bytes)
        {
            // Eight coefficients are 88 bits: a word of 64 and one of 24.
            for (int i = 0, o = 0; i < MlKemField.N; i += 8, o += 11)
            {
                ulong low = 0;
                for (int j = 0; j < 5; j++)
                {
                    low |= (ulong)(uint)MlKemField.Compress11(MlKemField.Canonical(polynomial[i + j])) << (11 * j);
                }

                ulong sixth = (uint)MlKemField.Compress11(MlKemField.Canonical(polynomial[i + 5]));
                low |= sixth << 55;
                uint high = (uint)(sixth >> 9);
                high |= (uint)MlKemField.Compress11(MlKemField.Canonical(polynomial[i + 6])) << 2;
                high |= (uint)MlKemField.Compress11(MlKemField.Canonical(polynomial[i + 7])) << 13;
                BinaryPrimitives.WriteUInt64LittleEndian(bytes[o..], low);
                bytes[o + 8] = (byte)high;
                bytes[o + 9] = (byte)(high >> 8);
                bytes[o + 10] = (byte)(high >> 16);
            }
        }

        /// <summary>Decompress₁₁ ∘ ByteDecode₁₁: coefficients in [0, q).</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void DecodeDecompress11(ReadOnlySpan<byte> bytes, Span<short> polynomial)
        {
            for (int i = 0, o = 0; i < MlKemField.N; i += 8, o += 11)
            {
                ulong low = BinaryPrimitives.ReadUInt64LittleEndian(bytes[o..]);
                uint high = bytes[o + 8] | ((uint)bytes[o + 9] << 8) | ((uint)bytes[o + 10] << 16);
                for (int j = 0; j < 5; j++)
                {
                    polynomial[i + j] = MlKemField.Decompress((int)(low >> (11 * j)) & 0x7FF, 11);
                }

                polynomial[i + 5] = MlKemField.Decompress((int)((low >> 55) | (high << 9)) & 0x7FF, 11);
                polynomial[i + 6] = MlKemField.Decompress((int)(high >> 2) & 0x7FF, 11);
                polynomial[i + 7] = MlKemField.Decompress((int)(high >> 13) & 0x7FF, 11);
            }
        }

        /// <summary>ByteEncode₅ ∘ Compress₅. Coefficients in (−q, q).</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void CompressEncode5(ReadOnlySpan<short> polynomial, Span<byte> bytes)
        {
            for (int i = 0, o = 0; i < MlKemField.N; i += 8, o += 5)
            {
                ulong word = 0;
                for (int j = 0; j < 8; j++)
                {
                    word |= (ulong)(uint)MlKemField.Compress5(MlKemField.Canonical(polynomial[i + j])) << (5 * j);
                }

                BinaryPrimitives.WriteUInt32LittleEndian(bytes[o..], (uint)word);
                bytes[o + 4] = (byte)(word >> 32);
            }
        }

        /// <summary>Decompress₅ ∘ ByteDecode₅: coefficients in [0, q).</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void DecodeDecompress5(ReadOnlySpan<byte> bytes, Span<short> polynomial)
        {
            for (int i = 0, o = 0; i < MlKemField.N; i += 8, o += 5)
            {
                ulong word = BinaryPrimitives.ReadUInt32LittleEndian(bytes[o..]) | ((ulong)bytes[o + 4] << 32);
                for (int j = 0; j < 8; j++)
                {
                    polynomial[i + j] = MlKemField.Decompress((int)(word >> (5 * j)) & 0x1F, 5);
                }
            }
        }

        /// <summary>Decompress₁ ∘ ByteDecode₁ of a message of 32 bytes: each bit gives 0 or ⌈q/2⌋, by mask.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void DecodeMessage(ReadOnlySpan<byte> message, Span<short> polynomial)
        {
            for (int i = 0; i < MlKemField.N; i++)
            {
                int bit = (message[i >> 3] >> (i & 7)) & 1;
                polynomial[i] = (short)(-bit & ((MlKemField.Q + 1) >> 1));
            }
        }

        /// <summary>ByteEncode₁ ∘ Compress₁ into a message of 32 bytes. Coefficients in (−q, q).</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void EncodeMessage(ReadOnlySpan<short> polynomial, Span<byte> message)
        {
            for (int i = 0; i < MlKemField.N >> 3; i++)
            {
                int value = 0;
                for (int j = 0; j < 8; j++)
                {
                    value |= MlKemField.Compress1(MlKemField.Canonical(polynomial[(8 * i) + j])) << j;
                }

                message[i] = (byte)value;
            }
        }
    }
}
