using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Kems;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;
using Org.BouncyCastle.Security;

namespace Xtmp.Crypto.BouncyCastle;

/// <summary>
/// ML-KEM-1024 and ML-DSA-87 by BouncyCastle, with randomness from the arguments. Keys are safe for concurrent use;
/// BouncyCastle does not erase them.
/// </summary>
public sealed class BouncyCastleCryptoProvider : ICryptoProvider
{
    /// <inheritdoc/>
    public string Name => "bouncycastle";

    /// <inheritdoc/>
    public bool IsSupported => true;

    /// <inheritdoc/>
    public bool TakesRandomness => true;

    /// <inheritdoc/>
    public IMlKem1024Key CreateMlKem1024Key(ReadOnlySpan<byte> seed) =>
        new KemKey(MLKemPrivateKeyParameters.FromSeed(MLKemParameters.ml_kem_1024, seed.ToArray()));

    /// <inheritdoc/>
    public void Encapsulate(ReadOnlySpan<byte> encapsulationKey, ReadOnlySpan<byte> randomness, Span<byte> ciphertext, Span<byte> sharedSecret)
    {
        MLKemEncapsulator encapsulator = new(MLKemParameters.ml_kem_1024);
        MLKemPublicKeyParameters key = MLKemPublicKeyParameters.FromEncoding(MLKemParameters.ml_kem_1024, encapsulationKey.ToArray());
        encapsulator.Init(WithRandomness(key, randomness));
        encapsulator.Encapsulate(ciphertext, sharedSecret);
    }

    /// <inheritdoc/>
    public IMlDsa87PrivateKey CreateMlDsa87PrivateKey(ReadOnlySpan<byte> seed) =>
        new SigningKey(MLDsaPrivateKeyParameters.FromSeed(MLDsaParameters.ml_dsa_87, seed.ToArray()));

    /// <inheritdoc/>
    public IMlDsa87PublicKey CreateMlDsa87PublicKey(ReadOnlySpan<byte> publicKey) =>
        new VerifyingKey(MLDsaPublicKeyParameters.FromEncoding(MLDsaParameters.ml_dsa_87, publicKey.ToArray()));

    private static ParametersWithRandom WithRandomness(ICipherParameters key, ReadOnlySpan<byte> randomness) =>
        new(key, new SecureRandom(new GivenRandomness(randomness), autoSeedLengthInBytes: 0));

    private sealed class KemKey(MLKemPrivateKeyParameters key) : IMlKem1024Key
    {
        public void WriteEncapsulationKey(Span<byte> destination) => key.GetPublicKeyEncoded().CopyTo(destination);

        public void Decapsulate(ReadOnlySpan<byte> ciphertext, Span<byte> sharedSecret)
        {
            MLKemDecapsulator decapsulator = new(MLKemParameters.ml_kem_1024);
            decapsulator.Init(key);
            decapsulator.Decapsulate(ciphertext, sharedSecret);
        }

        public void Dispose()
        {
        }
    }

    private sealed class SigningKey(MLDsaPrivateKeyParameters key) : IMlDsa87PrivateKey
    {
        public void WritePublicKey(Span<byte> destination) => key.GetPublicKeyEncoded().CopyTo(destination);

        public void Sign(ReadOnlySpan<byte> message, ReadOnlySpan<byte> context, ReadOnlySpan<byte> randomness, Span<byte> signature)
        {
            MLDsaSigner signer = new(MLDsaParameters.ml_dsa_87, deterministic: false);
            signer.Init(forSigning: true, new ParametersWithContext(WithRandomness(key, randomness), context));
            signer.BlockUpdate(message);
            signer.GenerateSignature().CopyTo(signature);
        }

        public void Dispose()
        {
        }
    }

    private sealed class VerifyingKey(MLDsaPublicKeyParameters key) : IMlDsa87PublicKey
    {
        public bool Verify(ReadOnlySpan<byte> message, ReadOnlySpan<byte> context, ReadOnlySpan<byte> signature)
        {
            MLDsaSigner verifier = new(MLDsaParameters.ml_dsa_87, deterministic: false);
            verifier.Init(forSigning: false, new ParametersWithContext(key, context));
            verifier.BlockUpdate(message);
            return verifier.VerifySignature(signature.ToArray());
        }

        public void Dispose()
        {
        }
    }
}
