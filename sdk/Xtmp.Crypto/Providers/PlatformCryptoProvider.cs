using System.Security.Cryptography;

namespace Xtmp.Crypto;

/// <summary>
/// .NET's MLKem and MLDsa, for every operation. They draw the randomness of encapsulation and of hedged signing
/// themselves, so that neither can be repeated.
/// </summary>
[PublicData("Hands secrets to .NET and computes nothing with them.")]
internal sealed class PlatformCryptoProvider : ICryptoProvider
{
    public string Name => "platform";

    public bool IsSupported => MLKem.IsSupported && MLDsa.IsSupported;

    public bool TakesRandomness => false;

    public IMlKem1024Key CreateMlKem1024Key(ReadOnlySpan<byte> seed) =>
        new KemKey(MLKem.ImportPrivateSeed(MLKemAlgorithm.MLKem1024, seed));

    public void Encapsulate(ReadOnlySpan<byte> encapsulationKey, ReadOnlySpan<byte> randomness, Span<byte> ciphertext, Span<byte> sharedSecret)
    {
        using MLKem key = MLKem.ImportEncapsulationKey(MLKemAlgorithm.MLKem1024, encapsulationKey);
        key.Encapsulate(ciphertext, sharedSecret);
    }

    public IMlDsa87PrivateKey CreateMlDsa87PrivateKey(ReadOnlySpan<byte> seed) =>
        new SigningKey(MLDsa.ImportMLDsaPrivateSeed(MLDsaAlgorithm.MLDsa87, seed));

    public IMlDsa87PublicKey CreateMlDsa87PublicKey(ReadOnlySpan<byte> publicKey) =>
        new VerifyingKey(MLDsa.ImportMLDsaPublicKey(MLDsaAlgorithm.MLDsa87, publicKey));

    private sealed class KemKey(MLKem key) : IMlKem1024Key
    {
        public void WriteEncapsulationKey(Span<byte> destination) => key.ExportEncapsulationKey(destination);

        public void Decapsulate(ReadOnlySpan<byte> ciphertext, Span<byte> sharedSecret) => key.Decapsulate(ciphertext, sharedSecret);

        public void Dispose() => key.Dispose();
    }

    private sealed class SigningKey(MLDsa key) : IMlDsa87PrivateKey
    {
        public void WritePublicKey(Span<byte> destination) => key.ExportMLDsaPublicKey(destination);

        public void Sign(ReadOnlySpan<byte> message, ReadOnlySpan<byte> context, ReadOnlySpan<byte> randomness, Span<byte> signature) =>
            key.SignData(message, signature, context);

        public void Dispose() => key.Dispose();
    }

    private sealed class VerifyingKey(MLDsa key) : IMlDsa87PublicKey
    {
        public bool Verify(ReadOnlySpan<byte> message, ReadOnlySpan<byte> context, ReadOnlySpan<byte> signature)
        {
            try
            {
                return key.VerifyData(message, signature, context);
            }
            catch (CryptographicException)
            {
                return false;
            }
        }

        public void Dispose() => key.Dispose();
    }
}
