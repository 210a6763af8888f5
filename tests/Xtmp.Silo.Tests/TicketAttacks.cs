using System.Security.Cryptography;
using Xtmp.Crypto;
using Xtmp.Session;

namespace Xtmp.Silo.Tests;

/// <summary>Attacks on resumption: hellos with tickets that are not what they should be.</summary>
internal static class TicketAttacks
{
    private const int BinderSize = 48;
    private const int Tail = BinderSize + HandshakeAttacks.Mac1Size;

    public static IEnumerable<Attack> All(Fingerprint server)
    {
        yield return Resumption("a binder with a bit flipped", SessionCloseReason.BinderMismatch, server, payload => payload[^Tail] ^= 1);
        yield return Resumption("a binder of zeros", SessionCloseReason.BinderMismatch, server, payload => payload.AsSpan(payload.Length - Tail, BinderSize).Clear());
        yield return Resumption("somebody else's ticket under one's own keys", SessionCloseReason.BinderMismatch, server, payload =>
            X25519Share(payload).Fill(9));
        yield return Resumption("the offer of AES-256-GCM taken out on the way", SessionCloseReason.BinderMismatch, server, payload => payload[6] ^= 1);

        // Unusable is no crime, it means a full handshake: what ends the connection is that the forger cannot go on.
        yield return Resumption("a ticket with a bit flipped", SessionCloseReason.EndOfStream, server, payload => Ticket(payload)[20] ^= 1) with { ThenEnds = true };
        yield return Resumption("a forged ticket", SessionCloseReason.EndOfStream, server, payload => RandomNumberGenerator.Fill(Ticket(payload))) with { ThenEnds = true };
        yield return Resumption("a forged ticket, then noise for Finished", SessionCloseReason.MalformedFrame, server, payload => RandomNumberGenerator.Fill(Ticket(payload)), new byte[200]);
    }

    /// <summary>A live ticket of the silo, for a raw peer, which like this one names no host.</summary>
    public static async Task<SessionTicket> TakeTicketAsync(TestSilo silo)
    {
        await using var peer = await RawPeer.EstablishAsync(silo);
        return (await peer.ReceiveUntilAsync(SessionEventKind.TicketReceived)).Ticket!;
    }

    /// <summary>The ticket's bytes in the payload of a hello that names neither a host nor a known server.</summary>
    public static Span<byte> Ticket(byte[] payload)
    {
        var rest = AfterEncapsulationKey(payload)[(2 + X25519.KeySize)..];
        Assert.True(rest is [0xC0, 0xC0, ..]);
        return rest[2] == 0xC4 ? rest.Slice(4, rest[3]) : rest.Slice(5, (rest[3] << 8) | rest[4]);
    }

    private static Span<byte> X25519Share(byte[] payload) => AfterEncapsulationKey(payload).Slice(2, X25519.KeySize);

    private static Span<byte> AfterEncapsulationKey(byte[] payload) =>
        payload.AsSpan(payload.AsSpan().IndexOf<byte>([0xC5, 0x06, 0x20]) + 3 + MlKem1024.EncapsulationKeySize);

    private static Attack Resumption(string name, SessionCloseReason reason, Fingerprint server, Action<byte[]> change, byte[]? then = null) =>
        new("resumption: " + name, reason, false, peer =>
            [
                .. HandshakeAttacks.Changed(peer, payload =>
                {
                    change(payload);
                    HandshakeAttacks.Authenticate(payload, server);
                }),
                .. then ?? [],
            ],
            WithTicket: true);
}
