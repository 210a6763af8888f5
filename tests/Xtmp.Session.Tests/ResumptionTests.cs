using System.IO.Hashing;
using Xtmp.Crypto;
using Xtmp.Protocol;
using Xtmp.TestKit;

namespace Xtmp.Session.Tests;

public sealed class ResumptionTests
{
    private readonly TicketKeyRing _ring = new(new SeededEntropy("ring"u8));
    private readonly VirtualClock _clock = new();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void a_ticket_resumes_without_signatures(bool withIdentity)
    {
        var options = PairOptions.FreshClient() with { Identity = withIdentity ? TestIdentities.Client : null };
        var (ticket, full) = TakeTicket(options);
        using var pair = Pair(options with { Ticket = ticket }, seed: 2);
        pair.Run();
        var client = pair.Client.Session.Established!;
        var server = pair.Server.Session.Established!;
        Assert.True(client.Resumed);
        Assert.True(server.Resumed);
        Assert.Equal(withIdentity ? TestIdentities.Client.Public.Fingerprint : null, server.ClientFingerprint);
        Assert.Equal(server.ClientFingerprint, client.ClientFingerprint);
        Assert.Equal(TestIdentities.Server.Public.Fingerprint, client.ServerFingerprint);
        Assert.InRange(pair.Client.Session.Statistics.BytesReceived, 1, full / 2);
        Assert.Equal(VirtualClock.Start, client.SignedAt);

        // Resumed sessions give tickets too.
        Assert.Single(pair.Client.Of(SessionEventKind.TicketReceived));
    }

    [Fact]
    public void a_ticket_is_used_once()
    {
        var options = PairOptions.FreshClient();
        var (ticket, _) = TakeTicket(options);
        using var first = Pair(options with { Ticket = ticket }, seed: 2);
        using var second = Pair(options with { Ticket = ticket }, seed: 3);
        first.Run();
        second.Run();
        Assert.True(first.Client.Session.Established!.Resumed);
        Assert.False(second.Client.Session.Established!.Resumed);
    }

    [Fact]
    public void a_replayed_resumption_gets_nowhere()
    {
        var options = PairOptions.FreshClient();
        var (ticket, _) = TakeTicket(options);
        using var pair = Pair(options with { Ticket = ticket }, seed: 2);
        var flights = new List<byte[]>();
        pair.ToServer = bytes =>
        {
            flights.Add(bytes);
            return bytes;
        };
        pair.Client.Session.SendRequest(0x10, "transfer"u8, default);
        pair.Run();
        Assert.Single(pair.Server.Of(SessionEventKind.Request));

        using var replayed = XtmpSession.Accept(ServerOptions(), new SeededEntropy(99), _clock.Now);
        var end = new SessionEnd(replayed);
        foreach (var flight in flights)
        {
            replayed.HandleInput(flight, _clock.Now);
            end.Drain();
            end.Transmit(_clock.Now);
        }

        Assert.Empty(end.Of(SessionEventKind.Established));
        Assert.Empty(end.Of(SessionEventKind.Request));

        // The new ServerHello chose another session id, and other keys.
        HandshakeTests.AssertClosed(end, SessionCloseReason.SessionIdMismatch);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(12, true)]
    [InlineData(23, true)]
    [InlineData(36, false)]
    public void keys_rotate_with_the_clock_and_open_tickets_for_two_periods_more(double hours, bool opens)
    {
        Span<byte> sealedTicket = stackalloc byte[64 + TicketKeyRing.Overhead];
        Span<byte> contents = stackalloc byte[64];
        var length = _ring.Seal("contents"u8, new SeededEntropy(1), _clock.Now, sealedTicket);
        var later = _clock.Now + TimeSpan.FromHours(hours);
        Assert.Equal(opens ? 8 : -1, _ring.Open(sealedTicket[..length], later, contents));

        // Sealing in a later period erases the keys that open nothing any more, whatever the clock says afterwards.
        Span<byte> next = stackalloc byte[sealedTicket.Length];
        Assert.Equal(length, _ring.Seal("contents"u8, new SeededEntropy(1), later, next));
        Assert.Equal(hours < 12, next[..TicketKeyRing.IdSize].SequenceEqual(sealedTicket[..TicketKeyRing.IdSize]));
    }

    [Fact]
    public void a_key_seals_no_more_tickets_than_it_may()
    {
        Span<byte> secret = stackalloc byte[TicketKeyRing.SecretSize];
        using var ring = new TicketKeyRing(secret, TimeSpan.FromHours(1), maxTicketsPerKey: 2);
        Span<byte> sealedTicket = stackalloc byte[64 + TicketKeyRing.Overhead];
        Assert.True(ring.Seal("a"u8, new SeededEntropy(1), _clock.Now, sealedTicket) > 0);
        Assert.True(ring.Seal("a"u8, new SeededEntropy(2), _clock.Now, sealedTicket) > 0);
        Assert.Equal(0, ring.Seal("a"u8, new SeededEntropy(3), _clock.Now, sealedTicket));
        Assert.True(ring.Seal("a"u8, new SeededEntropy(4), _clock.Now + TimeSpan.FromHours(1), sealedTicket) > 0);
    }

    [Fact]
    public void silos_that_share_a_secret_open_each_others_tickets()
    {
        var options = PairOptions.FreshClient();
        Span<byte> secret = stackalloc byte[TicketKeyRing.SecretSize];
        secret.Fill(5);
        using var here = new TicketKeyRing(secret);
        using var there = new TicketKeyRing(secret);
        SessionTicket ticket;
        using (var first = new SessionPair(options, ServerOptions() with { TicketKeys = here }, clock: _clock))
        {
            first.Run();
            ticket = first.Client.Single(SessionEventKind.TicketReceived).Ticket!;
        }

        using var pair = new SessionPair(options with { Ticket = ticket }, ServerOptions() with { TicketKeys = there }, seed: 4, clock: _clock);
        pair.Run();
        Assert.True(pair.Client.Session.Established!.Resumed);
    }

    [Fact]
    public void a_forged_certificate_shown_to_an_open_listener_is_not_trusted_at_a_root_only_listener()
    {
        // Issued by a stranger in the root's name: the layout is right, the signatures are not the root's.
        var forged = Forge(PeerRole.Client, TestIdentities.Client);
        var options = PairOptions.FreshClient() with { Certificate = forged };
        SessionTicket ticket;
        using (var open = new SessionPair(options, ServerOptions(), clock: _clock))
        {
            open.Run();
            Assert.Null(open.Server.Session.Established!.PeerCertificate);
            ticket = open.Client.Single(SessionEventKind.TicketReceived).Ticket!;
        }

        var rootOnly = ServerOptions() with { ClientTrust = TrustPolicy.Root(TestIdentities.Root.Public), ClientAuthentication = ClientAuthentication.Required };
        using var pair = new SessionPair(options with { Ticket = ticket }, rootOnly, seed: 2, clock: _clock);
        pair.Run();
        Assert.Empty(pair.Server.Of(SessionEventKind.Established));
        HandshakeTests.AssertClosed(pair.Server, SessionCloseReason.UntrustedPeer);
    }

    [Fact]
    public void a_forged_certificate_of_a_server_first_trusted_by_pin_is_not_trusted_by_root()
    {
        var server = ServerOptions() with { Certificate = Forge(PeerRole.Server, TestIdentities.Server) };
        SessionTicket ticket;
        using (var pinned = new SessionPair(PairOptions.FreshClient(), server, clock: _clock))
        {
            pinned.Run();
            Assert.Null(pinned.Client.Session.Established!.PeerCertificate);
            ticket = pinned.Client.Single(SessionEventKind.TicketReceived).Ticket!;
        }

        var byRoot = PairOptions.FreshClient() with { ServerTrust = TrustPolicy.Root(TestIdentities.Root.Public), Ticket = ticket };
        using var pair = new SessionPair(byRoot, server, seed: 2, clock: _clock);
        pair.Run();
        Assert.Empty(pair.Client.Of(SessionEventKind.Established));
        HandshakeTests.AssertClosed(pair.Client, SessionCloseReason.UntrustedPeer);
    }

    [Fact]
    public void a_ticket_given_under_one_policy_is_not_resumed_under_another()
    {
        var options = PairOptions.FreshClient();
        var (ticket, _) = TakeTicket(options);
        using var pair = new SessionPair(options with { Ticket = ticket }, ServerOptions() with { ClientTrust = TrustPolicy.AnyOf(_ => true) }, seed: 2, clock: _clock);
        pair.Run();
        Assert.False(pair.Server.Session.Established!.Resumed);
    }

    [Fact]
    public void a_forged_busy_does_not_burn_a_ticket()
    {
        var options = PairOptions.FreshClient();
        var (ticket, _) = TakeTicket(options);
        var busy = new byte[ErrorMessage.MaxLength];
        busy = busy[..ErrorMessage.Write(busy, XtmpErrorCode.Busy, "go away", null, true, null)];
        using (var refused = Pair(options with { Ticket = ticket }, seed: 2))
        {
            refused.ToServer = _ => [];
            refused.Run();
            var header = new FrameHeader { MessageType = FrameCode.Error, Kind = FrameKind.Error, PayloadLength = busy.Length };
            var frame = new byte[FrameLayout.HeaderSize + busy.Length];
            header.Write(frame);
            busy.CopyTo(frame, FrameLayout.HeaderSize);
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(FrameLayout.ChecksumOffset), Crc32.HashToUInt32(busy));
            refused.Deliver(refused.Client, frame);
            HandshakeTests.AssertClosed(refused.Client, SessionCloseReason.Busy);
        }

        // The connection that was never made, and the stream that ended during the handshake.
        using (XtmpSession.Connect(options with { Ticket = ticket }, new SeededEntropy(5), _clock.Now))
        {
        }

        using (var lost = XtmpSession.Connect(options with { Ticket = ticket }, new SeededEntropy(6), _clock.Now))
        {
            lost.HandleEndOfStream(_clock.Now);
        }

        using var pair = Pair(options with { Ticket = ticket }, seed: 3);
        pair.Run();
        Assert.True(pair.Client.Session.Established!.Resumed);
    }

    [Fact]
    public void a_revoked_client_loses_its_live_session_within_a_heartbeat()
    {
        var revoked = false;
        var server = ServerOptions() with { ClientTrust = TrustPolicy.AnyOf(_ => !revoked) };
        using var pair = new SessionPair(PairOptions.FreshClient(), server, clock: _clock);
        pair.Run();
        pair.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(SessionState.Established, pair.Server.Session.State);
        revoked = true;
        pair.Advance(SessionLimits.Default.HeartbeatInterval);
        Assert.Contains("Revoked", HandshakeTests.AssertClosed(pair.Client, SessionCloseReason.RemoteClose).Text);
        HandshakeTests.AssertClosed(pair.Server, SessionCloseReason.LocalClose);
    }

    [Fact]
    public void what_a_revoked_client_still_asks_is_not_handled()
    {
        var revoked = false;
        var server = ServerOptions() with { ClientTrust = TrustPolicy.AnyOf(_ => !revoked) };
        using var pair = new SessionPair(PairOptions.FreshClient(), server, clock: _clock);
        pair.Run();
        pair.Client.Session.SendRequest(0x10, "before"u8, default);
        pair.Client.Session.SendOneWay(0x11, "before"u8, default);
        var asked = pair.Client.Transmit(_clock.Now);
        revoked = true;
        pair.Server.Session.HandleInput(asked.AsSpan(0, asked.Length / 2), _clock.Now);
        pair.Server.Session.CheckTrust(_clock.Now);
        pair.Server.Session.HandleInput(asked.AsSpan(asked.Length / 2), _clock.Now);
        pair.Run();
        Assert.Empty(pair.Server.Of(SessionEventKind.Request));
        Assert.Empty(pair.Server.Of(SessionEventKind.OneWay));
    }

    [Theory]
    [InlineData(23.9, true)]
    [InlineData(24.1, false)]
    public void nothing_resumes_24_hours_after_the_last_signature(double hours, bool resumes)
    {
        var options = PairOptions.FreshClient();
        var (ticket, _) = TakeTicket(options);

        // A chain of resumed sessions does not carry the signature further.
        _clock.Advance(TimeSpan.FromHours(12));
        using (var middle = Pair(options with { Ticket = ticket }, seed: 2))
        {
            middle.Run();
            Assert.True(middle.Client.Session.Established!.Resumed);
            ticket = middle.Client.Single(SessionEventKind.TicketReceived).Ticket!;
        }

        _clock.Advance(TimeSpan.FromHours(hours - 12));
        using var pair = Pair(options with { Ticket = ticket }, seed: 3);
        pair.Run();
        Assert.Equal(resumes, pair.Client.Session.Established!.Resumed);
        Assert.Equal(SessionState.Established, pair.Server.Session.State);
    }

    [Theory]
    [InlineData(-30.0)]
    [InlineData(30.0)]
    public void a_wall_clock_that_jumps_means_a_full_handshake(double hours)
    {
        var options = PairOptions.FreshClient();
        var (ticket, _) = TakeTicket(options);
        _clock.JumpWall(TimeSpan.FromHours(hours));
        using var pair = Pair(options with { Ticket = ticket }, seed: 3);
        pair.Run();
        Assert.False(pair.Client.Session.Established!.Resumed);
    }

    [Fact]
    public void a_revoked_client_does_not_resume()
    {
        var options = PairOptions.FreshClient();
        var revoked = false;
        var server = ServerOptions() with { ClientTrust = TrustPolicy.AnyOf(_ => !revoked) };
        SessionTicket ticket;
        using (var first = new SessionPair(options, server, clock: _clock))
        {
            first.Run();
            ticket = first.Client.Single(SessionEventKind.TicketReceived).Ticket!;
        }

        revoked = true;
        using var pair = new SessionPair(options with { Ticket = ticket }, server, seed: 2, clock: _clock);
        pair.Run();
        HandshakeTests.AssertClosed(pair.Server, SessionCloseReason.UntrustedPeer);
    }

    [Fact]
    public void a_client_does_not_offer_a_ticket_to_a_server_it_no_longer_trusts()
    {
        var (ticket, _) = TakeTicket(PairOptions.FreshClient());
        var options = PairOptions.Client with { ServerTrust = TrustPolicy.Pinned(TestIdentities.NextServer.Public.Fingerprint), Ticket = ticket };
        using var pair = new SessionPair(options, ServerOptions() with { Identity = TestIdentities.NextServer }, seed: 2, clock: _clock);
        pair.Run();
        Assert.False(pair.Client.Session.Established!.Resumed);
    }

    [Fact]
    public void another_server_name_is_another_server()
    {
        var options = PairOptions.FreshClient();
        var (ticket, _) = TakeTicket(options);
        using var pair = Pair(options with { Ticket = ticket, ServerName = "elsewhere.test" }, seed: 2);
        pair.Run();
        Assert.False(pair.Client.Session.Established!.Resumed);
    }

    [Fact]
    public void a_changed_identity_does_not_resume_as_the_old_one()
    {
        var options = PairOptions.FreshClient();
        var (ticket, _) = TakeTicket(options);
        using var pair = Pair(options with { Ticket = ticket, Identity = TestIdentities.Stranger }, seed: 2);
        pair.Run();
        Assert.False(pair.Server.Session.Established!.Resumed);
        Assert.Equal(TestIdentities.Stranger.Public.Fingerprint, pair.Server.Session.Established.ClientFingerprint);
    }

    [Fact]
    public void a_certified_client_resumes_until_its_serial_is_withdrawn()
    {
        var certificate = IdentityCertificate.Issue(TestIdentities.Root, TestIdentities.Client.Public.Fingerprint, "edge-7", PeerRole.Client,
            VirtualClock.Start, VirtualClock.Start.AddDays(1), 77, new SeededEntropy(1));
        var withdrawn = new HashSet<ulong>();
        var server = ServerOptions() with { ClientTrust = TrustPolicy.Root(TestIdentities.Root.Public, withdrawn.Contains) };
        var options = PairOptions.FreshClient() with { Certificate = certificate };
        SessionTicket ticket;
        using (var first = new SessionPair(options, server, clock: _clock))
        {
            first.Run();
            Assert.Equal("edge-7", first.Server.Session.Established!.PeerCertificate!.Name);
            ticket = first.Client.Single(SessionEventKind.TicketReceived).Ticket!;
        }

        using (var second = new SessionPair(options with { Ticket = ticket }, server, seed: 2, clock: _clock))
        {
            second.Run();
            Assert.True(second.Server.Session.Established!.Resumed);
            Assert.Equal(77ul, second.Server.Session.Established.PeerCertificate!.Serial);
            ticket = second.Client.Single(SessionEventKind.TicketReceived).Ticket!;
        }

        withdrawn.Add(77);
        using var third = new SessionPair(options with { Ticket = ticket }, server, seed: 3, clock: _clock);
        third.Run();
        HandshakeTests.AssertClosed(third.Server, SessionCloseReason.UntrustedPeer);
    }

    [Fact]
    public void rejects_a_wrong_binder()
    {
        var options = PairOptions.FreshClient();
        var (ticket, _) = TakeTicket(options);

        // The hello must pass mac1 to get as far as the binder, so the forger knows the server's fingerprint.
        using var pair = Pair(options with { Ticket = ticket }, seed: 2);
        pair.ToServer = bytes =>
        {
            var payload = bytes.AsSpan(FrameLayout.HeaderSize);
            payload[^(HandshakeLimits.Mac1Size + 1)] ^= 1;
            ClientHello.ComputeMac1(TestIdentities.Server.Public.Fingerprint, payload[..^HandshakeLimits.Mac1Size], payload[^HandshakeLimits.Mac1Size..]);
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(FrameLayout.ChecksumOffset), Crc32.HashToUInt32(payload));
            return bytes;
        };
        pair.Run();
        HandshakeTests.AssertClosed(pair.Server, SessionCloseReason.BinderMismatch);
    }

    [Fact]
    public void a_binder_without_a_ticket_is_refused()
    {
        using var pair = Pair(PairOptions.FreshClient(), seed: 2);
        pair.ToServer = bytes =>
        {
            var payload = bytes.AsSpan(FrameLayout.HeaderSize);
            payload[^(HandshakeLimits.Mac1Size + 1)] ^= 1;
            ClientHello.ComputeMac1(TestIdentities.Server.Public.Fingerprint, payload[..^HandshakeLimits.Mac1Size], payload[^HandshakeLimits.Mac1Size..]);
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(FrameLayout.ChecksumOffset), Crc32.HashToUInt32(payload));
            return bytes;
        };
        pair.Run();
        HandshakeTests.AssertClosed(pair.Server, SessionCloseReason.BinderMismatch);
    }

    [Fact]
    public void a_forged_ticket_means_a_full_handshake()
    {
        var options = PairOptions.FreshClient();
        using var forger = new TicketKeyRing(new SeededEntropy("forger"u8));
        SessionTicket ticket;
        using (var elsewhere = new SessionPair(options, ServerOptions() with { TicketKeys = forger }, clock: _clock))
        {
            elsewhere.Run();
            ticket = elsewhere.Client.Single(SessionEventKind.TicketReceived).Ticket!;
        }

        using var pair = Pair(options with { Ticket = ticket }, seed: 2);
        pair.Run();
        Assert.False(pair.Server.Session.Established!.Resumed);
        Assert.False(pair.Client.Session.Established!.Resumed);
    }

    private ServerSessionOptions ServerOptions() => PairOptions.Server with { TicketKeys = _ring };

    private SessionPair Pair(ClientSessionOptions client, ulong seed) => new(client, ServerOptions(), seed, _clock);

    /// <summary>A certificate that names the root and is signed by somebody else.</summary>
    private static IdentityCertificate Forge(PeerRole role, IdentityKey subject)
    {
        var genuine = IdentityCertificate.Issue(TestIdentities.Root, subject.Public.Fingerprint, "server.test", role, VirtualClock.Start, VirtualClock.Start.AddDays(1), 1, new SeededEntropy(1));
        var bytes = genuine.Encoded.ToArray();
        bytes[^1] ^= 1;
        bytes[^200] ^= 1;
        Assert.True(IdentityCertificate.TryDecode(bytes, out var forged));
        Assert.Null(forged.TryVerify(TestIdentities.Root.Public));
        return forged;
    }

    private (SessionTicket Ticket, long BytesReceived) TakeTicket(ClientSessionOptions options)
    {
        using var pair = Pair(options, seed: 1);
        pair.Run();
        Assert.False(pair.Client.Session.Established!.Resumed);
        return (pair.Client.Single(SessionEventKind.TicketReceived).Ticket!, pair.Client.Session.Statistics.BytesReceived);
    }
}
