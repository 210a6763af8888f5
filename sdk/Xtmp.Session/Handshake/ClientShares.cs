using System.Security.Cryptography;
using Xtmp.Crypto;

namespace Xtmp.Session;

/// <summary>A client's fresh key pairs of one handshake or rekey, and the end of the agreement with them.</summary>
internal sealed class ClientShares : IDisposable
{
    private readonly MlKem1024PrivateKey _kem;
    private readonly X25519PrivateKey _privateKey;

    /// <summary>Takes 96 bytes of entropy: ML-KEM d ‖ z, then the X25519 key, whose place one of the pool takes.</summary>
    public ClientShares(IEntropy entropy, IKeySharePool? pool = null)
    {
        Span<byte> seed = stackalloc byte[MlKem1024.SeedSize + X25519.KeySize];
        entropy.Fill(seed);
        _kem = MlKem1024PrivateKey.FromSeed(seed[..MlKem1024.SeedSize]);
        _privateKey = pool?.TryTake() ?? X25519PrivateKey.FromBytes(seed[MlKem1024.SeedSize..]);
        CryptographicOperations.ZeroMemory(seed);
        _kem.WriteEncapsulationKey(EncapsulationKey);
        _privateKey.WritePublicKey(Share);
    }

    public byte[] EncapsulationKey { get; } = new byte[MlKem1024.EncapsulationKeySize];

    public byte[] Share { get; } = new byte[X25519.KeySize];

    /// <summary>The client's side of the agreement; false for a ciphertext of wrong length or a zero X25519 result.</summary>
    public bool TryFinish(ReadOnlySpan<byte> ct, ReadOnlySpan<byte> serverShare, Span<byte> input)
    {
        if (!_kem.TryDecapsulate(ct, input[..MlKem1024.SharedSecretSize])
            || !_privateKey.TryAgree(serverShare, input.Slice(MlKem1024.SharedSecretSize, X25519.KeySize)))
        {
            return false;
        }

        KeyAgreement.Finish(EncapsulationKey, ct, Share, serverShare, input);
        return true;
    }

    public void Dispose()
    {
        _kem.Dispose();
        _privateKey.Dispose();
    }
}
