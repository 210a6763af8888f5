using System.Runtime.CompilerServices;

namespace Xtmp.Crypto;

/// <summary>The provider written in this assembly.</summary>
[PublicData("Hands secrets on and computes nothing with them.")]
internal sealed class ManagedCryptoProvider : ICryptoProvider
{
    public string Name => "managed";

    public bool IsSupported => BitConverter.IsLittleEndian;

    public bool TakesRandomness => true;

    public IMlKem1024Key CreateMlKem1024Key(ReadOnlySpan<byte> seed) => ManagedMlKem1024Key.FromSeed(seed, KeccakBatch.Width);

    public void Encapsulate(ReadOnlySpan<byte> encapsulationKey, ReadOnlySpan<byte> randomness, Span<byte> ciphertext, Span<byte> sharedSecret) =>
        MlKemCore.Encapsulate(encapsulationKey, randomness, ciphertext, sharedSecret, KeccakBatch.Width);

    public IMlDsa87PrivateKey CreateMlDsa87PrivateKey(ReadOnlySpan<byte> seed) => ManagedMlDsa87PrivateKey.FromSeed(seed, KeccakBatch.Width);

    public IMlDsa87PublicKey CreateMlDsa87PublicKey(ReadOnlySpan<byte> publicKey) => new ManagedMlDsa87PublicKey(publicKey, KeccakBatch.Width);

    /// <summary>Expands on the stack (about 100 KiB) and allocates nothing.</summary>
    [SkipLocalsInit]
    public bool VerifyMlDsa87(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> context, ReadOnlySpan<byte> signature)
    {
        Span<int> matrix = stackalloc int[MlDsaCore.MatrixLength];
        Span<int> high = stackalloc int[MlDsaCore.SecretLength2];
        Span<byte> keyHash = stackalloc byte[MlDsaCore.KeyHashSize];
        Span<byte> representative = stackalloc byte[MlDsaCore.RepresentativeSize];
        ManagedMlDsa87PublicKey.Expand(publicKey, matrix, high, keyHash, KeccakBatch.Width);
        MlDsaCore.Represent(keyHash, message, context, representative);
        return MlDsaCore.Verify(matrix, high, representative, signature);
    }
}
