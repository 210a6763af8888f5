using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Xtmp.Transport;

namespace Xtmp.Gateway;

/// <summary>A connection that Kestrel accepted.</summary>
internal sealed class ConnectionLink(ConnectionContext connection) : ILink
{
    public PipeReader Input => connection.Transport.Input;

    public PipeWriter Output => connection.Transport.Output;

    public string PeerAddress { get; } = connection.RemoteEndPoint?.ToString() ?? "unknown";

    public void Abort() => connection.Abort();

    public async ValueTask DisposeAsync()
    {
        await Output.CompleteAsync().ConfigureAwait(false);
        await Input.CompleteAsync().ConfigureAwait(false);
    }
}
