using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;

namespace Xtmp.Gateway.Tests;

/// <summary>Two ends of a connection in memory, and everything that passed between them.</summary>
internal sealed class TunnelWire : IAsyncDisposable
{
    private readonly Pipe _fromClient = new(new PipeOptions(useSynchronizationContext: false));
    private readonly Pipe _fromServer = new(new PipeOptions(useSynchronizationContext: false));
    private readonly Pipe _toClient = new(new PipeOptions(useSynchronizationContext: false));
    private readonly Pipe _toServer = new(new PipeOptions(useSynchronizationContext: false));
    private readonly MemoryStream _seen = new();

    public TunnelWire()
    {
        Client = Connection("client", _toClient.Reader, _fromClient.Writer);
        Server = Connection("server", _toServer.Reader, _fromServer.Writer);
        _ = PassAsync(_fromClient.Reader, _toServer.Writer);
        _ = PassAsync(_fromServer.Reader, _toClient.Writer);
    }

    public DefaultConnectionContext Client { get; }

    public DefaultConnectionContext Server { get; }

    /// <summary>All bytes of both directions.</summary>
    public byte[] Seen
    {
        get
        {
            lock (_seen)
            {
                return _seen.ToArray();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        await Server.DisposeAsync();
    }

    private static DefaultConnectionContext Connection(string id, PipeReader input, PipeWriter output) =>
        new(id, new Ends(input, output), new Ends(input, output)) { RemoteEndPoint = new IPEndPoint(IPAddress.Loopback, 1) };

    private async Task PassAsync(PipeReader from, PipeWriter to)
    {
        while (true)
        {
            var read = await from.ReadAsync();
            foreach (var segment in read.Buffer)
            {
                lock (_seen)
                {
                    _seen.Write(segment.Span);
                }

                await to.WriteAsync(segment);
            }

            from.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                await to.CompleteAsync();
                return;
            }
        }
    }

    private sealed record Ends(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
