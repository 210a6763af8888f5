using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Xtmp.Client;
using Xtmp.Crypto;
using Xtmp.Gateway;
using Xtmp.Messages;
using Xtmp.Protocol;

namespace Xtmp.Silo.Tests;

/// <summary>A silo on IPv6, and one on both families at one port.</summary>
public sealed class IPv6Tests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task a_silo_on_ipv6_serves_by_stream_websocket_and_datagram()
    {
        RequireIPv6();
        using var key = IdentityKey.Generate(SystemEntropy.Instance);
        await using var silo = await TestSilo.StartAsync(options => options with
        {
            Bind = IPAddress.IPv6Loopback,
            WebSocket = new IPEndPoint(IPAddress.IPv6Loopback, 0),
            Gateway = options.Gateway with { Roles = new Dictionary<Fingerprint, CallerRoles> { [key.Public.Fingerprint] = CallerRoles.Operator } },
        });
        Assert.Equal($"xtmp://[::1]:{silo.Host.EndPoint.Port}", silo.Endpoint);
        await using var client = await silo.ConnectAsync(key);
        Assert.Equal("::1", client.Endpoint!.Host);
        var wallet = new XtmpWallet(client, key);
        await wallet.RegisterAsync();

        // Items of this stream prefer datagrams, and asking for it has their path looked for.
        await using var metrics = client.Stream.MetricsAsync(new MetricsStream { Topic = "metrics:silo", Interval = TimeSpan.FromMilliseconds(100) }).GetAsyncEnumerator();
        var start = Stopwatch.GetTimestamp();
        while (client.Sessions.All(session => session.Quality.Counters.DatagramsReceived == 0))
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < Patience, "No datagram came.");
            Assert.True(await metrics.MoveNextAsync().AsTask().WaitAsync(Patience));
        }

        await using var overWebSocket = await XtmpConnection.ConnectAsync(
            $"ws://{silo.Host.WebSocketEndPoint}/xtmp", new XtmpClientOptions { ServerFingerprint = silo.Host.Fingerprint });
        await overWebSocket.Registry.QueryAsync(new RegistryQuery { Name = "nobody" });
    }

    [Fact]
    public async Task a_silo_on_any_address_of_ipv6_takes_ipv4_too()
    {
        RequireIPv6();
        await using var silo = await TestSilo.StartAsync(options => options with { Bind = IPAddress.IPv6Any });
        foreach (var host in (string[])["[::1]", "127.0.0.1"])
        {
            await using var client = await XtmpConnection.ConnectAsync(
                $"xtmp://{host}:{silo.Host.EndPoint.Port}", new XtmpClientOptions { ServerFingerprint = silo.Host.Fingerprint });
            await client.Registry.QueryAsync(new RegistryQuery { Name = "nobody" });
        }
    }

    private static void RequireIPv6()
    {
        using var probe = Socket.OSSupportsIPv6 ? new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) : null;
        try
        {
            probe?.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
        }
        catch (SocketException)
        {
            Assert.Skip("This machine has no address ::1: give its loopback device one (sysctl net.ipv6.conf.lo.disable_ipv6=0).");
        }

        Assert.SkipUnless(probe is not null, "This machine has no IPv6: start its kernel with it.");
    }
}
