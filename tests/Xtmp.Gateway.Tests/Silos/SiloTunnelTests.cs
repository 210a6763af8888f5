using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Xtmp.Crypto;
using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Gateway.Tests;

/// <summary>Connections between silos inside sessions: what passes, who is let in, and what somebody on the wire sees.</summary>
public sealed class SiloTunnelTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly DateTimeOffset Now = DateTimeOffset.UtcNow;

    private readonly IdentityKey _root = IdentityKey.Generate(SystemEntropy.Instance);
    private readonly IdentityKey _foreignRoot = IdentityKey.Generate(SystemEntropy.Instance);
    private readonly IdentityKey _one = IdentityKey.Generate(SystemEntropy.Instance);
    private readonly IdentityKey _two = IdentityKey.Generate(SystemEntropy.Instance);
    private readonly IdentityKey _withdrawn = IdentityKey.Generate(SystemEntropy.Instance);

    public enum Peer
    {
        OfAnotherRoot,
        OfAnotherCluster,
        Expired,
        NotYetValid,
        WithAnothersCertificate,
        WithoutCertificate,
        Withdrawn,
    }

    public void Dispose()
    {
        _root.Dispose();
        _foreignRoot.Dispose();
        _one.Dispose();
        _two.Dispose();
        _withdrawn.Dispose();
    }

    [Fact]
    public async Task bytes_pass_both_ways_and_the_wire_shows_none_of_them()
    {
        await using var wire = new TunnelWire();
        var secret = "a balance that nobody else may read"u8.ToArray();
        var sent = new byte[5_000_000];
        new Random(1).NextBytes(sent);
        for (var at = 0; at + secret.Length < sent.Length; at += 10_000)
        {
            secret.CopyTo(sent, at);
        }

        var server = Tunnel(Silo(_two)).Inbound(EchoAsync)(wire.Server);
        byte[] received = [];
        await Tunnel(Silo(_one)).Outbound(async connection =>
        {
            var reading = ReadAsync(connection.Transport.Input, sent.Length);
            await connection.Transport.Output.WriteAsync(sent);
            received = await reading;
        })(wire.Client).WaitAsync(Patience);
        await server.WaitAsync(Patience);
        Assert.True(sent.AsSpan().SequenceEqual(received));
        Assert.True(wire.Seen.Length > 2 * sent.Length);
        Assert.Equal(-1, wire.Seen.AsSpan().IndexOf(secret));
    }

    [Theory]
    [InlineData(Peer.OfAnotherRoot)]
    [InlineData(Peer.OfAnotherCluster)]
    [InlineData(Peer.Expired)]
    [InlineData(Peer.NotYetValid)]
    [InlineData(Peer.WithAnothersCertificate)]
    [InlineData(Peer.WithoutCertificate)]
    [InlineData(Peer.Withdrawn)]
    public async Task a_silo_that_does_not_belong_is_refused_at_both_ends(Peer peer)
    {
        // It knocks: the silo behind the tunnel hears nothing of it.
        await using (var wire = new TunnelWire())
        {
            var reached = false;
            var server = Tunnel(Silo(_two)).Inbound(_ =>
            {
                reached = true;
                return Task.CompletedTask;
            })(wire.Server);
            await Knock(peer, wire, PeerRole.Client).WaitAsync(Patience);
            await server.WaitAsync(Patience);
            Assert.False(reached);
        }

        // It is knocked at: the caller is told, and sends it nothing.
        await using (var wire = new TunnelWire())
        {
            var knocked = Knock(peer, wire, PeerRole.Server);
            var reached = false;
            var error = await Assert.ThrowsAsync<XtmpException>(() => Tunnel(Silo(_one)).Outbound(_ =>
            {
                reached = true;
                return Task.CompletedTask;
            })(wire.Client).WaitAsync(Patience));
            Assert.Equal((XtmpErrorCode.UntrustedPeer, Fault.Peer), (error.Code, error.Fault));
            Assert.False(reached);
            await knocked.WaitAsync(Patience);
        }
    }

    [Fact]
    public async Task the_connections_of_a_silo_that_is_withdrawn_end_with_the_next_heartbeat()
    {
        await using var wire = new TunnelWire();
        var time = new FakeTimeProvider(Now);
        var isWithdrawn = false;
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var server = new SiloTunnel(Silo(_two) with { IsWithdrawn = silo => isWithdrawn && silo == _one.Public.Fingerprint }, time, NullLogger.Instance).Inbound(async connection =>
        {
            await EchoAsync(connection);
            ended.SetResult();
        })(wire.Server);
        await new SiloTunnel(Silo(_one), time, NullLogger.Instance).Outbound(async connection =>
        {
            await connection.Transport.Output.WriteAsync(new byte[10]);
            await ReadAsync(connection.Transport.Input, 10);
            time.Advance(SessionLimits.Default.HeartbeatInterval);
            await connection.Transport.Output.WriteAsync(new byte[10]);
            await ReadAsync(connection.Transport.Input, 10);
            Assert.False(ended.Task.IsCompleted);
            isWithdrawn = true;
            time.Advance(SessionLimits.Default.HeartbeatInterval);
            await ended.Task.WaitAsync(Patience);
        })(wire.Client).WaitAsync(Patience);
        await server.WaitAsync(Patience);
    }

    [Fact]
    public async Task a_silo_that_speaks_in_the_clear_is_refused()
    {
        await using var wire = new TunnelWire();
        var reached = false;
        var server = Tunnel(Silo(_two)).Inbound(_ =>
        {
            reached = true;
            return Task.CompletedTask;
        })(wire.Server);
        await wire.Client.Transport.Output.WriteAsync(new byte[200]);
        await server.WaitAsync(Patience);
        Assert.False(reached);
    }

    [Fact]
    public async Task a_side_that_does_not_read_stops_the_other_and_loses_nothing()
    {
        const int Total = 64 * 1024 * 1024;
        const int Step = 256 * 1024;
        await using var wire = new TunnelWire();
        var mayRead = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        long received = 0;
        var server = Tunnel(Silo(_two)).Inbound(async connection =>
        {
            await mayRead.Task;
            while (received < Total)
            {
                var read = await connection.Transport.Input.ReadAsync();
                received += read.Buffer.Length;
                connection.Transport.Input.AdvanceTo(read.Buffer.End);
            }
        })(wire.Server);
        await Tunnel(Silo(_one)).Outbound(async connection =>
        {
            long? stopped = null;
            for (var written = 0; written < Total; written += Step)
            {
                var write = connection.Transport.Output.WriteAsync(new byte[Step]).AsTask();
                try
                {
                    await write.WaitAsync(TimeSpan.FromSeconds(1));
                }
                catch (TimeoutException)
                {
                    stopped ??= written;
                    mayRead.TrySetResult();
                    await write;
                }
            }

            // Both pipes, a send queue and the wire: a few megabytes.
            Assert.NotNull(stopped);
            Assert.InRange(stopped.Value, 0, 16 * 1024 * 1024);
            while (Volatile.Read(ref received) < Total)
            {
                await Task.Yield();
            }
        })(wire.Client).WaitAsync(Patience);
        await server.WaitAsync(Patience);
        Assert.Equal(Total, received);
    }

    [Fact]
    public async Task the_end_of_one_side_is_the_end_of_the_other_after_all_that_was_written()
    {
        await using var wire = new TunnelWire();
        byte[] received = [];
        var server = Tunnel(Silo(_two)).Inbound(async connection => received = await ReadAsync(connection.Transport.Input, int.MaxValue))(wire.Server);
        await Tunnel(Silo(_one)).Outbound(async connection => await connection.Transport.Output.WriteAsync(new byte[300_000]))(wire.Client).WaitAsync(Patience);
        await server.WaitAsync(Patience);
        Assert.Equal(300_000, received.Length);
    }

    /// <summary>Somebody who tries to be a silo; what becomes of its own end does not matter.</summary>
    private async Task Knock(Peer peer, TunnelWire wire, PeerRole role)
    {
        var own = Credentials(peer);
        var trust = new AnyTrust();
        using var session = role == PeerRole.Client
            ? XtmpSession.Connect(new ClientSessionOptions { Identity = own.Identity, Certificate = peer == Peer.WithoutCertificate ? null : own.ClientCertificate, ServerTrust = trust, ServerName = "example" }, SystemEntropy.Instance, Clock.Now)
            : XtmpSession.Accept(new ServerSessionOptions { Identity = own.Identity, Certificate = peer == Peer.WithoutCertificate ? null : own.ServerCertificate, ClientTrust = trust }, SystemEntropy.Instance, Clock.Now);
        await using var pump = new SessionPump(session, new ConnectionLink(role == PeerRole.Client ? wire.Client : wire.Server), Clock, new NoObserver());
        await pump.RunAsync();
    }

    private static SessionClock Clock { get; } = new(TimeProvider.System);

    private SiloCredentials Credentials(Peer peer) => peer switch
    {
        Peer.OfAnotherRoot => Silo(_two, _foreignRoot),
        Peer.OfAnotherCluster => Silo(_two, cluster: "another"),
        Peer.Expired => Silo(_two, from: Now.AddDays(-2), until: Now.AddSeconds(-10)),
        Peer.NotYetValid => Silo(_two, from: Now.AddHours(1)),
        Peer.Withdrawn => Silo(_withdrawn),
        Peer.WithAnothersCertificate => Silo(_one) with { Identity = _two },
        _ => Silo(_two),
    };

    private SiloCredentials Silo(IdentityKey identity, IdentityKey? root = null, string cluster = "example", DateTimeOffset? from = null, DateTimeOffset? until = null)
    {
        root ??= _root;
        return new SiloCredentials { Identity = identity, Root = root.Public, Cluster = cluster, ServerCertificate = Issue(PeerRole.Server), ClientCertificate = Issue(PeerRole.Client) };

        IdentityCertificate Issue(PeerRole role) =>
            IdentityCertificate.Issue(root, identity.Public.Fingerprint, cluster, role, from ?? Now.AddDays(-1), until ?? Now.AddDays(1), 1, SystemEntropy.Instance);
    }

    private SiloTunnel Tunnel(SiloCredentials credentials) => new(credentials with { IsWithdrawn = silo => silo == _withdrawn.Public.Fingerprint }, TimeProvider.System, NullLogger.Instance);

    private static async Task EchoAsync(ConnectionContext connection)
    {
        while (true)
        {
            var read = await connection.Transport.Input.ReadAsync();
            foreach (var segment in read.Buffer)
            {
                await connection.Transport.Output.WriteAsync(segment);
            }

            connection.Transport.Input.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                return;
            }
        }
    }

    private static async Task<byte[]> ReadAsync(PipeReader input, int length)
    {
        var received = new ArrayBufferWriter<byte>();
        while (received.WrittenCount < length)
        {
            var read = await input.ReadAsync();
            foreach (var segment in read.Buffer)
            {
                received.Write(segment.Span);
            }

            input.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                break;
            }
        }

        return received.WrittenSpan.ToArray();
    }

    private sealed class NoObserver : ISessionObserver
    {
        public void OnEvent(XtmpSession session, in SessionEvent sessionEvent)
        {
        }
    }

    private sealed class AnyTrust : ITrustPolicy
    {
        public string Name => "any";

        public Fingerprint? ExpectedFingerprint => null;

        public IdentityPublicKey? KnownKey => null;

        public TrustDecision Evaluate(PeerIdentity peer, Instant now) => TrustDecision.Trusted;
    }
}
