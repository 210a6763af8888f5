using System.Net;
using System.Net.Sockets;
using Xtmp.Protocol;
using Xtmp.TestKit;

namespace Xtmp.Transport.Tests;

public sealed class TcpLinkTests : LinkConformance
{
    [Fact]
    public async Task a_port_nobody_listens_on_is_a_network_fault()
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var port = ((IPEndPoint)taken.LocalEndPoint!).Port;
        var error = await Assert.ThrowsAsync<XtmpException>(() => TcpLink.ConnectAsync("127.0.0.1", port, TimeProvider.System, CancellationToken.None));
        Assert.Equal((XtmpErrorCode.ConnectFailed, Fault.Network, true), (error.Code, error.Fault, error.Retryable));
    }

    protected override async Task<(ILink Client, ILink Server)> ConnectAsync()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var accepting = listener.AcceptAsync();
        var client = await TcpLink.ConnectAsync("localhost", ((IPEndPoint)listener.LocalEndPoint!).Port, TimeProvider.System, CancellationToken.None);
        return (client, TcpLink.FromAccepted(await accepting));
    }
}
