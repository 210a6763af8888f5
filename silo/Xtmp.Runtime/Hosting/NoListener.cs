using System.Net;
using Microsoft.AspNetCore.Connections;

namespace Xtmp.Runtime;

/// <summary>A listener that listens to nothing, for a silo that is alone.</summary>
internal sealed class NoListener : IConnectionListenerFactory, IConnectionListener
{
    private readonly TaskCompletionSource<ConnectionContext?> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public EndPoint EndPoint { get; private set; } = new IPEndPoint(IPAddress.Loopback, 0);

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        EndPoint = endpoint;
        return new(this);
    }

    public ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) => new(_end.Task);

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        _end.TrySetResult(null);
        return default;
    }

    public ValueTask DisposeAsync() => UnbindAsync();
}
