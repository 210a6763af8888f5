using System.Security.Cryptography;
using BitChat.Messages;
using BitChat.Peer;
using Xtmp.Crypto;

namespace Xtmp.Grains;

/// <summary>A seat without chips that the silo runs: a peer like any other's.</summary>
internal sealed class WitnessSeat : IDisposable
{
    private readonly Ed25519PrivateKey _key;
    private readonly MlDsa87PrivateKey? _postQuantum;

    /// <param name="seed">32 secret bytes from which its keys follow.</param>
    /// <param name="isPostQuantum">True at a post-quantum table.</param>
    public WitnessSeat(ReadOnlyMemory<byte> seed, bool isPostQuantum)
    {
        _key = Ed25519PrivateKey.FromSeed(Derive("XTMP1 witness key"u8, seed));
        _postQuantum = isPostQuantum ? MlDsa87PrivateKey.FromSeed(Derive("XTMP1 witness post-quantum key"u8, seed)) : null;
        Secrets = PeerSecrets.Of(_key, Derive("XTMP1 witness seed"u8, seed), _postQuantum);
    }

    public PeerSecrets Secrets { get; }

    /// <summary>The peer, once the game has begun.</summary>
    public TablePeer? Peer { get; set; }

    /// <summary>Numbers of the first record of its journal and of the next one, as this peer knows them.</summary>
    public (ulong First, ulong Next) Journal { get; set; }

    public JoinRequest Request(ReadOnlySpan<byte> game, ReadOnlyMemory<byte> nonce)
    {
        var publicKey = new byte[Ed25519.PublicKeySize];
        _key.WritePublicKey(publicKey);
        byte[]? second = null;
        if (_postQuantum is not null)
        {
            second = new byte[MlDsa87.PublicKeySize];
            _postQuantum.WritePublicKey(second);
        }

        return Secrets.Request(game, publicKey, second is null ? default(ReadOnlyMemory<byte>?) : second, "silo", 0, nonce);
    }

    public void Dispose()
    {
        _key.Dispose();
        _postQuantum?.Dispose();
    }

    private static byte[] Derive(ReadOnlySpan<byte> label, ReadOnlyMemory<byte> seed) => SHA256.HashData([.. label, .. seed.Span]);
}
