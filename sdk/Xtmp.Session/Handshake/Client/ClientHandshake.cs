using System.Security.Cryptography;
using Xtmp.Crypto;
using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>
/// The client's handshake: ClientHello, then AwaitServerHello → AwaitServerParams → AwaitServerIdentity → AwaitServerAuth →
/// AwaitServerFinished; a resumed one goes from Params to Finished (SPEC §2).
/// </summary>
internal static class ClientHandshake
{
    /// <summary>Writes ClientHello and waits for the answer.</summary>
    public static Handshake Start(ClientSessionOptions options, IEntropy entropy, Instant now, PooledOutput output)
    {
        ArgumentNullException.ThrowIfNull(options.ServerTrust);
        var context = new HandshakeContext(PeerRole.Client, options, entropy, now, output);
        Span<byte> psk = stackalloc byte[KeyDerivation.SecretSize];
        var ticket = IsUsable(options, now) && options.Ticket!.TryTake(psk) ? options.Ticket : null;
        context.Secrets = new HandshakeSecrets(ticket is null ? default : psk);
        CryptographicOperations.ZeroMemory(psk);
        var offer = new ClientOffer(options, new ClientShares(entropy, options.KeySharePool), ticket, now.Monotonic);
        SendHello(context, offer);
        return new Handshake(context, new AwaitServerHello(context, offer), offer);
    }

    private static bool IsUsable(ClientSessionOptions options, Instant now) =>
        options.Ticket is { } ticket
        && now.Wall < ticket.ExpiresAt
        && now.Wall < ticket.SignedAt + TicketExchange.MaxAge
        && now.Wall >= ticket.SignedAt - TicketExchange.MaxAge
        && options.EncryptionTypes.Contains(ticket.Encryption)
        && (ticket.ClientFingerprint is null || ticket.ClientFingerprint == options.Identity?.Public.Fingerprint)
        && ticket.Server.Policy == options.ServerTrust.Name
        && options.ServerTrust.Evaluate(ticket.Server.ToClaim() with { ExpectedName = options.ServerName }, now).IsTrusted;

    private static void SendHello(HandshakeContext context, ClientOffer offer)
    {
        var options = offer.Options;
        Span<byte> random = stackalloc byte[HandshakeLimits.RandomSize];
        context.Entropy.Fill(random);
        var buffer = new byte[ClientHello.MaxLength(offer.Ticket?.Sealed.Length ?? 0)];
        var known = options.ServerTrust.KnownKey?.Fingerprint;
        var length = ClientHello.Write(buffer, options, random, offer.Shares, known, offer.Ticket);
        var payload = buffer.AsSpan(0, length);
        ClientHello.TrySplit(payload, out var hello);
        if (offer.Ticket is not null)
        {
            Span<byte> hash = stackalloc byte[Transcript.HashSize];
            ClientHello.HashForBinder(payload, hash);
            context.Secrets.ComputeBinder(hash, payload.Slice(hello.Body.Length, HandshakeLimits.BinderSize));
        }

        if ((offer.Ticket?.ServerFingerprint ?? options.ServerTrust.ExpectedFingerprint) is { } server)
        {
            ClientHello.ComputeMac1(server, hello.Mac1Input, payload[^HandshakeLimits.Mac1Size..]);
        }

        context.Transcript.Append(FrameCode.Handshake, payload);
        context.SendPlain(FrameCode.Handshake, FrameKind.OneWay, payload);
    }
}
