namespace Xtmp.Crypto.Tests;

/// <summary>The managed provider, noting what it is asked for.</summary>
internal sealed class CountingProvider : ICryptoProvider
{
    public const string Variable = "XTMP_TEST_COUNTING_PROVIDER";

    public List<string> Calls { get; } = [];

    public string Name => "counting";

    public bool IsSupported => true;

    public bool TakesRandomness => true;

    public IMlKem1024Key CreateMlKem1024Key(ReadOnlySpan<byte> seed)
    {
        Calls.Add("kem");
        return CryptoProviders.Managed.CreateMlKem1024Key(seed);
    }

    public void Encapsulate(ReadOnlySpan<byte> encapsulationKey, ReadOnlySpan<byte> randomness, Span<byte> ciphertext, Span<byte> sharedSecret)
    {
        Calls.Add("encapsulate");
        CryptoProviders.Managed.Encapsulate(encapsulationKey, randomness, ciphertext, sharedSecret);
    }

    public IMlDsa87PrivateKey CreateMlDsa87PrivateKey(ReadOnlySpan<byte> seed)
    {
        Calls.Add("sign");
        return CryptoProviders.Managed.CreateMlDsa87PrivateKey(seed);
    }

    public IMlDsa87PublicKey CreateMlDsa87PublicKey(ReadOnlySpan<byte> publicKey)
    {
        Calls.Add("import");
        return CryptoProviders.Managed.CreateMlDsa87PublicKey(publicKey);
    }

    public bool VerifyMlDsa87(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> context, ReadOnlySpan<byte> signature)
    {
        Calls.Add("verify");
        return CryptoProviders.Managed.VerifyMlDsa87(publicKey, message, context, signature);
    }
}
