using System.Security.Cryptography;
using Xtmp.Crypto;
using Xtmp.Protocol;

namespace Xtmp.Session;

/// <content>Resumption: tickets opened and tickets given.</content>
public sealed partial class ServerSession
{
    private static readonly TimeSpan MaxTicketAge = TimeSpan.FromHours(24);

    /// <summary>
    /// Sets up the early secret, with the ticket's psk where it may be used. An unusable ticket means a full handshake;
    /// a wrong binder is fatal. False when the session is over.
    /// </summary>
    private bool TryResume(in ClientHello hello, ReadOnlySpan<byte> payload)
    {
        Span<byte> contents = stackalloc byte[TicketContents.MaxLength];
        var length = hello.Ticket.IsEmpty || _options.TicketKeys is null ? -1 : _options.TicketKeys.Open(hello.Ticket, Now, contents);
        try
        {
            if (length < 0 || !TicketContents.TryRead(contents[..length], out var ticket))
            {
                _handshake = new HandshakeSecrets(default);
                return true;
            }

            _handshake = new HandshakeSecrets(ticket.Psk);
            Span<byte> hash = stackalloc byte[Transcript.HashSize];
            Span<byte> binder = stackalloc byte[HandshakeLimits.BinderSize];
            ClientHello.HashForBinder(payload, hash);
            _handshake.ComputeBinder(hash, binder);
            if (!CryptographicOperations.FixedTimeEquals(binder, hello.Binder))
            {
                Fail(SessionCloseReason.BinderMismatch, "The ticket's binder is invalid.");
                return false;
            }

            _resumed = MayResume(in hello, in ticket);
            if (!_resumed)
            {
                _handshake.Dispose();
                _handshake = new HandshakeSecrets(default);
            }

            return true;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(contents);
        }
    }

    private bool MayResume(in ClientHello hello, in TicketContents ticket)
    {
        if (ticket.ServerFingerprint != Identity.Public.Fingerprint
            || ticket.ServerName != hello.ServerName
            || Now.Wall >= ticket.ExpiresAt
            || Now.Wall >= ticket.SignedAt + MaxTicketAge
            || Now.Wall < ticket.SignedAt - MaxTicketAge
            || !Offers(in hello, ticket.Encryption)
            || !_options.EncryptionTypes.Contains(ticket.Encryption))
        {
            return false;
        }

        if (ticket.ClientFingerprint is { } fingerprint)
        {
            VerifiedCertificate? certificate = null;
            if (!ticket.ClientCertificateBody.IsEmpty)
            {
                if (!IdentityCertificate.TryDecodeBody(ticket.ClientCertificateBody, out var body) || body.RootFingerprint != ticket.ClientRoot)
                {
                    return false;
                }

                certificate = new VerifiedCertificate(body);
            }

            var client = new PeerIdentity { Role = PeerRole.Client, Fingerprint = fingerprint, Verified = certificate, Resumed = true };
            if (_options.ClientAuthentication == ClientAuthentication.None
                || ticket.ClientPolicy != ClientTrust.Name
                || ClientTrust.Evaluate(client, Now) is not { IsTrusted: true } decision)
            {
                return false;
            }

            _client = new VerifiedPeer(client, decision.Certificate, ClientTrust.Name);
        }
        else if (_options.ClientAuthentication == ClientAuthentication.Required)
        {
            return false;
        }

        _signedAt = ticket.SignedAt;
        _encryption = ticket.Encryption;
        return true;
    }

    private static bool Offers(in ClientHello hello, EncryptionType type) =>
        ((ReadOnlySpan<byte>)hello.Encryption).Contains((byte)type);

    private void SendTicket()
    {
        var established = Established!;
        var expires = Earlier(Now.Wall + _options.TicketLifetime, established.SignedAt + MaxTicketAge);
        var lifetime = (expires - Now.Wall).TotalSeconds;
        if (_options.TicketKeys is not { } ring || lifetime < 1)
        {
            return;
        }

        Span<byte> nonce = stackalloc byte[HandshakeLimits.TicketNonceSize];
        Span<byte> psk = stackalloc byte[KeyDerivation.SecretSize];
        Span<byte> contents = stackalloc byte[TicketContents.MaxLength];
        Span<byte> sealedTicket = stackalloc byte[TicketContents.MaxLength + TicketKeyRing.Overhead];
        Span<byte> message = stackalloc byte[RekeyMessages.MaxTicketLength];
        Entropy.Fill(nonce);
        Secrets!.DerivePsk(nonce, psk);
        var length = new TicketContents
        {
            Encryption = established.Encryption,
            ServerName = RequestedServerName,
            ServerFingerprint = established.ServerFingerprint,
            ClientFingerprint = established.ClientFingerprint,
            ClientCertificateBody = established.Peer?.Certificate is { } certificate ? certificate.Certificate.Body : default,
            ClientRoot = established.Peer?.Certificate?.Root,
            ClientPolicy = established.Peer?.Policy,
            SignedAt = established.SignedAt,
            ExpiresAt = expires,
            Psk = psk,
        }.Write(contents);
        length = ring.Seal(contents[..length], Entropy, Now, sealedTicket);
        if (length > 0)
        {
            QueueTicket(message[..RekeyMessages.WriteTicket(message, sealedTicket[..length], nonce, (uint)lifetime)]);
        }

        CryptographicOperations.ZeroMemory(psk);
        CryptographicOperations.ZeroMemory(contents);
    }

    private static DateTimeOffset Earlier(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;
}
