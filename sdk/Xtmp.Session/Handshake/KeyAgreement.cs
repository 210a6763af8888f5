using System.Security.Cryptography;
using Xtmp.Crypto;

namespace Xtmp.Session;

/// <summary>
/// Both key agreements of suite 0x01 joined to one input:
/// <c>K_mlkem ‖ K_x25519 ‖ H(ek ‖ ct ‖ X_client ‖ X_server) ‖ "XTMP1-MLKEM1024-X25519"</c>.
/// </summary>
internal static class KeyAgreement
{
    public const int RandomnessSize = MlKem1024.EncapsulationRandomnessSize + X25519.KeySize;
    public const int InputSize = MlKem1024.SharedSecretSize + X25519.KeySize + KeyDerivation.SecretSize + 22;

    /// <summary>The server's side: answers a client's shares.</summary>
    /// <param name="ek">The client's encapsulation key.</param>
    /// <param name="clientShare">The client's X25519 key.</param>
    /// <param name="entropy">32 bytes for ML-KEM, then 32 for an X25519 key where the pool has none.</param>
    /// <param name="pool">X25519 keys made earlier, or null: none.</param>
    /// <param name="ct">The ciphertext.</param>
    /// <param name="serverShare">This end's X25519 key.</param>
    /// <param name="input">What the key schedule takes.</param>
    /// <returns>False when the client's key fails the modulus check or X25519 gives zero.</returns>
    public static bool TryAnswer(
        ReadOnlySpan<byte> ek, ReadOnlySpan<byte> clientShare, IEntropy entropy, IKeySharePool? pool, Span<byte> ct, Span<byte> serverShare, Span<byte> input)
    {
        Span<byte> randomness = stackalloc byte[RandomnessSize];
        entropy.Fill(randomness);
        try
        {
            using var privateKey = pool?.TryTake() ?? X25519PrivateKey.FromBytes(randomness[MlKem1024.EncapsulationRandomnessSize..]);
            if (!MlKem1024.TryEncapsulate(ek, randomness[..MlKem1024.EncapsulationRandomnessSize], ct, input[..MlKem1024.SharedSecretSize])
                || !privateKey.TryAgree(clientShare, input.Slice(MlKem1024.SharedSecretSize, X25519.KeySize)))
            {
                return false;
            }

            privateKey.WritePublicKey(serverShare);
            Finish(ek, ct, clientShare, serverShare, input);
            return true;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(randomness);
        }
    }

    internal static void Finish(ReadOnlySpan<byte> ek, ReadOnlySpan<byte> ct, ReadOnlySpan<byte> clientShare, ReadOnlySpan<byte> serverShare, Span<byte> input)
    {
        Span<byte> all = stackalloc byte[MlKem1024.EncapsulationKeySize + MlKem1024.CiphertextSize + (2 * X25519.KeySize)];
        ek.CopyTo(all);
        var length = ek.Length;
        ct.CopyTo(all[length..]);
        length += ct.Length;
        clientShare.CopyTo(all[length..]);
        length += clientShare.Length;
        serverShare.CopyTo(all[length..]);
        length += serverShare.Length;
        var offset = MlKem1024.SharedSecretSize + X25519.KeySize;
        SHA384.HashData(all[..length], input[offset..]);
        Labels.Agreement.CopyTo(input[(offset + KeyDerivation.SecretSize)..]);
    }
}
