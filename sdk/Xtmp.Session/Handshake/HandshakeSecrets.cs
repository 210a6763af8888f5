using System.Security.Cryptography;

namespace Xtmp.Session;

/// <summary>The secrets that live only as long as the handshake: early, hs and the two handshake traffic secrets.</summary>
internal sealed class HandshakeSecrets : IDisposable
{
    private const int Size = KeyDerivation.SecretSize;

    // One pinned block, so that the collector leaves no copies behind and one call erases it all.
    private readonly byte[] _block = GC.AllocateArray<byte>(4 * Size, pinned: true);

    /// <param name="psk">The ticket's secret, or empty.</param>
    public HandshakeSecrets(ReadOnlySpan<byte> psk)
    {
        Span<byte> zero = stackalloc byte[Size];
        zero.Clear();
        Xtmp.Crypto.Hkdf.ExtractSha384(zero, psk.IsEmpty ? zero : psk, Early);
    }

    public ReadOnlySpan<byte> ClientTraffic => _block.AsSpan(2 * Size, Size);

    public ReadOnlySpan<byte> ServerTraffic => _block.AsSpan(3 * Size, Size);

    private Span<byte> Early => _block.AsSpan(0, Size);

    private Span<byte> Handshake => _block.AsSpan(Size, Size);

    /// <summary>binder = HMAC-SHA-384(L(early, "bind", "", 48), H(T)).</summary>
    public void ComputeBinder(ReadOnlySpan<byte> hash, Span<byte> binder)
    {
        Span<byte> key = stackalloc byte[Size];
        KeyDerivation.Expand(Early, "bind"u8, default, key);
        Xtmp.Crypto.HmacSha384.Compute(key, hash, binder);
        CryptographicOperations.ZeroMemory(key);
    }

    /// <summary>hs, c_hs and s_hs; early is erased.</summary>
    public void EnterHandshake(ReadOnlySpan<byte> agreement, ReadOnlySpan<byte> serverHelloHash)
    {
        KeyDerivation.Advance(Early, "derived"u8, KeyDerivation.EmptyHash, agreement, Handshake);
        CryptographicOperations.ZeroMemory(Early);
        KeyDerivation.Expand(Handshake, "c hs"u8, serverHelloHash, _block.AsSpan(2 * Size, Size));
        KeyDerivation.Expand(Handshake, "s hs"u8, serverHelloHash, _block.AsSpan(3 * Size, Size));
    }

    /// <summary>ms = Extract(L(hs, "derived", H(""), 48), 0^48).</summary>
    public void DeriveMaster(Span<byte> master)
    {
        Span<byte> zero = stackalloc byte[Size];
        zero.Clear();
        KeyDerivation.Advance(Handshake, "derived"u8, KeyDerivation.EmptyHash, zero, master);
    }

    /// <summary>Finished = HMAC-SHA-384(L(x_hs, "fin", "", 48), TH of everything before it).</summary>
    public static void ComputeFinished(ReadOnlySpan<byte> trafficSecret, ReadOnlySpan<byte> hash, Span<byte> mac)
    {
        Span<byte> key = stackalloc byte[Size];
        KeyDerivation.Expand(trafficSecret, "fin"u8, default, key);
        Xtmp.Crypto.HmacSha384.Compute(key, hash, mac);
        CryptographicOperations.ZeroMemory(key);
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(_block);
}
