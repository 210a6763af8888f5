namespace Xtmp.Crypto;

/// <summary>
/// An ML-DSA-87 public key, FIPS 204, expanded once so that repeated verification is fast (about 64 KiB under the
/// managed provider). Safe for concurrent use.
/// </summary>
[PublicData("A public key.")]
public sealed class MlDsa87PublicKey : IDisposable
{
    private readonly IMlDsa87PublicKey _key;

    private MlDsa87PublicKey(IMlDsa87PublicKey key) => _key = key;

    /// <summary>Takes 2592 bytes; every string of that length is a key.</summary>
    /// <returns>False when the length is wrong.</returns>
    public static bool TryImport(ReadOnlySpan<byte> publicKey, out MlDsa87PublicKey? key) =>
        TryImport(publicKey, CryptoProviders.Current, out key);

    /// <summary>Takes 2592 bytes for the provider named.</summary>
    public static bool TryImport(ReadOnlySpan<byte> publicKey, ICryptoProvider provider, out MlDsa87PublicKey? key)
    {
        key = publicKey.Length == MlDsa87.PublicKeySize ? new MlDsa87PublicKey(provider.CreateMlDsa87PublicKey(publicKey)) : null;
        return key is not null;
    }

    /// <summary>ML-DSA.Verify, FIPS 204 algorithm 3.</summary>
    /// <returns>False for a wrong length of context or signature as for a wrong signature.</returns>
    public bool Verify(ReadOnlySpan<byte> message, ReadOnlySpan<byte> context, ReadOnlySpan<byte> signature) =>
        signature.Length == MlDsa87.SignatureSize && context.Length <= MlDsa87.MaxContextSize && _key.Verify(message, context, signature);

    /// <summary>Releases what the provider holds; nothing of it is secret.</summary>
    public void Dispose() => _key.Dispose();
}
