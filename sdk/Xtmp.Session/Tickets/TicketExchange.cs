using System.Security.Cryptography;
using Xtmp.Crypto;

namespace Xtmp.Session;

/// <summary>The Ticket message of an established session: made by the server, taken by the client (SPEC §2, resumption).</summary>
internal static class TicketExchange
{
    /// <summary>How long after the last signed handshake a ticket may be used.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromHours(24);

    /// <summary>At a server: the message, or nothing where no ticket is given.</summary>
    public static byte[] Issue(ServerSessionOptions options, EstablishedSession established, string? serverName, SessionSecrets secrets, IEntropy entropy, Instant now)
    {
        var expires = Earlier(now.Wall + options.TicketLifetime, established.SignedAt + MaxAge);
        var lifetime = (expires - now.Wall).TotalSeconds;
        if (options.TicketKeys is not { } ring || lifetime < 1)
        {
            return [];
        }

        Span<byte> nonce = stackalloc byte[HandshakeLimits.TicketNonceSize];
        Span<byte> psk = stackalloc byte[KeyDerivation.SecretSize];
        Span<byte> contents = stackalloc byte[TicketContents.MaxLength];
        Span<byte> sealedTicket = stackalloc byte[TicketContents.MaxLength + TicketKeyRing.Overhead];
        Span<byte> message = stackalloc byte[RekeyMessages.MaxTicketLength];
        entropy.Fill(nonce);
        secrets.DerivePsk(nonce, psk);
        var length = new TicketContents
        {
            Encryption = established.Encryption,
            ServerName = serverName,
            ServerFingerprint = established.ServerFingerprint,
            ClientFingerprint = established.ClientFingerprint,
            ClientCertificateBody = established.Peer?.Certificate is { } certificate ? certificate.Certificate.Body : default,
            ClientRoot = established.Peer?.Certificate?.Root,
            ClientPolicy = established.Peer?.Policy,
            SignedAt = established.SignedAt,
            ExpiresAt = expires,
            Psk = psk,
        }.Write(contents);
        length = ring.Seal(contents[..length], entropy, now, sealedTicket);
        CryptographicOperations.ZeroMemory(psk);
        CryptographicOperations.ZeroMemory(contents);
        return length == 0 ? [] : message[..RekeyMessages.WriteTicket(message, sealedTicket[..length], nonce, (uint)lifetime)].ToArray();
    }

    /// <summary>At a client: the ticket, with the psk computed now, from the secrets as they are at receipt.</summary>
    public static SessionClose? Accept(ReadOnlySpan<byte> payload, EstablishedSession established, SessionSecrets secrets, Instant now, out SessionTicket? ticket)
    {
        ticket = null;
        if (!RekeyMessages.TryReadTicket(payload, out var sealedTicket, out var nonce, out var lifetime))
        {
            return SessionClose.Violation(SessionCloseReason.MalformedPayload, "A ticket is malformed.");
        }

        Span<byte> psk = stackalloc byte[KeyDerivation.SecretSize];
        secrets.DerivePsk(nonce, psk);
        ticket = new SessionTicket(established.Peer!, sealedTicket, psk)
        {
            ClientFingerprint = established.ClientFingerprint,
            ExpiresAt = Earlier(now.Wall.AddSeconds(Math.Min(lifetime, MaxAge.TotalSeconds)), established.SignedAt + MaxAge),
            SignedAt = established.SignedAt,
            Encryption = established.Encryption,
        };
        CryptographicOperations.ZeroMemory(psk);
        return null;
    }

    private static DateTimeOffset Earlier(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;
}
