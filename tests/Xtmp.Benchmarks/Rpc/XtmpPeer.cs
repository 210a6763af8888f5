using Xtmp.Benchmarks.Echo;
using Xtmp.Client;
using Xtmp.Crypto;
using Xtmp.Transport;

namespace Xtmp.Benchmarks;

/// <summary>Ours: <see cref="XtmpConnection"/>; where connecting is measured, the parts it connects with, and a ticket.</summary>
internal sealed class XtmpPeer : CallingPeer
{
    private readonly XtmpEndpoint _address;
    private readonly XtmpClientOptions _options;
    private readonly EndpointSet _endpoints;
    private readonly SessionOpener _opener;
    private readonly List<XtmpConnection> _connections = [];
    private readonly List<(EchoesClient Client, Echo.Echo Request)> _clients = [];
    private readonly Echo.Echo _request = new() { Key = "connect", Body = Body };

    public XtmpPeer(int port, Fingerprint fingerprint, string name = "XTMP")
    {
        Name = name;
        _address = new XtmpEndpoint("127.0.0.1", port);
        _options = new XtmpClientOptions { ServerFingerprint = fingerprint, Identity = IdentityKey.Generate(SystemEntropy.Instance) };
        _endpoints = new EndpointSet([_address], _options);

        // As with HTTPS nobody proves who calls: the silo would record that the session began and ended, which is not connecting.
        _opener = new SessionOpener(_options with { Identity = null }, LinkDialer.For([_address], _options));
    }

    public override string Name { get; }

    public override async Task<Func<ValueTask>> ConnectAndCallAsync()
    {
        var endpoint = _endpoints.Choose(out _) ?? throw new InvalidOperationException("The endpoint has to wait.");
        var session = await _opener.OpenAsync(endpoint, CancellationToken.None);
        _endpoints.Succeeded(endpoint);
        await session.InvokeAsync(EchoesMethods.Call, _request, CancellationToken.None);
        return async () =>
        {
            await session.CloseAsync();
            await session.DisposeAsync();
            _endpoints.Released(endpoint, failed: false);
        };
    }

    public override async Task CloseAsync()
    {
        foreach (var connection in _connections)
        {
            await connection.DisposeAsync();
        }

        _connections.Clear();
        _clients.Clear();
    }

    protected override async Task OpenAsync()
    {
        var connection = new XtmpConnection([_address], _options);
        await connection.OpenAsync();
        _connections.Add(connection);
        _clients.Add((new EchoesClient(connection.Invoker), new Echo.Echo { Key = $"grain-{_clients.Count:00}", Body = Body }));
    }

    protected override async ValueTask CallAsync(int connection)
    {
        var (client, request) = _clients[connection];
        var reply = await client.CallAsync(request);
        if (reply.Body.Length != BodySize)
        {
            throw new InvalidOperationException("The reply is not the echo.");
        }
    }
}
