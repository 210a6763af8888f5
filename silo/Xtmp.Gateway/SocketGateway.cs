using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Xtmp.Gateway;

/// <summary>The TCP listener: one connection, one session.</summary>
public sealed class SocketGateway(GatewayServices services) : ConnectionHandler
{
    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        if (services.Sessions.TryAdmit(connection) is not { } admitted)
        {
            return;
        }

        using (admitted)
        {
            var closing = connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? default;
            await services.Sessions.ServeAsync(new ConnectionLink(connection), admitted, closing).ConfigureAwait(false);
        }
    }
}
