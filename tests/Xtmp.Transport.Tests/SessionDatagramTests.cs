using System.Net;
using System.Net.Sockets;
using Xtmp.Session;
using Xtmp.TestKit;

namespace Xtmp.Transport.Tests;

/// <summary>Sessions whose datagrams go through real sockets, by either way of moving them.</summary>
public sealed class SessionDatagramTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task messages_that_prefer_datagrams_take_them_once_the_path_is_validated(bool batched)
    {
        await using var ends = await StartAsync(batched);
        ends.Send(0, 10);
        await ends.Server.WaitForAsync(() => ends.Server.Ticks.Count == 10, "ten ticks by the stream");
        Assert.All(ends.Server.Ticks.Values, Assert.False);
        ends.OpenDatagrams();
        await ends.Client.WaitForAsync(SessionEventKind.DatagramsReady);
        ends.Send(10, 500);
        await ends.Server.WaitForAsync(() => ends.Server.Ticks.Count >= 500, "ticks by datagram");
        Assert.All(ends.Server.Ticks.Where(tick => tick.Key >= 10), tick => Assert.True(tick.Value));
        Assert.Equal(0, ends.Server.Doubles);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task the_server_follows_a_client_whose_port_changes(bool batched)
    {
        await using var ends = await StartAsync(batched);
        ends.OpenDatagrams();
        await ends.Server.WaitForAsync(SessionEventKind.DatagramsReady);
        var before = ends.ServerSees;
        ends.OpenDatagrams();

        // Each message is a reason to look at the path; the server moves when the new address has answered.
        var sent = 0UL;
        await ends.Server.WaitForAsync(
            () =>
            {
                ends.Send(sent++, 1);
                return ends.ServerSees != before;
            },
            "the new address");
        var first = sent + 100;
        ends.Send(first, 50);
        await ends.Server.WaitForAsync(() => ends.Server.Ticks.Keys.Any(number => number >= first), "ticks from the new port");
    }

    [Fact]
    public async Task without_an_answer_in_3_s_everything_stays_on_the_stream()
    {
        await using var ends = await StartAsync(batched: true);
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        ends.OpenDatagrams((IPEndPoint)silent.LocalEndPoint!);
        ends.Send(0, 10);
        await ends.Client.WaitForAsync(SessionEventKind.DatagramsLost);
        ends.Send(10, 10);
        await ends.Server.WaitForAsync(() => ends.Server.Ticks.Count == 20, "twenty ticks");
        Assert.All(ends.Server.Ticks.Values, Assert.False);
    }

    private static async Task<DatagramEnds> StartAsync(bool batched)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var accepting = listener.AcceptAsync();
        var client = await TcpLink.ConnectAsync("127.0.0.1", ((IPEndPoint)listener.LocalEndPoint!).Port, TimeProvider.System, CancellationToken.None);
        return await DatagramEnds.StartAsync(client, TcpLink.FromAccepted(await accepting), batched);
    }
}
