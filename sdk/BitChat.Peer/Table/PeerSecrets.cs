using System.Numerics;
using BitChat.Messages;
using Xtmp.Crypto;

namespace BitChat.Peer;

/// <summary>What a peer keeps to itself. All randomness it ever gives follows from the seed, so that a restart repeats itself.</summary>
/// <param name="PeerId">SHA-256 of the Ed25519 key.</param>
/// <param name="Signatures">Signs for it.</param>
/// <param name="Group">The coin's group.</param>
/// <param name="DealSecret">Behind the deal key of its seat.</param>
/// <param name="Seed">32 bytes.</param>
public sealed record PeerSecrets(ReadOnlyMemory<byte> PeerId, ISeatSignatures Signatures, CoinGroup Group, BigInteger DealSecret, ReadOnlyMemory<byte> Seed)
{
    /// <summary>The public side of <see cref="DealSecret"/>, 33 bytes.</summary>
    public byte[] DealKey => Group.Encode(Group.Multiply(Group.Generator, DealSecret));

    /// <summary>A signed request to sit at a table.</summary>
    /// <param name="game">The game, 16 bytes.</param>
    /// <param name="ed25519Key">This peer's public key.</param>
    /// <param name="postQuantumKey">Its ML-DSA-87 key, at a post-quantum table.</param>
    /// <param name="displayName">For people.</param>
    /// <param name="chips">What it brings; 0 for a witness.</param>
    /// <param name="nonce">16 bytes that make the request unique.</param>
    public JoinRequest Request(ReadOnlySpan<byte> game, ReadOnlyMemory<byte> ed25519Key, ReadOnlyMemory<byte>? postQuantumKey, string displayName, ulong chips, ReadOnlyMemory<byte> nonce)
    {
        var request = new JoinRequest
        {
            Player = PeerId,
            Ed25519Key = ed25519Key,
            DisplayName = displayName,
            Chips = chips,
            ProtocolVersion = 1,
            Nonce = nonce,
            DealKey = DealKey,
            PostQuantumKey = postQuantumKey,
            RequestSignature = new byte[64],
        };
        return request with { RequestSignature = Signatures.Sign(PeerIds.JoinText(game, request)) };
    }

    /// <summary>A peer with an Ed25519 key, with P-256 for the coin.</summary>
    /// <param name="key">Its key; stays the caller's to dispose.</param>
    /// <param name="seed">32 secret random bytes, kept as long as the key.</param>
    /// <param name="postQuantum">Its ML-DSA-87 key, for post-quantum tables; stays the caller's too.</param>
    public static PeerSecrets Of(Ed25519PrivateKey key, ReadOnlyMemory<byte> seed, MlDsa87PrivateKey? postQuantum = null)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (seed.Length != 32)
        {
            throw new ArgumentException("A seed has 32 bytes.", nameof(seed));
        }

        Span<byte> publicKey = stackalloc byte[Ed25519.PublicKeySize];
        key.WritePublicKey(publicKey);
        var secret = P256Group.Instance.HashToScalar([.. "BITCHAT1 deal key"u8, .. seed.Span]);
        return new PeerSecrets(PeerIds.Of(publicKey), new Ed25519Signatures(key, postQuantum), P256Group.Instance, secret, Sha256.HashData([.. "BITCHAT1 seed"u8, .. seed.Span]));
    }

    /// <summary>Never shows a secret.</summary>
    public override string ToString() => $"secrets of peer {Convert.ToHexString(PeerId.Span[..4])}";
}
