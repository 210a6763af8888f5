using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Xtmp.Transport;

namespace Xtmp.Gateway;

/// <summary>A connection of ASP.NET Core's connection layer.</summary>
internal sealed class ConnectionLink(ConnectionContext connection) : ILink
{
    // Whoever carries one connection inside another puts its own pipes in this place.
    private readonly IDuplexPipe _transport = connection.Transport;

    public PipeReader Input => _transport.Input;

    public PipeWriter Output => _transport.Output;

    public string PeerAddress { get; } = connection.RemoteEndPoint?.ToString() ?? "unknown";

    public void Abort() => connection.Abort();

    public async ValueTask DisposeAsync()
    {
        await Output.CompleteAsync().ConfigureAwait(false);
        await Input.CompleteAsync().ConfigureAwait(false);
    }
}
