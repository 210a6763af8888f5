using System.Security.Cryptography;
using Xtmp.Crypto;
using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>
/// A client's half of a resumption ticket: the server's sealed bytes and the secret that goes with them. Use it for one
/// handshake and drop it; taking it erases the secret. <see cref="ToString"/> shows no secret.
/// </summary>
public sealed class SessionTicket : IDisposable
{
    private readonly byte[] _sealed;
    private readonly byte[] _secret = GC.AllocateArray<byte>(KeyDerivation.SecretSize, pinned: true);
    private int _taken;

    internal SessionTicket(ReadOnlySpan<byte> sealedTicket, ReadOnlySpan<byte> secret)
    {
        _sealed = sealedTicket.ToArray();
        secret.CopyTo(_secret);
    }

    /// <summary>The server it is for.</summary>
    public Fingerprint ServerFingerprint { get; internal init; }

    /// <summary>The identity this client proved when it got the ticket, or null.</summary>
    public Fingerprint? ClientFingerprint { get; internal init; }

    /// <summary>After this a full handshake is needed.</summary>
    public DateTimeOffset ExpiresAt { get; internal init; }

    /// <summary>When both ends last proved their identities by signature.</summary>
    public DateTimeOffset SignedAt { get; internal init; }

    internal EncryptionType Encryption { get; init; }

    internal IdentityCertificate? ServerCertificate { get; init; }

    internal ReadOnlySpan<byte> Sealed => _sealed;

    /// <summary>Hands the secret over, once; false for every later taker.</summary>
    internal bool TryTake(Span<byte> secret)
    {
        if (Interlocked.Exchange(ref _taken, 1) != 0)
        {
            return false;
        }

        _secret.CopyTo(secret);
        CryptographicOperations.ZeroMemory(_secret);
        return true;
    }

    /// <summary>Erases the secret.</summary>
    public void Dispose()
    {
        Interlocked.Exchange(ref _taken, 1);
        CryptographicOperations.ZeroMemory(_secret);
    }

    public override string ToString() => $"ticket for {ServerFingerprint}, until {ExpiresAt:u}";
}
