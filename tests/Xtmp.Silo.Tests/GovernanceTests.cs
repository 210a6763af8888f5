using System.Net.Sockets;
using System.Runtime.Versioning;
using Xtmp.Crypto;
using Xtmp.Gateway;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Transport;

namespace Xtmp.Silo.Tests;

/// <summary>What one peer may take of a silo, and what others feel of it.</summary>
public sealed class GovernanceTests
{
    private const int FloodingPeers = 200;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private static readonly SemaphoreSlim s_mayConnect = new(4);

    private static int s_flooding;

    [Fact]
    public async Task only_identities_in_the_role_node_submit_bundles()
    {
        await using var silo = await TestSilo.StartAsync();
        await using var stranger = await silo.ConnectAsync();
        var bundle = SampleBundle.Create("b", silo.Host.Network);
        var refused = await Assert.ThrowsAsync<XtmpException>(async () => await stranger.Bundle.SubmitAsync(new BundleSubmit { BundleId = "b", Bundle = bundle }));
        Assert.Equal(XtmpErrorCode.PermissionDenied, refused.Code);
        Assert.Contains("role", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task a_session_that_creates_too_much_is_told_when_to_come_back_and_others_are_not()
    {
        await using var silo = await TestSilo.StartAsync(options => options with
        {
            Gateway = new GatewayOptions { Rates = RateLimits.Default with { Session = new CostRates { Create = new(0.01, 2) } } },
        });
        using var keys = IdentityKey.Generate(SystemEntropy.Instance);
        await using var client = await silo.ConnectAsync(keys);
        var wallet = new XtmpWallet(client, keys);
        await wallet.RegisterAsync();
        await wallet.RegisterAsync();
        var refused = await Assert.ThrowsAsync<XtmpException>(async () => await wallet.RegisterAsync());
        Assert.Equal(XtmpErrorCode.Overloaded, refused.Code);
        Assert.True(refused.Retryable);
        Assert.InRange(refused.RetryAfter!.Value, TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(100));

        // Reading goes on, and so does another session.
        await wallet.BalanceAsync();
        using var others = IdentityKey.Generate(SystemEntropy.Instance);
        await using var other = await silo.ConnectAsync(others);
        await new XtmpWallet(other, others).RegisterAsync();
    }

    [Fact]
    public async Task streams_have_a_limit_of_their_own()
    {
        await using var silo = await TestSilo.StartAsync(options => options with { Gateway = new GatewayOptions { MaxStreams = 3 } });
        await using var client = await silo.ConnectAsync();
        var open = new List<IAsyncEnumerator<LiveUpdate>>();
        for (var i = 0; i < 3; i++)
        {
            var stream = client.Stream.UpdatesAsync(new LiveUpdates { Topic = $"bundle:{i}", StreamType = StreamType.BundleUpdates }).GetAsyncEnumerator();
            _ = stream.MoveNextAsync().AsTask();
            open.Add(stream);
        }

        var refused = await Assert.ThrowsAsync<XtmpException>(async () =>
            await client.Stream.UpdatesAsync(new LiveUpdates { Topic = "bundle:x", StreamType = StreamType.BundleUpdates }).GetAsyncEnumerator().MoveNextAsync());
        Assert.Equal(XtmpErrorCode.Overloaded, refused.Code);
        await client.Registry.QueryAsync(new RegistryQuery { Name = "nobody" });
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public async Task the_data_directory_and_what_is_in_it_are_their_owners_alone()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has other access rights.");
        const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        await using var silo = await TestSilo.StartAsync(options => options with { DataDirectory = Path.Combine(options.DataDirectory, "made"), AuditLog = "audit.log" });
        using var keys = IdentityKey.Generate(SystemEntropy.Instance);
        await using var client = await silo.ConnectAsync(keys);
        await new XtmpWallet(client, keys).RegisterAsync();
        Assert.Equal(Owner | UnixFileMode.UserExecute, File.GetUnixFileMode(silo.Options.DataDirectory));
        var files = Directory.GetFiles(silo.Options.DataDirectory);
        Assert.Contains(files, file => file.EndsWith(SiloEngine.DatabaseName, StringComparison.Ordinal));
        Assert.All(files, file => Assert.Equal((file, Owner), (file, File.GetUnixFileMode(file))));
    }

    [Fact]
    public async Task a_peer_that_says_nothing_is_closed_early()
    {
        await using var silo = await TestSilo.StartAsync(options => options with { Gateway = new GatewayOptions { FirstByteTimeout = TimeSpan.FromMilliseconds(200) } });
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(silo.Host.EndPoint);
        Assert.Equal(0, await ReceiveAsync(socket));
    }

    [Fact]
    public async Task half_open_connections_of_one_address_have_a_limit()
    {
        await using var silo = await TestSilo.StartAsync(options => options with { Gateway = new GatewayOptions { MaxHalfOpenPerAddress = 2 } });
        using var one = new Socket(SocketType.Stream, ProtocolType.Tcp);
        using var two = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await one.ConnectAsync(silo.Host.EndPoint);
        await two.ConnectAsync(silo.Host.EndPoint);
        using var three = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            // Closed at once, as the connection is made or at the first look.
            await three.ConnectAsync(silo.Host.EndPoint);
            Assert.NotEqual(0, await ReceiveAsync(three));
        });
        one.Dispose();
        two.Dispose();
        var patience = DateTime.UtcNow + Patience;
        while (true)
        {
            try
            {
                await using var client = await silo.ConnectAsync();
                return;
            }
            catch (XtmpException) when (DateTime.UtcNow < patience)
            {
                // The silo has not yet seen that the two are gone.
            }
        }
    }

    [Fact]
    public async Task a_session_in_which_nobody_proves_who_they_are_lives_only_so_long()
    {
        await using var silo = await TestSilo.StartAsync(options => options with { Gateway = new GatewayOptions { AnonymousLifetime = TimeSpan.FromMilliseconds(300) } });
        await using var anonymous = await silo.ConnectAsync(configure: options => options with { Identity = null });
        await using var known = await silo.ConnectAsync();
        await anonymous.WaitForStateAsync(XtmpConnectionState.Reconnecting).WaitAsync(Patience);
        await known.Registry.QueryAsync(new RegistryQuery { Name = "nobody" });
    }

    // Before: the silo read and answered without end, and died of it (exit 134 with 20 such sessions).
    [Fact]
    public async Task peers_that_ask_without_end_and_never_read_do_not_kill_the_silo()
    {
        var directory = Directory.CreateTempSubdirectory("xtmp-flood-");
        try
        {
            await using var silo = await SiloProcess.StartLimitedAsync(directory.FullName, heapLimit: 256L * 1024 * 1024);
            await PublishLargeRecordAsync(silo);
            await using var client = await XtmpConnection.ConnectAsync(silo.Endpoint, new XtmpClientOptions { ServerFingerprint = silo.Fingerprint });
            using var stop = new CancellationTokenSource();
            var floods = Enumerable.Range(0, FloodingPeers).Select(_ => Task.Run(() => FloodAsync(silo, stop.Token))).ToArray();
            try
            {
                for (var call = 0; call < 30; call++)
                {
                    await AnsweredAsync(client);
                }
            }
            finally
            {
                await stop.CancelAsync();
                await Task.WhenAll(floods);
            }

            Assert.False(silo.HasExited);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    /// <summary>A call that succeeds, if need be after having been told to come back, which is an answer too.</summary>
    private static async Task AnsweredAsync(XtmpConnection client)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            try
            {
                await client.Registry.QueryAsync(new RegistryQuery { Name = "nobody" }, new CallContext(patience.Token, Patience));
                return;
            }
            catch (XtmpException error) when (error is { Code: XtmpErrorCode.Overloaded, Retryable: true } && !patience.IsCancellationRequested)
            {
                await Task.Yield();
            }
        }
    }

    private static async Task PublishLargeRecordAsync(SiloProcess silo)
    {
        using var keys = IdentityKey.Generate(SystemEntropy.Instance);
        await using var client = await XtmpConnection.ConnectAsync(silo.Endpoint, new XtmpClientOptions { ServerFingerprint = silo.Fingerprint, Identity = keys });
        var record = RegistrySigning.Sign(
            new RegistryRecord
            {
                Name = "large",
                Version = 1,
                Owner = new byte[32],
                Endpoints = [.. Enumerable.Range(0, 16).Select(index => new RegistryEndpoint { Kind = RegistryEndpointKind.Xtmp, Host = new string('h', 200) + index, Port = 7778 })],
                ServerFingerprints = [],
                Ttl = TimeSpan.FromHours(1),
                ExpiresAt = DateTimeOffset.UtcNow.AddDays(1),
            },
            client.Network!,
            keys,
            SystemEntropy.Instance);
        await client.Registry.UpdateAsync(new RegistryUpdate { OperationId = new byte[16], Name = "large", Record = record });
    }

    /// <summary>A peer with valid frames that asks for something large, again and again, and reads nothing; cut off, it comes back once.</summary>
    private static async Task FloodAsync(SiloProcess silo, CancellationToken cancellationToken)
    {
        for (var sessions = 0; sessions < 2 && !cancellationToken.IsCancellationRequested;)
        {
            try
            {
                await using var peer = await EstablishAsync(silo, cancellationToken);
                if (sessions++ == 0)
                {
                    Interlocked.Increment(ref s_flooding);
                }

                for (var exchange = 1UL; ; exchange += 2)
                {
                    await peer.SendAsync(peer.Seal(0x30, FrameKind.Request, exchange, new RegistryQuery { Name = "large" }.ToBytes()), cancellationToken);
                }
            }
            catch (Exception error) when (error is IOException or SocketException or XtmpException or OperationCanceledException or InvalidOperationException)
            {
                // The silo takes no more, or has closed the session: as it should.
            }
        }
    }

    // A few at a time: handshakes are limited, too, and not what this is about.
    private static async Task<RawPeer> EstablishAsync(SiloProcess silo, CancellationToken cancellationToken)
    {
        await s_mayConnect.WaitAsync(cancellationToken);
        try
        {
            return await RawPeer.EstablishAsync(silo);
        }
        finally
        {
            s_mayConnect.Release();
        }
    }

    private static async Task<int> ReceiveAsync(Socket socket)
    {
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            return await socket.ReceiveAsync(new byte[1], SocketFlags.None, patience.Token);
        }
        catch (SocketException)
        {
            // A reset says the same.
            return 0;
        }
    }
}
