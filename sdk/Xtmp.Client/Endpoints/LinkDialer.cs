using Xtmp.Protocol;
using Xtmp.Transport;

namespace Xtmp.Client;

/// <summary>Connects to an endpoint by what it names: TCP or WebSocket.</summary>
internal static class LinkDialer
{
    // Where a WebSocket may take its place, TCP gets this part of the time for connecting: firewalls drop without a word.
    private const int FallbackShare = 3;

    /// <summary>The endpoints that a connection of this type tries.</summary>
    /// <exception cref="XtmpException">Local fault: they contradict the type.</exception>
    public static IReadOnlyList<XtmpEndpoint> Complete(IReadOnlyList<XtmpEndpoint> endpoints, ConnectionType type)
    {
        if (type == ConnectionType.TcpReliable && endpoints.Any(endpoint => endpoint.IsWebSocket))
        {
            throw new XtmpException(XtmpErrorCode.ConnectFailed, Fault.Local, $"{nameof(ConnectionType.TcpReliable)} does not go with WebSocket endpoints.");
        }

        return type != ConnectionType.WebSocketFallback || endpoints.Any(endpoint => endpoint.IsWebSocket)
            ? endpoints
            : [.. endpoints, .. endpoints.Select(endpoint => new XtmpEndpoint(endpoint.Host, XtmpEndpoint.DefaultWebSocketPort) { Protocol = "ws" })];
    }

    public static Func<XtmpEndpoint, CancellationToken, Task<ILink>> For(IReadOnlyList<XtmpEndpoint> endpoints, XtmpClientOptions options)
    {
        var hasFallback = endpoints.Any(endpoint => endpoint.IsWebSocket);
        return async (endpoint, cancellationToken) =>
        {
            if (endpoint.IsWebSocket)
            {
                return await WebSocketLink.ConnectAsync(new Uri(endpoint.ToString()), options.Proxy, cancellationToken).ConfigureAwait(false);
            }

            if (!hasFallback)
            {
                return await TcpLink.ConnectAsync(endpoint.Host, endpoint.Port, options.TimeProvider, cancellationToken).ConfigureAwait(false);
            }

            using var patience = new CancellationTokenSource(options.ConnectTimeout / FallbackShare, options.TimeProvider);
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
            try
            {
                return await TcpLink.ConnectAsync(endpoint.Host, endpoint.Port, options.TimeProvider, linked.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new XtmpException(XtmpErrorCode.ConnectFailed, Fault.Network, $"No connection to {endpoint} in time.", retryable: true);
            }
        };
    }
}
