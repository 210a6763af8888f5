using System.Net.Http.Json;
using System.Net.Security;
using System.Security.Authentication;

namespace Xtmp.Benchmarks;

/// <summary>JSON over HTTP/1.1 with keep-alive and TLS 1.3: a connection carries one request at a time.</summary>
internal sealed class JsonPeerOverHttps(int port) : CallingPeer
{
    private static readonly JsonEchoRequest s_request = new("grain-00", Body);

    private readonly Uri _address = new($"https://127.0.0.1:{port}/echo");
    private readonly List<HttpClient> _clients = [];

    public override string Name => "HTTPS/1.1 JSON";

    public static SocketsHttpHandler CreateHandler(int connections) => new()
    {
        MaxConnectionsPerServer = connections,
        UseCookies = false,
        UseProxy = false,
        ActivityHeadersPropagator = null,
        SslOptions = new SslClientAuthenticationOptions { EnabledSslProtocols = SslProtocols.Tls13, RemoteCertificateValidationCallback = static (_, _, _, _) => true },
    };

    public override async Task<Func<ValueTask>> ConnectAndCallAsync()
    {
        var client = new HttpClient(CreateHandler(1));
        await CallAsync(client);
        return () =>
        {
            client.Dispose();
            return default;
        };
    }

    public override Task CloseAsync()
    {
        _clients.ForEach(client => client.Dispose());
        _clients.Clear();
        return Task.CompletedTask;
    }

    protected override async Task OpenAsync()
    {
        _clients.Add(new HttpClient(CreateHandler(1)));
        await CallAsync(_clients[^1]);
    }

    protected override ValueTask CallAsync(int connection) => new(CallAsync(_clients[connection]));

    private async Task CallAsync(HttpClient client)
    {
        using var response = await client.PostAsJsonAsync(_address, s_request, JsonEchoContext.Default.JsonEchoRequest);
        response.EnsureSuccessStatusCode();
        await response.Content.ReadFromJsonAsync(JsonEchoContext.Default.JsonEchoReply);
    }
}
