using System.Runtime.Intrinsics.X86;

namespace Xtmp.Crypto;

/// <summary>
/// ByteEncode, ByteDecode, Compress and Decompress of FIPS 203 section 4.2.1 for the widths ML-KEM-1024 uses: by AVX2 and
/// BMI2 where the processor has them, else coefficient by coefficient.
/// </summary>
[SecretHandling]
internal static class MlKemPacking
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
            MlKemPackingAvx2.Encode12(polynomial, bytes);
        }
        else
        {
            MlKemPackingScalar.Encode12(polynomial, bytes);
        }
    }

    /// <summary>
    /// ByteDecode₁₂, FIPS 203 algorithm 6, without its reduction: coefficients in [0, 4096).
    /// </summary>
    /// <returns>Whether all were below q, the modulus check of FIPS 203 section 7.2.</returns>
    public static bool Decode12(ReadOnlySpan<byte> bytes, Span<short> polynomial) =>
        UseVectors ? MlKemPackingAvx2.Decode12(bytes, polynomial) : MlKemPackingScalar.Decode12(bytes, polynomial);

    /// <summary>ByteEncode₁₁ ∘ Compress₁₁. Coefficients in (−q, q).</summary>
    public static void CompressEncode11(ReadOnlySpan<short> polynomial, Span<byte> bytes)
    {
        if (UseVectors)
        {
            MlKemPackingAvx2.CompressEncode11(polynomial, bytes);
        }
        else
        {
            MlKemPackingScalar.CompressEncode11(polynomial, bytes);
        }
    }

    /// <summary>Decompress₁₁ ∘ ByteDecode₁₁: coefficients in [0, q).</summary>
    public static void DecodeDecompress11(ReadOnlySpan<byte> bytes, Span<short> polynomial)
    {
        if (UseVectors)
        {
            MlKemPackingAvx2.DecodeDecompress11(bytes, polynomial);
        }
        else
        {
            MlKemPackingScalar.DecodeDecompress11(bytes, polynomial);
        }
    }

    /// <summary>ByteEncode₅ ∘ Compress₅. Coefficients in (−q, q).</summary>
    public static void CompressEncode5(ReadOnlySpan<short> polynomial, Span<byte> bytes)
    {
        if (UseVectors)
        {
            MlKemPackingAvx2.CompressEncode5(polynomial, bytes);
        }
        else
        {
            MlKemPackingScalar.CompressEncode5(polynomial, bytes);
        }
    }

    /// <summary>Decompress₅ ∘ ByteDecode₅: coefficients in [0, q).</summary>
    public static void DecodeDecompress5(ReadOnlySpan<byte> bytes, Span<short> polynomial)
    {
        if (UseVectors)
        {
            MlKemPackingAvx2.DecodeDecompress5(bytes, polynomial);
        }
        else
        {
            MlKemPackingScalar.DecodeDecompress5(bytes, polynomial);
        }
    }

    /// <summary>Decompress₁ ∘ ByteDecode₁ of a message of 32 bytes: each bit gives 0 or ⌈q/2⌋, by mask.</summary>
    public static void DecodeMessage(ReadOnlySpan<byte> message, Span<short> polynomial)
    {
        if (UseVectors)
        {
            MlKemPackingAvx2.DecodeMessage(message, polynomial);
        }
        else
        {
            MlKemPackingScalar.DecodeMessage(message, polynomial);
        }
    }

    /// <summary>ByteEncode₁ ∘ Compress₁ into a message of 32 bytes. Coefficients in (−q, q).</summary>
    public static void EncodeMessage(ReadOnlySpan<short> polynomial, Span<byte> message)
    {
        if (UseVectors)
        {
            MlKemPackingAvx2.EncodeMessage(polynomial, message);
        }
        else
        {
            MlKemPackingScalar.EncodeMessage(polynomial, message);
        }
    }
}
