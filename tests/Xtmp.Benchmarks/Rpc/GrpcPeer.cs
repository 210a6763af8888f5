using Google.Protobuf;
using Grpc.Net.Client;
using Xtmp.Benchmarks.Grpc;

namespace Xtmp.Benchmarks;

/// <summary>grpc-dotnet, unary, HTTP/2 over TLS 1.3.</summary>
internal sealed class GrpcPeer(int port) : CallingPeer
{
    private static readonly EchoRequest s_request = new() { Key = "grain-00", Body = ByteString.CopyFrom(Body) };

    private readonly List<GrpcChannel> _channels = [];
    private readonly List<EchoService.EchoServiceClient> _clients = [];

    public override string Name => "grpc-dotnet unary TLS1.3";

    public override async Task<Func<ValueTask>> ConnectAndCallAsync()
    {
        var channel = Open();
        await new EchoService.EchoServiceClient(channel).CallAsync(s_request);
        return () =>
        {
            channel.Dispose();
            return default;
        };
    }

    public override Task CloseAsync()
    {
        _channels.ForEach(channel => channel.Dispose());
        _channels.Clear();
        _clients.Clear();
        return Task.CompletedTask;
    }

    protected override async Task OpenAsync()
    {
        var channel = Open();
        _channels.Add(channel);
        _clients.Add(new EchoService.EchoServiceClient(channel));
        await CallAsync(_clients.Count - 1);
    }

    protected override async ValueTask CallAsync(int connection)
    {
        using var call = _clients[connection].CallAsync(s_request);
        await call.ResponseAsync;
    }

    private GrpcChannel Open() => GrpcChannel.ForAddress(
        $"https://127.0.0.1:{port}", new GrpcChannelOptions { HttpHandler = JsonPeerOverHttps.CreateHandler(1), DisposeHttpClient = true });
}
