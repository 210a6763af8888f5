using Xtmp.Crypto;
using Xtmp.TestKit;

namespace Xtmp.Session.Tests;

public sealed class TrustTests
{
    private static readonly DateTimeOffset s_from = VirtualClock.Start.AddDays(-1);
    private static readonly DateTimeOffset s_until = VirtualClock.Start.AddDays(1);

    [Theory]
    [InlineData("server.test", PeerRole.Server, 0, false, null)]
    [InlineData("SERVER.test", PeerRole.Server, 0, false, null)]
    [InlineData("other.test", PeerRole.Server, 0, false, "'other.test'")]
    [InlineData("server.test", PeerRole.Client, 0, false, "Client")]
    [InlineData("server.test", PeerRole.Server, 2, false, "valid from")]
    [InlineData("server.test", PeerRole.Server, -2, false, "valid from")]
    [InlineData("server.test", PeerRole.Server, 0, true, "withdrawn")]
    public void a_root_certificate_is_checked(string name, PeerRole role, int days, bool revoked, string? complaint)
    {
        var certificate = Issue(TestIdentities.Server, name, role);
        var clock = new VirtualClock();
        clock.JumpWall(TimeSpan.FromDays(days));
        AssertOutcome(certificate, TrustPolicy.Root(TestIdentities.Root.Public, serial => revoked && serial == 5), complaint, clock);
    }

    [Fact]
    public void a_certificate_for_another_identity_or_by_another_root_is_refused()
    {
        var root = TrustPolicy.Root(TestIdentities.Root.Public);
        AssertOutcome(Issue(TestIdentities.Stranger, "server.test", PeerRole.Server), root, "another identity");
        var foreign = IdentityCertificate.Issue(TestIdentities.Stranger, TestIdentities.Server.Public.Fingerprint, "server.test", PeerRole.Server, s_from, s_until, 5, new SeededEntropy(1));
        AssertOutcome(foreign, root, "by root");
        AssertOutcome(null, root, "no certificate");
    }

    [Fact]
    public void a_certificate_changed_at_any_byte_is_refused()
    {
        var certificate = Issue(TestIdentities.Server, "server.test", PeerRole.Server);
        var encoded = certificate.Encoded.ToArray();
        Assert.True(IdentityCertificate.TryDecode(encoded, out var whole) && whole.TryVerify(TestIdentities.Root.Public) is not null);
        for (var index = 0; index < encoded.Length; index += index < 200 ? 1 : 37)
        {
            encoded[index] ^= 0x10;
            Assert.False(IdentityCertificate.TryDecode(encoded, out var changed) && changed.TryVerify(TestIdentities.Root.Public) is not null, $"byte {index}");
            Assert.False(IdentityCertificate.TryDecode(encoded.AsSpan(0, index), out var cut) && cut.TryVerify(TestIdentities.Root.Public) is not null, $"length {index}");
            encoded[index] ^= 0x10;
        }
    }

    [Fact]
    public void trust_in_a_root_needs_a_server_name()
    {
        var options = PairOptions.Client with { ServerTrust = TrustPolicy.Root(TestIdentities.Root.Public), ServerName = null };
        Assert.Throws<ArgumentException>(() => XtmpSession.Connect(options, new SeededEntropy(1), new VirtualClock().Now));

        // The policy says so itself, for policies built on it.
        var claim = new PeerIdentity { Role = PeerRole.Server, Fingerprint = TestIdentities.Server.Public.Fingerprint, Certificate = Issue(TestIdentities.Server, "server.test", PeerRole.Server) };
        Assert.Contains("name", TrustPolicy.Root(TestIdentities.Root.Public).Evaluate(claim, new VirtualClock().Now).Reason);
    }

    [Fact]
    public void first_use_remembers_and_then_insists()
    {
        var hosts = new Hosts();
        var trust = TrustPolicy.FirstUse(hosts, "server.test");
        using (var first = new SessionPair(PairOptions.Client with { ServerTrust = trust }))
        {
            first.Run();
            Assert.Equal(SessionState.Established, first.Server.Session.State);
        }

        Assert.Equal(TestIdentities.Server.Public.Fingerprint, hosts.Known["server.test"]);
        using var second = new SessionPair(
            PairOptions.Client with { ServerTrust = trust },
            PairOptions.Server with { Identity = TestIdentities.Stranger, NextFingerprint = TestIdentities.Server.Public.Fingerprint });
        second.Run();
        HandshakeTests.AssertClosed(second.Client, SessionCloseReason.UntrustedPeer);
        Assert.Equal(TestIdentities.Server.Public.Fingerprint, hosts.Known["server.test"]);
    }

    [Fact]
    public void nothing_is_remembered_of_a_server_that_fails_to_prove_itself()
    {
        var hosts = new Hosts();
        using var pair = new SessionPair(PairOptions.Client with { ServerTrust = TrustPolicy.FirstUse(hosts, "server.test") });
        pair.ToClient = bytes =>
        {
            if (bytes.Length > 1000)
            {
                bytes[^100] ^= 1;
            }

            return bytes;
        };
        pair.Run();
        Assert.Equal(SessionState.Closed, pair.Client.Session.State);
        Assert.Empty(hosts.Known);
    }

    [Fact]
    public void a_server_may_refuse_clients_that_know_no_fingerprint()
    {
        using var pair = new SessionPair(
            PairOptions.Client with { ServerTrust = TrustPolicy.FirstUse(new Hosts(), "server.test") },
            PairOptions.Server with { AllowAnonymousHello = false });
        pair.Run();
        HandshakeTests.AssertClosed(pair.Server, SessionCloseReason.Mac1Mismatch);
    }

    private static void AssertOutcome(IdentityCertificate? certificate, ITrustPolicy trust, string? complaint, VirtualClock? clock = null)
    {
        using var pair = new SessionPair(PairOptions.Client with { ServerTrust = trust }, PairOptions.Server with { Certificate = certificate }, clock: clock);
        pair.Run();
        if (complaint is null)
        {
            Assert.Equal(5ul, pair.Client.Session.Established!.PeerCertificate!.Serial);
            Assert.Equal(SessionState.Established, pair.Server.Session.State);
        }
        else
        {
            Assert.Contains(complaint, HandshakeTests.AssertClosed(pair.Client, SessionCloseReason.UntrustedPeer).Text);
        }
    }

    private static IdentityCertificate Issue(IdentityKey subject, string name, PeerRole role) =>
        IdentityCertificate.Issue(TestIdentities.Root, subject.Public.Fingerprint, name, role, s_from, s_until, 5, new SeededEntropy(1));

    private sealed class Hosts : IKnownHosts
    {
        public Dictionary<string, Fingerprint> Known { get; } = [];

        public Fingerprint? Find(string host) => Known.TryGetValue(host, out var fingerprint) ? fingerprint : null;

        public void Remember(string host, Fingerprint fingerprint, DateTimeOffset when) => Known[host] = fingerprint;
    }
}
