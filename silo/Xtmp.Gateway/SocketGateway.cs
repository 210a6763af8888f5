using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.Logging;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Gateway;

/// <summary>The TCP listener: one connection, one session.</summary>
public sealed partial class SocketGateway(GatewayServices services) : ConnectionHandler
{
    private int _connections;

    /// <summary>Connections open now.</summary>
    public int Connections => Volatile.Read(ref _connections);

    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        if (Interlocked.Increment(ref _connections) > services.Options.MaxConnections)
        {
            Interlocked.Decrement(ref _connections);
            LogRefused(services.Logger, connection.RemoteEndPoint?.ToString(), services.Options.MaxConnections);
            connection.Abort();
            return;
        }

        try
        {
            var link = new ConnectionLink(connection);
            var session = new ServerSession(services.SessionOptions, SystemEntropy.Instance, services.Clock.Now, connection.RemoteEndPoint);
            await using var served = new ServedSession(services, session, link);
            var closing = connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? default;
            await using var drain = closing.Register(static state => ((ServedSession)state!).StartDrain(), served);
            await served.RunAsync().ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _connections);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "connection {Peer} refused: {Limit} connections are open")]
    private static partial void LogRefused(ILogger logger, string? peer, int limit);
}
