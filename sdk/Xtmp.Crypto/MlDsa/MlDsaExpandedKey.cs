namespace Xtmp.Crypto;

/// <summary>
/// The long form of a private key, skEncode and skDecode of FIPS 204 algorithms 24 and 25:
/// ρ ‖ K ‖ tr ‖ s₁ ‖ s₂ ‖ t₀, 4896 bytes. The product keeps seeds; this serves test vectors that lack one.
/// </summary>
[SecretHandling]
internal static class MlDsaExpandedKey
{
    public const int Size = 4896;
    public const int KeyOffset = 32;
    public const int HashOffset = 64;
    public const int SecretOffset = HashOffset + MlDsaCore.KeyHashSize;
    private const int LowOffset = SecretOffset + ((MlDsaField.K + MlDsaField.L) * MlDsaPacking.BytesEta);

    /// <summary>Everything but tr, which needs the public key first.</summary>
    /// <param name="secrets">s₁ then s₂, untransformed.</param>
    public static void Encode(ReadOnlySpan<byte> rho, ReadOnlySpan<byte> signingSeed, ReadOnlySpan<int> secrets, ReadOnlySpan<int> low, Span<byte> expanded)
    {
        rho.CopyTo(expanded);
        signingSeed.CopyTo(expanded[KeyOffset..]);
        for (int i = 0; i < MlDsaField.K + MlDsaField.L; i++)
        {
            MlDsaPacking.EncodeEta(secrets.Slice(i * MlDsaField.N, MlDsaField.N), expanded[(SecretOffset + (i * MlDsaPacking.BytesEta))..]);
        }

        for (int i = 0; i < MlDsaField.K; i++)
        {
            MlDsaPacking.EncodeT0(low.Slice(i * MlDsaField.N, MlDsaField.N), expanded.Slice(LowOffset + (i * MlDsaPacking.BytesT0), MlDsaPacking.BytesT0));
        }
    }

    /// <summary>The secret vectors, untransformed; false when a coefficient of s₁ or s₂ is out of range.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> expanded, Span<int> secrets, Span<int> low)
    {
        bool valid = true;
        for (int i = 0; i < MlDsaField.K + MlDsaField.L; i++)
        {
            valid &= MlDsaPacking.DecodeEta(expanded.Slice(SecretOffset + (i * MlDsaPacking.BytesEta), MlDsaPacking.BytesEta), secrets.Slice(i * MlDsaField.N, MlDsaField.N));
        }

        for (int i = 0; i < MlDsaField.K; i++)
        {
            MlDsaPacking.DecodeT0(expanded.Slice(LowOffset + (i * MlDsaPacking.BytesT0), MlDsaPacking.BytesT0), low.Slice(i * MlDsaField.N, MlDsaField.N));
        }

        return valid;
    }
}
