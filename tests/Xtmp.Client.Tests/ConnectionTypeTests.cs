using System.Net;
using Xtmp.TestKit;
using Xtmp.TestKit.Traffic;
using Xtmp.Transport;

namespace Xtmp.Client.Tests;

/// <summary>Which one-way messages go by datagram: those whose schema says so, none, or all.</summary>
public sealed class ConnectionTypeTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Theory]
    [InlineData(ConnectionType.TcpReliable, false, false)]
    [InlineData(ConnectionType.TcpUdpHybrid, true, false)]
    [InlineData(ConnectionType.UdpFast, true, true)]
    public async Task the_type_of_a_connection_says_what_goes_by_datagram(ConnectionType type, bool ticks, bool alerts)
    {
        using var datagrams = DatagramSocket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        await using var server = new ScriptedServer(TimeProvider.System, datagrams);
        await using var connection = new XtmpConnection(
            [new("server.test", 1)], new XtmpClientOptions { ServerFingerprint = TestIdentities.Server.Public.Fingerprint, ConnectionType = type }, server.DialAsync);
        var client = new TrafficClient(connection.Invoker);
        await client.TickAsync(new Tick { Number = 0, Body = default });
        var served = await server.AcceptAsync();

        // The first message has the path looked for, and takes the stream.
        Assert.Equal((Tick.MessageInfo.Code, false), await served.TakeOneWayAsync());
        if (ticks)
        {
            await served.DatagramsReady.WaitAsync(Patience);
        }

        // The path is there for the client, too, when an answer to its challenge has come back: then all that follows takes it.
        var isDatagram = !ticks;
        for (var number = 1UL; number < 1000 && isDatagram != ticks; number++)
        {
            await client.TickAsync(new Tick { Number = number, Body = default });
            isDatagram = (await served.TakeOneWayAsync()).IsDatagram;
        }

        Assert.Equal(ticks, isDatagram);
        await client.AlertAsync(new Alert { Number = 1 });
        Assert.Equal((Alert.MessageInfo.Code, alerts), await served.TakeOneWayAsync());
    }
}
