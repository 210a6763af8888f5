using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using Xtmp.TestKit;

namespace Xtmp.Transport.Tests;

/// <summary>WebSockets over a loopback connection, without the HTTP upgrade before them.</summary>
public sealed class WebSocketLinkTests : LinkConformance
{
    [Fact]
    public async Task a_text_message_closes_with_1003()
    {
        var (client, server) = await ConnectSocketsAsync();
        await using var link = new WebSocketLink(server, "the test");
        await client.SendAsync("text"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        Assert.True((await link.Input.ReadAsync()).IsCompleted);
        await client.ReceiveAsync(new byte[16], CancellationToken.None);
        Assert.Equal(WebSocketCloseStatus.InvalidMessageType, client.CloseStatus);
        client.Dispose();
    }

    [Fact]
    public async Task an_empty_message_is_not_the_end()
    {
        var (client, server) = await ConnectSocketsAsync();
        await using var link = new WebSocketLink(server, "the test");
        await client.SendAsync(Array.Empty<byte>(), WebSocketMessageType.Binary, endOfMessage: true, CancellationToken.None);
        await client.SendAsync(new byte[] { 7 }, WebSocketMessageType.Binary, endOfMessage: false, CancellationToken.None);
        var read = await link.Input.ReadAsync();
        Assert.False(read.IsCompleted);
        Assert.Equal([7], read.Buffer.FirstSpan.ToArray());
        client.Dispose();
    }

    protected override async Task<(ILink Client, ILink Server)> ConnectAsync()
    {
        var (client, server) = await ConnectSocketsAsync();
        return (new WebSocketLink(client, "server"), new WebSocketLink(server, "client"));
    }

    private static async Task<(WebSocket Client, WebSocket Server)> ConnectSocketsAsync()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var accepting = listener.AcceptAsync();
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await client.ConnectAsync(listener.LocalEndPoint!);
        return (Wrap(client, isServer: false), Wrap(await accepting, isServer: true));
    }

    private static WebSocket Wrap(Socket socket, bool isServer) =>
        WebSocket.CreateFromStream(new NetworkStream(socket, ownsSocket: true), new WebSocketCreationOptions { IsServer = isServer, SubProtocol = WebSocketLink.Subprotocol, KeepAliveInterval = TimeSpan.Zero });
}
