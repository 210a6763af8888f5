namespace Xtmp.Crypto;

/// <summary>The provider written in this assembly.</summary>
[PublicData("Hands secrets on and computes nothing with them.")]
internal sealed class ManagedCryptoProvider : ICryptoProvider
{
    public string Name => "managed";

    public bool IsSupported => BitConverter.IsLittleEndian;

    public IMlKem1024Key CreateMlKem1024Key(ReadOnlySpan<byte> seed) => ManagedMlKem1024Key.FromSeed(seed, KeccakBatch.Width);

    public IMlDsa87PrivateKey CreateMlDsa87PrivateKey(ReadOnlySpan<byte> seed) => ManagedMlDsa87PrivateKey.FromSeed(seed, KeccakBatch.Width);

    public IMlDsa87PublicKey CreateMlDsa87PublicKey(ReadOnlySpan<byte> publicKey) => new ManagedMlDsa87PublicKey(publicKey, KeccakBatch.Width);
}
