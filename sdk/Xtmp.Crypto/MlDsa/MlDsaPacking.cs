using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Xtmp.Crypto;

/// <summary>The encodings of FIPS 204 sections 7.1 and 7.2 for the widths ML-DSA-87 uses.</summary>
[SecretHandling]
internal static partial class MlDsaPacking
{
    /// <summary>A polynomial of t₁, 10 bits a coefficient.</summary>
    public const int BytesT1 = 320;

    /// <summary>A polynomial of z or of the mask, 20 bits a coefficient.</summary>
    public const int BytesZ = 640;

    /// <summary>A polynomial of w₁, 4 bits a coefficient.</summary>
    public const int BytesW1 = 128;

    /// <summary>A polynomial of s₁ or s₂, 3 bits a coefficient.</summary>
    public const int BytesEta = 96;

    /// <summary>A polynomial of t₀, 13 bits a coefficient.</summary>
    public const int BytesT0 = 416;

    /// <summary>SimpleBitPack of t₁, FIPS 204 algorithm 16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void EncodeT1(ReadOnlySpan<int> f, Span<byte> bytes)
    {
        for (int i = 0, o = 0; i < MlDsaField.N; i += 4, o += 5)
        {
            ulong word = (uint)f[i] | ((ulong)(uint)f[i + 1] << 10) | ((ulong)(uint)f[i + 2] << 20) | ((ulong)(uint)f[i + 3] << 30);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[o..], (uint)word);
            bytes[o + 4] = (byte)(word >> 32);
        }
    }

    /// <summary>SimpleBitUnpack of t₁, FIPS 204 algorithm 18.</summary>
    [PublicData("t₁ is part of the public key.")]
    public static void DecodeT1(ReadOnlySpan<byte> bytes, Span<int> f)
    {
        if (Avx2.IsSupported)
        {
            Vector.DecodeT1(bytes, f);
        }
        else
        {
            DecodeT1Scalar(bytes, f);
        }
    }

    /// <summary><see cref="DecodeT1"/> one group at a time.</summary>
    [PublicData("t₁ is part of the public key.")]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void DecodeT1Scalar(ReadOnlySpan<byte> bytes, Span<int> f)
    {
        for (int i = 0, o = 0; i < MlDsaField.N; i += 4, o += 5)
        {
            ulong word = BinaryPrimitives.ReadUInt32LittleEndian(bytes[o..]) | ((ulong)bytes[o + 4] << 32);
            f[i] = (int)word & 0x3FF;
            f[i + 1] = (int)(word >> 10) & 0x3FF;
            f[i + 2] = (int)(word >> 20) & 0x3FF;
            f[i + 3] = (int)(word >> 30) & 0x3FF;
        }
    }

    /// <summary>BitPack of z, FIPS 204 algorithm 17: γ₁ − c in 20 bits, for c in (−γ₁, γ₁].</summary>
    public static void EncodeZ(ReadOnlySpan<int> f, Span<byte> bytes)
    {
        if (Avx2.IsSupported)
        {
            Vector.EncodeZ(f, bytes);
        }
        else
        {
            EncodeZScalar(f, bytes);
        }
    }

    /// <summary><see cref="EncodeZ"/> one group at a time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void EncodeZScalar(ReadOnlySpan<int> f, Span<byte> bytes)
    {
        for (int i = 0, o = 0; i < MlDsaField.N; i += 2, o += 5)
        {
            ulong word = (uint)(MlDsaField.Gamma1 - f[i]) | ((ulong)(uint)(MlDsaField.Gamma1 - f[i + 1]) << 20);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[o..], (uint)word);
            bytes[o + 4] = (byte)(word >> 32);
        }
    }

    /// <summary>BitUnpack of z and of the mask, FIPS 204 algorithm 19.</summary>
    public static void DecodeZ(ReadOnlySpan<byte> bytes, Span<int> f)
    {
        if (Avx2.IsSupported)
        {
            Vector.DecodeZ(bytes, f);
        }
        else
        {
            DecodeZScalar(bytes, f);
        }
    }

    /// <summary><see cref="DecodeZ"/> one group at a time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void DecodeZScalar(ReadOnlySpan<byte> bytes, Span<int> f)
    {
        for (int i = 0, o = 0; i < MlDsaField.N; i += 2, o += 5)
        {
            ulong word = BinaryPrimitives.ReadUInt32LittleEndian(bytes[o..]) | ((ulong)bytes[o + 4] << 32);
            f[i] = MlDsaField.Gamma1 - ((int)word & 0xFFFFF);
            f[i + 1] = MlDsaField.Gamma1 - (int)(word >> 20);
        }
    }

    /// <summary>w1Encode, FIPS 204 algorithm 28, for one polynomial.</summary>
    public static void EncodeW1(ReadOnlySpan<int> f, Span<byte> bytes)
    {
        if (Avx2.IsSupported)
        {
            Vector.EncodeW1(f, bytes);
        }
        else
        {
            EncodeW1Scalar(f, bytes);
        }
    }

    /// <summary><see cref="EncodeW1"/> one group at a time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void EncodeW1Scalar(ReadOnlySpan<int> f, Span<byte> bytes)
    {
        for (int i = 0; i < MlDsaField.N >> 1; i++)
        {
            bytes[i] = (byte)(f[2 * i] | (f[(2 * i) + 1] << 4));
        }
    }

    /// <summary>BitPack of s₁ or s₂: 2 − c in 3 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void EncodeEta(ReadOnlySpan<int> f, Span<byte> bytes)
    {
        for (int i = 0, o = 0; i < MlDsaField.N; i += 8, o += 3)
        {
            int word = 0;
            for (int j = 0; j < 8; j++)
            {
                word |= (2 - f[i + j]) << (3 * j);
            }

            bytes[o] = (byte)word;
            bytes[o + 1] = (byte)(word >> 8);
            bytes[o + 2] = (byte)(word >> 16);
        }
    }

    /// <summary>BitUnpack of s₁ or s₂.</summary>
    /// <returns>False when a coefficient is outside [−2, 2], as skDecode of FIPS 204 algorithm 25 must refuse.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool DecodeEta(ReadOnlySpan<byte> bytes, Span<int> f)
    {
        int excess = 0;
        for (int i = 0, o = 0; i < MlDsaField.N; i += 8, o += 3)
        {
            int word = bytes[o] | (bytes[o + 1] << 8) | (bytes[o + 2] << 16);
            for (int j = 0; j < 8; j++)
            {
                int value = 2 - ((word >> (3 * j)) & 7);
                excess |= value + 2;
                f[i + j] = value;
            }
        }

        return excess >= 0;
    }

    /// <summary>BitPack of t₀: 2¹² − c in 13 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void EncodeT0(ReadOnlySpan<int> f, Span<byte> bytes)
    {
        for (int i = 0, o = 0; i < MlDsaField.N; i += 8, o += 13)
        {
            UInt128 word = UInt128.Zero;
            for (int j = 0; j < 8; j++)
            {
                word |= (UInt128)(uint)((1 << (MlDsaField.D - 1)) - f[i + j]) << (13 * j);
            }

            for (int j = 0; j < 13; j++)
            {
                bytes[o + j] = (byte)(word >> (8 * j));
            }
        }
    }

    /// <summary>BitUnpack of t₀.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void DecodeT0(ReadOnlySpan<byte> bytes, Span<int> f)
    {
        for (int i = 0; i < MlDsaField.N; i++)
        {
            int bit = 13 * i;
            int at = bit >> 3;
            int word = bytes[at] | (bytes[at + 1] << 8);
            word |= at + 2 < bytes.Length ? bytes[at + 2] << 16 : 0;
            f[i] = (1 << (MlDsaField.D - 1)) - ((word >> (bit & 7)) & 0x1FFF);
        }
    }

    /// <summary>HintBitPack, FIPS 204 algorithm 20, for one polynomial: the positions of its ones.</summary>
    /// <returns>The index after the last one written.</returns>
    [PublicData("The hint is part of the signature.")]
    public static int EncodeHint(ReadOnlySpan<int> hint, Span<byte> bytes, int index)
    {
        for (int i = 0; i < MlDsaField.N; i++)
        {
            if (hint[i] != 0)
            {
                bytes[index++] = (byte)i;
            }
        }

        return index;
    }

    /// <summary>
    /// HintBitUnpack, FIPS 204 algorithm 21: positions rise strictly within a polynomial, counts never fall, and what is
    /// unused is zero; anything else would make signatures malleable and is refused.
    /// </summary>
    [PublicData("The hint is part of the signature.")]
    public static bool DecodeHint(ReadOnlySpan<byte> bytes, Span<int> hints)
    {
        hints.Clear();
        int index = 0;
        for (int i = 0; i < MlDsaField.K; i++)
        {
            int end = bytes[MlDsaField.Omega + i];
            if (end < index || end > MlDsaField.Omega)
            {
                return false;
            }

            int first = index;
            for (; index < end; index++)
            {
                if (index > first && bytes[index - 1] >= bytes[index])
                {
                    return false;
                }

                hints[(i * MlDsaField.N) + bytes[index]] = 1;
            }
        }

        return bytes[index..MlDsaField.Omega].IndexOfAnyExcept((byte)0) < 0;
    }
}
