namespace Xtmp.Crypto;

/// <summary>
/// Where ML-KEM-1024 and ML-DSA-87 are computed. Every provider gives the same results for the same arguments; one
/// conformance suite holds them to it.
/// </summary>
public interface ICryptoProvider
{
    /// <summary>For people: <c>managed</c> or <c>platform</c>.</summary>
    string Name { get; }

    /// <summary>Whether it works on this machine.</summary>
    bool IsSupported { get; }

    /// <summary>Expands the seed d ‖ z of 64 bytes.</summary>
    IMlKem1024Key CreateMlKem1024Key(ReadOnlySpan<byte> seed);

    /// <summary>Expands the seed ξ of 32 bytes.</summary>
    IMlDsa87PrivateKey CreateMlDsa87PrivateKey(ReadOnlySpan<byte> seed);

    /// <summary>Takes a public key of 2592 bytes; every such string is one.</summary>
    IMlDsa87PublicKey CreateMlDsa87PublicKey(ReadOnlySpan<byte> publicKey);
}
