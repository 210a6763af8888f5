using System.Security.Cryptography;
using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>A ticket shown in a hello: opened, its binder verified, and whether it may be used (SPEC §2, resumption).</summary>
internal static class Resumption
{
    /// <summary>
    /// Sets up the early secret, with the ticket's psk where it may be used. An unusable ticket means a full handshake;
    /// a wrong binder is fatal.
    /// </summary>
    public static SessionClose? Begin(HandshakeContext context, ServerSessionOptions options, in ClientHello hello, ReadOnlySpan<byte> payload, ref ClientTerms terms)
    {
        Span<byte> contents = stackalloc byte[TicketContents.MaxLength];
        var length = hello.Ticket.IsEmpty || options.TicketKeys is null ? -1 : options.TicketKeys.Open(hello.Ticket, context.Now, contents);
        try
        {
            if (length < 0 || !TicketContents.TryRead(contents[..length], out var ticket))
            {
                context.Secrets = new HandshakeSecrets(default);
                return null;
            }

            context.Secrets = new HandshakeSecrets(ticket.Psk);
            Span<byte> hash = stackalloc byte[Transcript.HashSize];
            Span<byte> binder = stackalloc byte[HandshakeLimits.BinderSize];
            ClientHello.HashForBinder(payload, hash);
            context.Secrets.ComputeBinder(hash, binder);
            if (!CryptographicOperations.FixedTimeEquals(binder, hello.Binder))
            {
                return SessionClose.Violation(SessionCloseReason.BinderMismatch, "The ticket's binder is invalid.");
            }

            if (TryResume(options, in hello, in ticket, context.Now, out var client))
            {
                terms = terms with { Encryption = ticket.Encryption, Resumed = new ResumedClient(client, ticket.SignedAt) };
            }
            else
            {
                context.Secrets = new HandshakeSecrets(default);
            }

            return null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(contents);
        }
    }

    private static bool TryResume(ServerSessionOptions options, in ClientHello hello, in TicketContents ticket, Instant now, out VerifiedPeer? client)
    {
        client = null;
        if (ticket.ServerFingerprint != options.Identity!.Public.Fingerprint
            || ticket.ServerName != hello.ServerName
            || now.Wall >= ticket.ExpiresAt
            || now.Wall >= ticket.SignedAt + TicketExchange.MaxAge
            || now.Wall < ticket.SignedAt - TicketExchange.MaxAge
            || !((ReadOnlySpan<byte>)hello.Encryption).Contains((byte)ticket.Encryption)
            || !options.EncryptionTypes.Contains(ticket.Encryption))
        {
            return false;
        }

        if (ticket.ClientFingerprint is not { } fingerprint)
        {
            return options.ClientAuthentication != ClientAuthentication.Required;
        }

        VerifiedCertificate? certificate = null;
        if (!ticket.ClientCertificateBody.IsEmpty)
        {
            if (!IdentityCertificate.TryDecodeBody(ticket.ClientCertificateBody, out var body) || body.RootFingerprint != ticket.ClientRoot)
            {
                return false;
            }

            certificate = new VerifiedCertificate(body);
        }

        var trust = ServerHandshake.Trust(options);
        var claim = new PeerIdentity { Role = PeerRole.Client, Fingerprint = fingerprint, Verified = certificate, Resumed = true };
        if (options.ClientAuthentication == ClientAuthentication.None
            || ticket.ClientPolicy != trust.Name
            || trust.Evaluate(claim, now) is not { IsTrusted: true } decision)
        {
            return false;
        }

        client = new VerifiedPeer(claim, decision.Certificate, trust.Name);
        return true;
    }
}
