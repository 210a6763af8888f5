using System.Security.Cryptography;
using Xtmp.Crypto;

namespace Xtmp;

/// <summary>
/// An identity: an ML-DSA-87 and an Ed25519 private key, kept as seeds, that sign together. Safe for concurrent signing;
/// disposing erases both.
/// </summary>
[SecretHandling]
public sealed class IdentityKey : IDisposable
{
    private readonly MlDsa87PrivateKey _mlDsa;
    private readonly Ed25519PrivateKey _ed25519;

    private IdentityKey(MlDsa87PrivateKey mlDsa, Ed25519PrivateKey ed25519)
    {
        _mlDsa = mlDsa;
        _ed25519 = ed25519;
        Span<byte> mlDsaKey = stackalloc byte[MlDsa87.PublicKeySize];
        Span<byte> ed25519Key = stackalloc byte[Ed25519.PublicKeySize];
        mlDsa.WritePublicKey(mlDsaKey);
        ed25519.WritePublicKey(ed25519Key);
        IdentityPublicKey.TryImport(mlDsaKey, ed25519Key, out IdentityPublicKey? key);
        Public = key!;
    }

    /// <summary>What others know of this identity.</summary>
    public IdentityPublicKey Public { get; }

    /// <param name="mlDsaSeed">ξ, 32 bytes.</param>
    /// <param name="ed25519Seed">32 bytes.</param>
    public static IdentityKey FromSeeds(ReadOnlySpan<byte> mlDsaSeed, ReadOnlySpan<byte> ed25519Seed) =>
        new(MlDsa87PrivateKey.FromSeed(mlDsaSeed), Ed25519PrivateKey.FromSeed(ed25519Seed));

    /// <summary>A new identity; takes 64 bytes of entropy, the ML-DSA seed first.</summary>
    public static IdentityKey Generate(IEntropy entropy)
    {
        Span<byte> seeds = stackalloc byte[MlDsa87.SeedSize + Ed25519.SeedSize];
        entropy.Fill(seeds);
        try
        {
            return FromSeeds(seeds[..MlDsa87.SeedSize], seeds[MlDsa87.SeedSize..]);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seeds);
        }
    }

    /// <summary>
    /// Signs M′ = label ‖ role ‖ hash with both keys, ML-DSA with the label as its context and hedged by 32 bytes of
    /// entropy.
    /// </summary>
    /// <param name="label">For what purpose, at most 255 bytes.</param>
    /// <param name="role">Who signs, at most 255 bytes.</param>
    /// <param name="hash">SHA-512 of what is signed, made by the caller: 64 bytes.</param>
    /// <param name="mlDsaSignature">Receives 4627 bytes.</param>
    /// <param name="ed25519Signature">Receives 64 bytes.</param>
    public void Sign(ReadOnlySpan<byte> label, ReadOnlySpan<byte> role, ReadOnlySpan<byte> hash, IEntropy entropy, Span<byte> mlDsaSignature, Span<byte> ed25519Signature)
    {
        Span<byte> buffer = stackalloc byte[IdentityMessage.MaxSize];
        ReadOnlySpan<byte> message = buffer[..IdentityMessage.Write(label, role, hash, buffer)];
        Span<byte> randomness = stackalloc byte[MlDsa87.RandomnessSize];
        entropy.Fill(randomness);
        _mlDsa.Sign(message, label, randomness, mlDsaSignature);
        _ed25519.Sign(message, ed25519Signature);
        CryptographicOperations.ZeroMemory(randomness);
    }

    /// <summary>Writes both seeds, 32 bytes each.</summary>
    public void ExportSeeds(Span<byte> mlDsaSeed, Span<byte> ed25519Seed)
    {
        _mlDsa.ExportSeed(mlDsaSeed);
        _ed25519.ExportSeed(ed25519Seed);
    }

    /// <summary>The public fingerprint; never anything secret.</summary>
    public override string ToString() => Public.ToString();

    /// <summary>Erases both keys.</summary>
    public void Dispose()
    {
        _mlDsa.Dispose();
        _ed25519.Dispose();
    }
}
