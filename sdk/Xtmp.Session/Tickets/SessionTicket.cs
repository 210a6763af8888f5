using System.Security.Cryptography;
using Xtmp.Crypto;
using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>
/// A client's part of a resumption ticket: the server's sealed bytes and the secret that goes with them. One session at a
/// time may take it. A session that is established spends it, which erases the secret; one that fails before, by a refusal
/// that nobody signed for example, gives it back. <see cref="ToString"/> shows no secret.
/// </summary>
public sealed class SessionTicket : IDisposable
{
    private const int Free = 0;
    private const int Taken = 1;
    private const int Spent = 2;
    private readonly byte[] _sealed;
    private readonly byte[] _secret = GC.AllocateArray<byte>(KeyDerivation.SecretSize, pinned: true);
    private int _state;

    internal SessionTicket(VerifiedPeer server, ReadOnlySpan<byte> sealedTicket, ReadOnlySpan<byte> secret)
    {
        Server = server;
        _sealed = sealedTicket.ToArray();
        secret.CopyTo(_secret);
    }

    /// <summary>The server it is for.</summary>
    public Fingerprint ServerFingerprint => Server.Fingerprint;

    /// <summary>The identity this client proved when it got the ticket, or null.</summary>
    public Fingerprint? ClientFingerprint { get; internal init; }

    /// <summary>After this a full handshake is needed.</summary>
    public DateTimeOffset ExpiresAt { get; internal init; }

    /// <summary>When both ends last proved their identities by signature.</summary>
    public DateTimeOffset SignedAt { get; internal init; }

    internal EncryptionType Encryption { get; init; }

    /// <summary>The server as the handshake before verified it.</summary>
    internal VerifiedPeer Server { get; }

    internal ReadOnlySpan<byte> Sealed => _sealed;

    /// <summary>Hands the secret to one session; false while another has it, and once it is spent.</summary>
    internal bool TryTake(Span<byte> secret)
    {
        if (Interlocked.CompareExchange(ref _state, Taken, Free) != Free)
        {
            return false;
        }

        _secret.CopyTo(secret);
        return true;
    }

    /// <summary>The session that took the secret is established: nobody uses it again.</summary>
    internal void Spend() => Dispose();

    /// <summary>The session that took the secret is over before it was established: another may try.</summary>
    internal void Release() => Interlocked.CompareExchange(ref _state, Free, Taken);

    /// <summary>Erases the secret.</summary>
    public void Dispose()
    {
        Interlocked.Exchange(ref _state, Spent);
        CryptographicOperations.ZeroMemory(_secret);
    }

    public override string ToString() => $"ticket for {ServerFingerprint}, until {ExpiresAt:u}";
}
