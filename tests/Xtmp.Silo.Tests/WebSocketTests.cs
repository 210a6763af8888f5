using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Xtmp.Client;
using Xtmp.Crypto;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.TestKit;
using Xtmp.Transport;

namespace Xtmp.Silo.Tests;

/// <summary>Sessions over WebSocket, directly, through a proxy, and where TCP does not connect; and what the listener refuses.</summary>
public sealed class WebSocketTests(WebSocketTests.Shared shared) : IClassFixture<WebSocketTests.Shared>
{
    private const string Origin = "https://app.example.org";

    /// <summary>A silo with a WebSocket gateway.</summary>
    public sealed class Shared : SharedSilo
    {
        internal override SiloOptions Configure(SiloOptions options) => options with
        {
            WebSocket = new IPEndPoint(IPAddress.Loopback, 0),
            Gateway = options.Gateway with { WebSocketOrigins = [Origin] },
        };
    }

    [Fact]
    public async Task a_session_over_a_websocket_carries_calls_and_streams()
    {
        var silo = shared.Silo;
        using var keys = IdentityKey.Generate(SystemEntropy.Instance);
        await using var client = await XtmpConnection.ConnectAsync(Address(silo), Options(silo) with { Identity = keys });
        await UseAsync(client, keys);
        Assert.True(client.Endpoint!.IsWebSocket);
    }

    [Fact]
    public async Task a_session_goes_through_an_http_proxy()
    {
        var silo = shared.Silo;
        await using var proxy = new ConnectProxy();
        using var keys = IdentityKey.Generate(SystemEntropy.Instance);
        await using var client = await XtmpConnection.ConnectAsync(Address(silo), Options(silo) with { Identity = keys, Proxy = new WebProxy(proxy.Address) });
        await UseAsync(client, keys);

        // Each of the two wallets has a session of its own.
        Assert.Equal(3, proxy.Connects);
    }

    [Fact]
    public async Task the_websocket_is_taken_where_tcp_does_not_connect()
    {
        var silo = shared.Silo;
        using var nobody = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        nobody.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        await using var client = await XtmpConnection.ConnectAsync(
            $"xtmp://{nobody.LocalEndPoint},{Address(silo)}", Options(silo) with { ConnectionType = ConnectionType.WebSocketFallback });
        Assert.True(client.Endpoint!.IsWebSocket);
        await client.Registry.QueryAsync(new RegistryQuery { Name = "nobody" });
    }

    [Fact]
    public async Task tcp_is_taken_where_it_connects()
    {
        var silo = shared.Silo;
        await using var client = await XtmpConnection.ConnectAsync($"{Address(silo)},{silo.Endpoint}", Options(silo) with { ConnectionType = ConnectionType.WebSocketFallback });
        Assert.False(client.Endpoint!.IsWebSocket);
    }

    [Fact]
    public async Task a_client_that_wants_tcp_alone_takes_no_websocket()
    {
        var silo = shared.Silo;
        var error = await Assert.ThrowsAsync<XtmpException>(() => XtmpConnection.ConnectAsync(Address(silo), Options(silo) with { ConnectionType = ConnectionType.TcpReliable }));
        Assert.Equal(Fault.Local, error.Fault);
    }

    [Theory]
    [InlineData("/xtmp", "xtmp.1", null, HttpStatusCode.SwitchingProtocols)]
    [InlineData("/xtmp", "xtmp.1", Origin, HttpStatusCode.SwitchingProtocols)]
    [InlineData("/xtmp", "xtmp.1", "https://evil.example.org", HttpStatusCode.Forbidden)]
    [InlineData("/xtmp", "other.1", null, HttpStatusCode.BadRequest)]
    [InlineData("/other", "xtmp.1", null, HttpStatusCode.NotFound)]
    public async Task the_upgrade_is_for_the_path_the_subprotocol_and_allowed_origins(string path, string subprotocol, string? origin, HttpStatusCode status)
    {
        var silo = shared.Silo;
        using var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        socket.Options.AddSubProtocol(subprotocol);
        socket.Options.DangerousDeflateOptions = new WebSocketDeflateOptions();
        if (origin is not null)
        {
            socket.Options.SetRequestHeader("Origin", origin);
        }

        try
        {
            await socket.ConnectAsync(new Uri($"ws://{silo.Host.WebSocketEndPoint}{path}"), CancellationToken.None);
            Assert.Equal("xtmp.1", socket.SubProtocol);
            Assert.DoesNotContain(socket.HttpResponseHeaders!.Keys, name => name.Equals("Sec-WebSocket-Extensions", StringComparison.OrdinalIgnoreCase));
        }
        catch (WebSocketException)
        {
            // The status says why.
        }

        Assert.Equal(status, socket.HttpStatusCode);
    }

    [Fact]
    public async Task a_text_message_closes_with_1003()
    {
        var silo = shared.Silo;
        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("xtmp.1");
        await socket.ConnectAsync(new Uri(Address(silo)), CancellationToken.None);
        await socket.SendAsync(Encoding.UTF8.GetBytes("hello"), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        await socket.ReceiveAsync(new byte[16], CancellationToken.None);
        Assert.Equal(WebSocketCloseStatus.InvalidMessageType, socket.CloseStatus);
    }

    [Fact]
    public async Task a_page_that_is_no_websocket_is_told_so()
    {
        var silo = shared.Silo;
        using var http = new HttpClient();
        using var response = await http.GetAsync(new Uri($"http://{silo.Host.WebSocketEndPoint}/xtmp"));
        Assert.Equal(HttpStatusCode.UpgradeRequired, response.StatusCode);
    }

    private static string Address(TestSilo silo) => $"ws://{silo.Host.WebSocketEndPoint}/xtmp";

    private static XtmpClientOptions Options(TestSilo silo) => new() { ServerFingerprint = silo.Host.Fingerprint };

    private static async Task UseAsync(XtmpConnection client, IdentityKey keys)
    {
        var wallet = new XtmpWallet(client, keys);
        await wallet.RegisterAsync();
        using var other = IdentityKey.Generate(SystemEntropy.Instance);
        await new XtmpWallet(client, other).RegisterAsync();
        await using var updates = wallet.UpdatesAsync().GetAsyncEnumerator();
        var next = updates.MoveNextAsync();
        await wallet.TransferAsync(other.Public.Fingerprint.ToArray(), 5);
        Assert.True(await next.AsTask().WaitAsync(TimeSpan.FromMinutes(1)));
    }
}
