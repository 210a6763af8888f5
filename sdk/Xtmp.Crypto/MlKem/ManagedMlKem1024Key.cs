using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Xtmp.Crypto;

/// <summary>
/// A decapsulation key with everything expanded: Â, ŝ, t̂, ek, H(ek) and z. About 14 KiB, so that decapsulation does not
/// expand the matrix a second time.
/// </summary>
[SecretHandling]
internal sealed class ManagedMlKem1024Key : IMlKem1024Key
{
    private readonly short[] _matrix = GC.AllocateUninitializedArray<short>(MlKemCore.MatrixLength);
    private readonly short[] _secret = Secret.Allocate<short>(MlKemCore.VectorLength);
    private readonly short[] _public = GC.AllocateUninitializedArray<short>(MlKemCore.VectorLength);
    private readonly byte[] _encapsulationKey = GC.AllocateUninitializedArray<byte>(MlKem1024.EncapsulationKeySize);
    private readonly byte[] _keyHash = GC.AllocateUninitializedArray<byte>(Sha3.Size256);
    private readonly byte[] _z = Secret.Allocate<byte>(32);
    private readonly int _width;
    private bool _disposed;

    private ManagedMlKem1024Key(int width) => _width = width;

    /// <summary>ML-KEM.KeyGen_internal, FIPS 203 algorithm 16.</summary>
    public static ManagedMlKem1024Key FromSeed(ReadOnlySpan<byte> seed, int width)
    {
        Span<byte> seeds = stackalloc byte[64];
        MlKemCore.DeriveSeeds(seed[..32], seeds);
        ManagedMlKem1024Key key = FromDerivedSeeds(seeds, seed[32..], width);
        CryptographicOperations.ZeroMemory(seeds);
        return key;
    }

    /// <summary>
    /// The same with ρ ‖ σ derived outside: the published accumulated vectors derive them as the draft of FIPS 203 did.
    /// </summary>
    public static ManagedMlKem1024Key FromDerivedSeeds(ReadOnlySpan<byte> seeds, ReadOnlySpan<byte> z, int width)
    {
        ManagedMlKem1024Key key = new(width);
        MlKemCore.GenerateKey(seeds, key._matrix, key._secret, key._public, key._encapsulationKey, width);
        Sha3.Hash256(key._encapsulationKey, key._keyHash);
        z.CopyTo(key._z);
        return key;
    }

    /// <summary>
    /// A key in the long form ŝ ‖ ek ‖ H(ek) ‖ z, with the checks of FIPS 203 section 7.3: length and hash. The modulus
    /// check is made on ek and ŝ as well, since products rely on coefficients below q. The product keeps seeds; this
    /// serves test vectors that have only the long form.
    /// </summary>
    public static bool TryFromExpanded(ReadOnlySpan<byte> expanded, out ManagedMlKem1024Key? key)
    {
        key = null;
        if (expanded.Length != MlKemCore.ExpandedDecapsulationKeySize)
        {
            return false;
        }

        ManagedMlKem1024Key candidate = new(KeccakBatch.Width);
        expanded.Slice(MlKemCore.SecretVectorSize, MlKem1024.EncapsulationKeySize).CopyTo(candidate._encapsulationKey);
        Sha3.Hash256(candidate._encapsulationKey, candidate._keyHash);
        ReadOnlySpan<byte> tail = expanded[(MlKemCore.SecretVectorSize + MlKem1024.EncapsulationKeySize)..];
        tail[32..].CopyTo(candidate._z);
        bool valid = tail[..32].SequenceEqual(candidate._keyHash)
            & MlKem1024.TryDecodeVector(expanded[..MlKemCore.SecretVectorSize], candidate._secret)
            & MlKem1024.TryDecodeVector(candidate._encapsulationKey, candidate._public);
        if (!valid)
        {
            candidate.Dispose();
            return false;
        }

        MlKemSampling.ExpandMatrix(candidate._encapsulationKey.AsSpan(MlKemCore.SecretVectorSize), candidate._matrix, candidate._width);
        key = candidate;
        return true;
    }

    [PublicData("The encapsulation key is public.")]
    public void WriteEncapsulationKey(Span<byte> destination) => _encapsulationKey.CopyTo(destination);

    public void Decapsulate(ReadOnlySpan<byte> ciphertext, Span<byte> sharedSecret)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        MlKemCore.Decapsulate(_matrix, _public, _secret, _keyHash, _z, ciphertext, sharedSecret, _width);
    }

    /// <summary>The long form dk = ŝ ‖ ek ‖ H(ek) ‖ z.</summary>
    public void ExportExpanded(Span<byte> destination)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        for (int i = 0; i < MlKemField.K; i++)
        {
            MlKemPacking.Encode12(_secret.AsSpan(i * MlKemField.N, MlKemField.N), destination[(i * MlKemPacking.Bytes12)..]);
        }

        Span<byte> rest = destination[MlKemCore.SecretVectorSize..];
        _encapsulationKey.CopyTo(rest);
        _keyHash.CopyTo(rest[MlKem1024.EncapsulationKeySize..]);
        _z.CopyTo(rest[(MlKem1024.EncapsulationKeySize + 32)..]);
    }

    public void Dispose()
    {
        _disposed = true;
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(_secret.AsSpan()));
        CryptographicOperations.ZeroMemory(_z);
    }
}
