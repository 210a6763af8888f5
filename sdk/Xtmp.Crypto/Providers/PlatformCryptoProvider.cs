using System.Security.Cryptography;

namespace Xtmp.Crypto;

/// <summary>
/// .NET's MLKem and MLDsa. They draw the randomness of encapsulation and of hedged signing themselves; where this room
/// is handed that randomness (encapsulation, signing) the managed code computes, so that equal arguments give equal
/// results under every provider. Key generation, decapsulation and verification are the platform's.
/// </summary>
[PublicData("Hands secrets to .NET and computes nothing with them.")]
internal sealed class PlatformCryptoProvider : ICryptoProvider
{
    public string Name => "platform";

    public bool IsSupported => MLKem.IsSupported && MLDsa.IsSupported;

    public IMlKem1024Key CreateMlKem1024Key(ReadOnlySpan<byte> seed) =>
        new KemKey(MLKem.ImportPrivateSeed(MLKemAlgorithm.MLKem1024, seed));

    public IMlDsa87PrivateKey CreateMlDsa87PrivateKey(ReadOnlySpan<byte> seed) =>
        new SigningKey(MLDsa.ImportMLDsaPrivateSeed(MLDsaAlgorithm.MLDsa87, seed), CryptoProviders.Managed.CreateMlDsa87PrivateKey(seed));

    public IMlDsa87PublicKey CreateMlDsa87PublicKey(ReadOnlySpan<byte> publicKey) =>
        new VerifyingKey(MLDsa.ImportMLDsaPublicKey(MLDsaAlgorithm.MLDsa87, publicKey));

    private sealed class KemKey(MLKem key) : IMlKem1024Key
    {
        public void WriteEncapsulationKey(Span<byte> destination) => key.ExportEncapsulationKey(destination);

        public bool TryDecapsulate(ReadOnlySpan<byte> ciphertext, Span<byte> sharedSecret)
        {
            try
            {
                key.Decapsulate(ciphertext, sharedSecret);
                return true;
            }
            catch (CryptographicException)
            {
                CryptographicOperations.ZeroMemory(sharedSecret);
                return false;
            }
        }

        public void Dispose() => key.Dispose();
    }

    private sealed class SigningKey(MLDsa key, IMlDsa87PrivateKey signer) : IMlDsa87PrivateKey
    {
        public void WritePublicKey(Span<byte> destination) => key.ExportMLDsaPublicKey(destination);

        public void Sign(ReadOnlySpan<byte> message, ReadOnlySpan<byte> context, ReadOnlySpan<byte> randomness, Span<byte> signature) =>
            signer.Sign(message, context, randomness, signature);

        public void Dispose()
        {
            key.Dispose();
            signer.Dispose();
        }
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
