using System.Buffers.Binary;
using Xtmp.Crypto;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.TestKit;
using Xtmp.Testing;
using Xtmp.Transport;

namespace Xtmp.Silo.Tests;

/// <summary>Tickets against a running silo, over real sockets: when they resume, and when they must not.</summary>
public sealed class ResumptionTests
{
    [Fact]
    public async Task a_client_comes_back_with_its_ticket_and_its_identity()
    {
        await using var silo = await TestSilo.StartAsync();
        using var identity = IdentityKey.Generate(SystemEntropy.Instance);
        await using var peer = await ComeBackAsync(silo, identity, await TakeTicketAsync(silo, identity));
        Assert.True(peer.Session.Established!.Resumed);
        Assert.Equal(identity.Public.Fingerprint, peer.Session.Established.ClientFingerprint);
        await AssertServedAsync(peer);
    }

    [Fact]
    public async Task a_client_that_was_shut_out_is_not_let_in_by_a_live_ticket()
    {
        using var identity = IdentityKey.Generate(SystemEntropy.Instance);
        var allowed = true;
        await using var silo = await TestSilo.StartAsync(options => options with
        {
            ClientAuthentication = ClientAuthentication.Required,
            ClientTrust = TrustPolicy.AnyOf(fingerprint => Volatile.Read(ref allowed) && fingerprint == identity.Public.Fingerprint),
        });
        var unused = await TakeTicketAsync(silo, identity);
        var ticket = await TakeTicketAsync(silo, identity);
        await using (var resumed = await ComeBackAsync(silo, identity, unused))
        {
            Assert.True(resumed.Session.Established!.Resumed);
        }

        Volatile.Write(ref allowed, false);

        // This end is established when it has sent its Finished, and hears of the refusal after that.
        await using var peer = await ComeBackAsync(silo, identity, ticket);
        Assert.False(peer.Session.Established!.Resumed);
        await silo.Log.WaitForAsync(line => line.Contains($" closed {SessionCloseReason.UntrustedPeer} ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task an_expired_ticket_means_a_full_handshake()
    {
        var clock = new VirtualTimeProvider(DateTimeOffset.UtcNow);
        await using var silo = await TestSilo.StartAsync(options => options with { TimeProvider = clock, TicketLifetime = TimeSpan.FromMinutes(10) });
        foreach (var (age, resumes) in new[] { (TimeSpan.FromMinutes(9), true), (TimeSpan.FromMinutes(11), false) })
        {
            var ticket = await TakeTicketAsync(silo, identity: null);
            clock.Advance(age);

            // The client's own clock stands still for it, so that it offers the ticket.
            await using var peer = await ComeBackAsync(silo, identity: null, ticket);
            Assert.Equal(resumes, peer.Session.Established!.Resumed);
            await AssertServedAsync(peer);
        }
    }

    // The keys of tickets are a process's own, unless a cluster's secret is configured (ClusterSessionTests).
    [Fact]
    public async Task a_ticket_does_not_outlive_the_process_that_gave_it()
    {
        await using var silo = await TestSilo.StartAsync();
        var ticket = await TakeTicketAsync(silo, identity: null);
        await silo.RestartAsync();
        await using var peer = await ComeBackAsync(silo, identity: null, ticket);
        Assert.False(peer.Session.Established!.Resumed);
        await AssertServedAsync(peer);
    }

    [Fact]
    public async Task a_forged_ticket_is_not_resumed()
    {
        await using var silo = await TestSilo.StartAsync();
        foreach (var forge in new[] { false, true })
        {
            await using var peer = await RawPeer.ConnectAsync(silo, ticket: await TicketAttacks.TakeTicketAsync(silo));
            await peer.SendAsync(HandshakeAttacks.Changed(peer, payload =>
            {
                TicketAttacks.Ticket(payload)[30] ^= (byte)(forge ? 1 : 0);
                HandshakeAttacks.Authenticate(payload, silo.Host.Fingerprint);
            }));
            var hello = await peer.ReceiveBytesAsync(FrameLayout.HeaderSize);
            hello = await peer.ReceiveBytesAsync((int)BinaryPrimitives.ReadUInt32LittleEndian(hello.AsSpan(24)));

            // Its last field tells whether the session is resumed: MessagePack's false or true.
            Assert.Equal(forge ? 0xC2 : 0xC3, hello[^1]);
        }
    }

    [Fact]
    public async Task a_recorded_resumption_played_again_gets_nowhere()
    {
        await using var silo = await TestSilo.StartAsync();
        await using var peer = await RawPeer.ConnectAsync(silo, ticket: await TicketAttacks.TakeTicketAsync(silo));
        var hello = peer.Take();
        await peer.SendAsync(hello);
        await peer.ReceiveUntilAsync(SessionEventKind.Established);
        Assert.True(peer.Session.Established!.Resumed);
        peer.Session.SendRequest(new RegistryQuery { Name = "nobody" }, default);
        var rest = peer.Take();
        await peer.SendAsync(rest);

        await using var replay = await RawPeer.ConnectAsync(silo);
        await replay.SendAsync(hello);
        await replay.SendAsync(rest);
        await replay.WaitForCloseAsync();
        await silo.Log.WaitForAsync(line => line.Contains(replay.Address + " ", StringComparison.Ordinal) && line.Contains($" closed {SessionCloseReason.SessionIdMismatch} ", StringComparison.Ordinal));
    }

    private static async Task<SessionTicket> TakeTicketAsync(TestSilo silo, IdentityKey? identity)
    {
        await using var peer = await RawPeer.EstablishAsync(silo, identity);
        return (await peer.ReceiveUntilAsync(SessionEventKind.TicketReceived)).Ticket!;
    }

    private static async Task<RawPeer> ComeBackAsync(TestSilo silo, IdentityKey? identity, SessionTicket ticket)
    {
        var peer = await RawPeer.ConnectAsync(silo, identity, ticket);
        await peer.SendAsync(peer.Take());
        await peer.ReceiveUntilAsync(SessionEventKind.Established);
        await peer.SendAsync(peer.Take());
        return peer;
    }

    private static async Task AssertServedAsync(RawPeer peer)
    {
        peer.Session.SendRequest(new RegistryQuery { Name = "nobody" }, default);
        await peer.SendAsync(peer.Take());
        await peer.ReceiveUntilAsync(SessionEventKind.Response);
    }
}
