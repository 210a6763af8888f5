using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Xtmp.Crypto;

/// <summary>
/// A signing key with Â, ŝ₁, ŝ₂ and t̂₀ expanded and transformed, about 80 KiB, so that a signature expands nothing but
/// its masks.
/// </summary>
[SecretHandling]
internal sealed class ManagedMlDsa87PrivateKey : IMlDsa87PrivateKey
{
    private readonly int[] _matrix = GC.AllocateUninitializedArray<int>(MlDsaCore.MatrixLength);
    private readonly int[] _secret1 = Secret.Allocate<int>(MlDsaCore.SecretLength1);
    private readonly int[] _secret2 = Secret.Allocate<int>(MlDsaCore.SecretLength2);
    private readonly int[] _low = Secret.Allocate<int>(MlDsaCore.SecretLength2);
    private readonly byte[] _signingSeed = Secret.Allocate<byte>(32);
    private readonly byte[] _keyHash = new byte[MlDsaCore.KeyHashSize];
    private readonly byte[] _publicKey = new byte[MlDsa87.PublicKeySize];
    private readonly int _width;
    private bool _disposed;

    private ManagedMlDsa87PrivateKey(int width) => _width = width;

    /// <summary>ML-DSA.KeyGen_internal, FIPS 204 algorithm 6.</summary>
    public static ManagedMlDsa87PrivateKey FromSeed(ReadOnlySpan<byte> seed, int width, Span<byte> expanded = default)
    {
        ManagedMlDsa87PrivateKey key = new(width);
        MlDsaCore.GenerateKey(seed, key._matrix, key._secret1, key._secret2, key._low, key._signingSeed, key._publicKey, expanded, width);
        Shake256.Hash(key._publicKey, key._keyHash);
        if (!expanded.IsEmpty)
        {
            key._keyHash.CopyTo(expanded[MlDsaExpandedKey.HashOffset..]);
        }

        return key;
    }

    /// <summary>
    /// A key in the long form; false for a wrong length or a coefficient of s₁ or s₂ out of range. tr is taken as given,
    /// since the long form is all that FIPS 204 algorithm 7 sees; the public key is computed from it.
    /// </summary>
    [SkipLocalsInit]
    public static bool TryFromExpanded(ReadOnlySpan<byte> expanded, out ManagedMlDsa87PrivateKey? key)
    {
        key = null;
        if (expanded.Length != MlDsaExpandedKey.Size)
        {
            return false;
        }

        Span<int> secrets = stackalloc int[MlDsaCore.SecretLength1 + MlDsaCore.SecretLength2];
        Span<int> t = stackalloc int[MlDsaField.N];
        Span<int> t0 = stackalloc int[MlDsaField.N];
        ManagedMlDsa87PrivateKey candidate = new(KeccakBatch.Width);
        if (!MlDsaExpandedKey.TryDecode(expanded, secrets, candidate._low))
        {
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(secrets));
            candidate.Dispose();
            return false;
        }

        MlDsaSampling.ExpandMatrix(expanded[..32], candidate._matrix, candidate._width);
        expanded.Slice(MlDsaExpandedKey.KeyOffset, 32).CopyTo(candidate._signingSeed);
        expanded.Slice(MlDsaExpandedKey.HashOffset, MlDsaCore.KeyHashSize).CopyTo(candidate._keyHash);
        secrets[..MlDsaCore.SecretLength1].CopyTo(candidate._secret1);
        secrets[MlDsaCore.SecretLength1..].CopyTo(candidate._secret2);
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(secrets));
        MlDsaCore.Transform(candidate._secret1);
        expanded[..32].CopyTo(candidate._publicKey);
        for (int i = 0; i < MlDsaField.K; i++)
        {
            MlDsaNtt.DotProduct(t, candidate._matrix.AsSpan(i * MlDsaCore.SecretLength1), candidate._secret1);
            MlDsaNtt.Inverse(t);
            MlDsaRounding.AddReduced(t, candidate._secret2.AsSpan(i * MlDsaField.N));
            MlDsaRounding.Power2Round(t, t0);
            MlDsaPacking.EncodeT1(t, candidate._publicKey.AsSpan(32 + (i * MlDsaPacking.BytesT1)));
        }

        MlDsaCore.Transform(candidate._secret2);
        MlDsaCore.Transform(candidate._low);
        key = candidate;
        return true;
    }

    [PublicData("The public key is public.")]
    public void WritePublicKey(Span<byte> destination) => _publicKey.CopyTo(destination);

    public void Sign(ReadOnlySpan<byte> message, ReadOnlySpan<byte> context, ReadOnlySpan<byte> randomness, Span<byte> signature)
    {
        Span<byte> representative = stackalloc byte[MlDsaCore.RepresentativeSize];
        MlDsaCore.Represent(_keyHash, message, context, representative);
        SignRepresentative(representative, randomness, signature);
    }

    /// <summary>μ of a message under this key, 64 bytes.</summary>
    public byte[] Represent(ReadOnlySpan<byte> message, ReadOnlySpan<byte> context)
    {
        byte[] representative = new byte[MlDsaCore.RepresentativeSize];
        MlDsaCore.Represent(_keyHash, message, context, representative);
        return representative;
    }

    /// <summary>Signs μ made outside (ExternalMu), for test vectors that give only it.</summary>
    public void SignRepresentative(ReadOnlySpan<byte> representative, ReadOnlySpan<byte> randomness, Span<byte> signature)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        MlDsaCore.Sign(_matrix, _secret1, _secret2, _low, _signingSeed, representative, randomness, signature, _width);
    }

    public void Dispose()
    {
        _disposed = true;
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(_secret1.AsSpan()));
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(_secret2.AsSpan()));
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(_low.AsSpan()));
        CryptographicOperations.ZeroMemory(_signingSeed);
    }
}
