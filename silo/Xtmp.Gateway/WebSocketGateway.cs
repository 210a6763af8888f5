using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Xtmp.Transport;

namespace Xtmp.Gateway;

/// <summary>
/// The WebSocket listener, for networks that let nothing else through: one WebSocket, one session. The session is as secure as
/// over TCP, whoever ends TLS in front of it. Cookies mean nothing here; a browser's page has to be of an origin that the
/// operator named.
/// </summary>
public sealed partial class WebSocketGateway(GatewayServices services)
{
    private static readonly object AdmittedKey = new();

    private readonly DropLog _refusals = new(services.Clock);

    /// <summary>Connection middleware of the listener: limits count from the first byte on, not from the upgrade.</summary>
    public ConnectionDelegate Admit(ConnectionDelegate next) => async connection =>
    {
        if (services.Sessions.TryAdmit(connection.RemoteEndPoint) is not { } admitted)
        {
            connection.Abort();
            return;
        }

        using (admitted)
        {
            connection.Items[AdmittedKey] = admitted;
            await next(connection).ConfigureAwait(false);
        }
    };

    /// <summary>Serves one request: an upgrade on <see cref="WebSocketLink.Path"/>, or a refusal.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (WhyRefused(context) is var (status, reason) && status != StatusCodes.Status101SwitchingProtocols)
        {
            if (_refusals.Add(out var count))
            {
                LogRefused(services.Logger, context.Connection.RemoteIpAddress?.ToString(), reason, count);
            }

            context.Response.StatusCode = status;
            return;
        }

        var peer = (AdmittedPeer)context.Features.Get<IConnectionItemsFeature>()!.Items[AdmittedKey]!;
        var closing = context.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? default;
        var socket = await context.WebSockets.AcceptWebSocketAsync(
            new WebSocketAcceptContext { SubProtocol = WebSocketLink.Subprotocol, KeepAliveInterval = Timeout.InfiniteTimeSpan }).ConfigureAwait(false);
        await using var drain = closing.Register(static state => ((AdmittedPeer)state!).StartDrain(), peer);
        await services.Sessions.ServeAsync(new WebSocketLink(socket, $"{peer.EndPoint} (WebSocket)"), peer).ConfigureAwait(false);
    }

    private (int Status, string Reason) WhyRefused(HttpContext context)
    {
        if (context.Request.Path != WebSocketLink.Path)
        {
            return (StatusCodes.Status404NotFound, "no such path");
        }

        if (!context.WebSockets.IsWebSocketRequest)
        {
            return (StatusCodes.Status426UpgradeRequired, "not a WebSocket");
        }

        if (!context.WebSockets.WebSocketRequestedProtocols.Contains(WebSocketLink.Subprotocol))
        {
            return (StatusCodes.Status400BadRequest, $"the subprotocol {WebSocketLink.Subprotocol} is not asked for");
        }

        // Programs send no origin, browsers always do.
        var origin = context.Request.Headers.Origin;
        return origin.Count == 0 || (origin.Count == 1 && services.Options.WebSocketOrigins.Contains(origin[0]!, StringComparer.OrdinalIgnoreCase))
            ? (StatusCodes.Status101SwitchingProtocols, "")
            : (StatusCodes.Status403Forbidden, "the page's origin is not allowed");
    }

    [LoggerMessage(EventId = 3004, Level = LogLevel.Warning, Message = "WebSocket of {Peer} refused: {Reason}; {Count} refused since the last line")]
    private static partial void LogRefused(ILogger logger, string? peer, string reason, long count);
}
