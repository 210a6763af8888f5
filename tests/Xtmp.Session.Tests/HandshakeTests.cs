using Xtmp.Crypto;
using Xtmp.Protocol;
using Xtmp.TestKit;

namespace Xtmp.Session.Tests;

public sealed class HandshakeTests
{
    [Theory]
    [InlineData(EncryptionType.Aes256Gcm)]
    [InlineData(EncryptionType.ChaCha20Poly1305)]
    [InlineData(EncryptionType.PostQuantum)]
    public void both_ends_agree(EncryptionType type)
    {
        using var pair = new SessionPair(PairOptions.FreshClient() with { EncryptionTypes = [type] });
        pair.Run();
        var client = pair.Client.Single(SessionEventKind.Established).Established!;
        var server = pair.Server.Single(SessionEventKind.Established).Established!;
        Assert.Equal(client.SessionId, server.SessionId);
        Assert.NotEqual(0ul, client.SessionId);
        Assert.Equal(type, client.Encryption);
        Assert.Equal(type, server.Encryption);
        Assert.Equal(TestIdentities.Server.Public.Fingerprint, client.ServerFingerprint);
        Assert.Equal(TestIdentities.Client.Public.Fingerprint, server.ClientFingerprint);
        Assert.Equal(TestIdentities.Client.Public.Fingerprint, client.ClientFingerprint);
        Assert.False(client.Resumed);
    }

    [Fact]
    public void exported_keying_material_is_the_same_at_both_ends_and_no_other_session()
    {
        using var pair = new SessionPair(seed: 1);
        using var other = new SessionPair(seed: 2);
        pair.Run();
        other.Run();
        var fromClient = Export(pair.Client, "wallet auth");
        Assert.Equal(fromClient, Export(pair.Server, "wallet auth"));
        Assert.NotEqual(fromClient, Export(pair.Client, "wallet autg"));
        Assert.NotEqual(fromClient, Export(other.Client, "wallet auth"));
    }

    [Fact]
    public void works_one_byte_at_a_time()
    {
        using var pair = new SessionPair { Chunk = 1 };
        pair.Run();
        Assert.Equal(SessionState.Established, pair.Client.Session.State);
        Assert.Equal(SessionState.Established, pair.Server.Session.State);
    }

    [Fact]
    public void the_same_seed_gives_the_same_bytes()
    {
        Assert.Equal(Capture(7), Capture(7));
        Assert.NotEqual(Capture(7), Capture(8));

        static byte[] Capture(ulong seed)
        {
            using var pair = new SessionPair(PairOptions.FreshClient(), seed: seed);
            var all = new List<byte>();
            pair.ToServer = bytes => Keep(all, bytes);
            pair.ToClient = bytes => Keep(all, bytes);
            pair.Run();
            return [.. all];
        }

        static byte[] Keep(List<byte> all, byte[] bytes)
        {
            all.AddRange(bytes);
            return bytes;
        }
    }

    [Fact]
    public void rejects_a_server_that_is_not_pinned()
    {
        var options = PairOptions.Client with { ServerTrust = TrustPolicy.Pinned(TestIdentities.Stranger.Public.Fingerprint) };
        using var pair = new SessionPair(options, PairOptions.Server with { NextFingerprint = TestIdentities.Stranger.Public.Fingerprint });
        pair.Run();
        AssertClosed(pair.Client, SessionCloseReason.UntrustedPeer);
        Assert.Empty(pair.Server.Of(SessionEventKind.Established));
    }

    [Fact]
    public void accepts_the_next_pin()
    {
        var options = PairOptions.Client with { ServerTrust = TrustPolicy.Pinned(TestIdentities.Server.Public.Fingerprint, TestIdentities.NextServer.Public.Fingerprint) };
        var server = PairOptions.Server with { Identity = TestIdentities.NextServer, NextFingerprint = TestIdentities.Server.Public.Fingerprint };
        using var pair = new SessionPair(options, server);
        pair.Run();
        Assert.Equal(TestIdentities.NextServer.Public.Fingerprint, pair.Client.Session.Established!.ServerFingerprint);
    }

    [Fact]
    public void rejects_a_hello_for_another_server_before_any_public_key_work()
    {
        var options = PairOptions.Client with { ServerTrust = TrustPolicy.Pinned(TestIdentities.Stranger.Public.Fingerprint) };
        using var pair = new SessionPair(options);
        pair.Run();
        AssertClosed(pair.Server, SessionCloseReason.Mac1Mismatch);
        Assert.Equal(1, pair.Server.Session.Statistics.FramesSent);
    }

    [Fact]
    public void a_wrong_pin_has_a_code_and_words_of_its_own()
    {
        var pinned = PairOptions.Client with { ServerTrust = TrustPolicy.Pinned(TestIdentities.Stranger.Public.Fingerprint) };
        using var pair = new SessionPair(pinned);
        pair.Run();
        var close = AssertClosed(pair.Client, SessionCloseReason.Mac1Mismatch);
        Assert.Equal((XtmpErrorCode.UntrustedPeer, Fault.Peer), (close.Code, close.Fault));
        Assert.Contains("the pin is wrong, its key has changed", close.Text, StringComparison.Ordinal);
        Assert.False(close.ToException().Retryable);
    }

    [Fact]
    public void a_second_handshake_names_the_key_the_client_keeps()
    {
        var options = PairOptions.FreshClient();
        var first = BytesToClient(options);
        var second = BytesToClient(options);
        Assert.True(first - second > 2500, $"{first} bytes, then {second}");

        static long BytesToClient(ClientSessionOptions options)
        {
            using var pair = new SessionPair(options);
            pair.Run();
            Assert.Equal(SessionState.Established, pair.Server.Session.State);
            return pair.Client.Session.Statistics.BytesReceived;
        }
    }

    [Theory]
    [InlineData(ClientAuthentication.None, true, false, true)]
    [InlineData(ClientAuthentication.None, false, false, true)]
    [InlineData(ClientAuthentication.Optional, true, true, true)]
    [InlineData(ClientAuthentication.Optional, false, false, true)]
    [InlineData(ClientAuthentication.Required, true, true, true)]
    [InlineData(ClientAuthentication.Required, false, false, false)]
    public void client_authentication_is_as_the_server_asks(ClientAuthentication asked, bool has, bool proved, bool established)
    {
        using var pair = new SessionPair(
            PairOptions.Client with { Identity = has ? TestIdentities.Client : null },
            PairOptions.Server with { ClientAuthentication = asked });
        pair.Run();
        Assert.Equal(established, pair.Server.Session.Established is not null);
        Assert.Equal(proved, pair.Server.Session.Established?.ClientFingerprint is not null);
        if (!established)
        {
            AssertClosed(pair.Client, SessionCloseReason.AuthenticationMissing);
        }
    }

    [Fact]
    public void rejects_a_client_the_server_does_not_trust()
    {
        var server = PairOptions.Server with { ClientTrust = TrustPolicy.AnyOf(f => f == TestIdentities.Stranger.Public.Fingerprint) };
        using var pair = new SessionPair(server: server);
        pair.Run();
        AssertClosed(pair.Server, SessionCloseReason.UntrustedPeer);
    }

    [Fact]
    public void refuses_with_busy_under_load()
    {
        using var pair = new SessionPair(server: PairOptions.Server with { Admission = new Full() });
        pair.Run();
        AssertClosed(pair.Server, SessionCloseReason.Busy);
        var close = AssertClosed(pair.Client, SessionCloseReason.Busy);
        Assert.Equal(TimeSpan.FromSeconds(7), close.RetryAfter);
        Assert.True(close.ToException().Retryable);
    }

    [Fact]
    public void ends_without_a_common_encryption_type()
    {
        using var pair = new SessionPair(
            PairOptions.Client with { EncryptionTypes = [EncryptionType.PostQuantum] },
            PairOptions.Server with { EncryptionTypes = [EncryptionType.Aes256Gcm] });
        pair.Run();
        AssertClosed(pair.Server, SessionCloseReason.NoCommonSuite);
        AssertClosed(pair.Client, SessionCloseReason.NoCommonSuite);
    }

    [Fact]
    public void the_handshake_times_out()
    {
        using var pair = new SessionPair();
        pair.ToServer = _ => [];
        pair.Advance(TimeSpan.FromSeconds(9.9));
        Assert.Equal(SessionState.Handshaking, pair.Client.Session.State);
        pair.Advance(TimeSpan.FromSeconds(0.2));
        AssertClosed(pair.Client, SessionCloseReason.HandshakeTimeout);
        AssertClosed(pair.Server, SessionCloseReason.HandshakeTimeout);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void a_schema_that_must_be_the_same_is_compared(bool same)
    {
        var client = PairOptions.Client with { SchemaFingerprint = Enumerable.Repeat((byte)1, 32).ToArray() };
        var server = PairOptions.Server with { SchemaFingerprint = Enumerable.Repeat((byte)(same ? 1 : 2), 32).ToArray(), RequireSameSchema = true };
        using var pair = new SessionPair(client, server);
        pair.Run();
        if (same)
        {
            Assert.Equal(server.SchemaFingerprint.ToArray(), pair.Client.Session.Established!.PeerSchemaFingerprint.ToArray());
        }
        else
        {
            AssertClosed(pair.Server, SessionCloseReason.SchemaMismatch);
        }
    }

    /// <summary>Of the schemas beside XTMP's own what both ends speak is compared, in either direction; a difference is told or refused.</summary>
    [Theory]
    [InlineData(false, false, false)]
    [InlineData(true, false, false)]
    [InlineData(true, true, false)]
    [InlineData(true, false, true)]
    [InlineData(false, true, true)]
    public void schemas_of_applications_are_compared(bool differ, bool clientRequires, bool serverRequires)
    {
        var client = PairOptions.Client with { Schemas = [Schema("orders", 1), Schema("chat", 7)], RequireSameSchema = clientRequires };
        var server = PairOptions.Server with { Schemas = [Schema("stock", 1), Schema("orders", (byte)(differ ? 2 : 1))], RequireSameSchema = serverRequires };
        using var pair = new SessionPair(client, server);
        pair.Run();
        if (differ && (clientRequires || serverRequires))
        {
            var close = AssertClosed(serverRequires ? pair.Server : pair.Client, SessionCloseReason.SchemaMismatch);
            Assert.Contains("orders", close.Text);
            return;
        }

        string[] expected = differ ? ["orders"] : [];
        Assert.Equal(expected, pair.Client.Session.Established!.SchemaMismatches);
        Assert.Equal(expected, pair.Server.Session.Established!.SchemaMismatches);
    }

    [Fact]
    public void the_longest_list_of_schemas_fits_a_handshake()
    {
        SchemaInfo[] all = [.. Enumerable.Range(0, SchemaList.MaxSchemas).Select(i => Schema($"protocol_{i}", (byte)i))];
        using var pair = new SessionPair(PairOptions.Client with { Schemas = all, EnableDatagrams = true }, PairOptions.Server with { Schemas = [.. all.Reverse()], EnableDatagrams = true });
        pair.Run();
        Assert.Empty(pair.Client.Session.Established!.SchemaMismatches);
        Assert.Throws<ArgumentException>(() => new SessionPair(PairOptions.Client with { Schemas = [.. all, Schema("more", 0)] }));
        Assert.Throws<ArgumentException>(() => new SessionPair(PairOptions.Client with { Schemas = [all[0], all[0]] }));
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(39, false)]
    [InlineData(40, true)]
    [InlineData(80, false)]
    public void a_list_of_schemas_ascends(int length, bool valid) => Assert.Equal(valid, SchemaList.IsValid(new byte[length]));

    private static SchemaInfo Schema(string protocol, byte fingerprint) => new(protocol, 1, Enumerable.Repeat(fingerprint, 32).ToArray(), []);

    internal static SessionClose AssertClosed(SessionEnd end, SessionCloseReason reason)
    {
        var close = end.Single(SessionEventKind.Closed).Close!;
        Assert.True(reason == close.Reason, close.ToString());
        Assert.Equal(SessionEventKind.Closed, end.Events[^1].Kind);
        return close;
    }

    private static byte[] Export(SessionEnd end, string label)
    {
        var result = new byte[32];
        end.Session.Export(label, TestIdentities.Server.Public.Fingerprint.ToArray(), result);
        return result;
    }

    [Fact]
    public void a_hello_without_mac1_is_admitted_as_such()
    {
        var seen = new List<HelloKind>();
        var server = PairOptions.Server with { Admission = new Recorder(seen) };
        using (var addressed = new SessionPair(PairOptions.FreshClient(), server))
        {
            addressed.Run();
        }

        using var firstUse = new SessionPair(PairOptions.Client with { ServerTrust = TrustPolicy.AnyOf(_ => true) }, server);
        firstUse.Run();
        Assert.Equal([HelloKind.Addressed, HelloKind.Unaddressed], seen);
    }

    private sealed class Recorder(List<HelloKind> seen) : IHandshakeAdmission
    {
        public bool TryAdmit(object? peer, HelloKind hello, Instant now, out TimeSpan retryAfter)
        {
            seen.Add(hello);
            retryAfter = default;
            return true;
        }
    }

    private sealed class Full : IHandshakeAdmission
    {
        public bool TryAdmit(object? peer, HelloKind hello, Instant now, out TimeSpan retryAfter)
        {
            retryAfter = TimeSpan.FromSeconds(7);
            return false;
        }
    }
}
