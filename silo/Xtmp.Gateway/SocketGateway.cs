using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.Logging;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Gateway;

/// <summary>The TCP listener: one connection, one session.</summary>
public sealed partial class SocketGateway(GatewayServices services) : ConnectionHandler
{
    private readonly DropLog _refusals = new(services.Clock);

    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        var address = AddressKey.Of(connection.RemoteEndPoint);
        if (!services.Connections.TryEnter(address, out var limit))
        {
            if (_refusals.Add(out var count))
            {
                LogRefused(services.Logger, connection.RemoteEndPoint?.ToString(), limit!, count);
            }

            connection.Abort();
            return;
        }

        var slot = new HandshakeSlot(services.Connections, address);
        try
        {
            // Nothing is made for a peer that says nothing.
            if (await SpeaksAsync(connection).ConfigureAwait(false))
            {
                var session = XtmpSession.Accept(services.SessionOptions, SystemEntropy.Instance, services.Clock.Now, connection.RemoteEndPoint);
                await using var served = new ServerConnection(services, session, new ConnectionLink(connection), address, slot);
                var closing = connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? default;
                await using var drain = closing.Register(static state => ((ServerConnection)state!).StartDrain(), served);
                await served.RunAsync().ConfigureAwait(false);
            }
        }
        catch (InvalidOperationException bug)
        {
            LogFailed(services.Logger, bug, connection.RemoteEndPoint?.ToString());
            connection.Abort();
        }
        finally
        {
            slot.Release();
            services.Connections.Leave(address);
        }
    }

    private async ValueTask<bool> SpeaksAsync(ConnectionContext connection)
    {
        using var patience = new CancellationTokenSource(services.Options.FirstByteTimeout, services.Clock.TimeProvider);
        try
        {
            var first = await connection.Transport.Input.ReadAsync(patience.Token).ConfigureAwait(false);
            connection.Transport.Input.AdvanceTo(first.Buffer.Start);
            if (!first.Buffer.IsEmpty)
            {
                return true;
            }

            LogSilent(services.Logger, connection.RemoteEndPoint?.ToString(), SessionCloseReason.EndOfStream);
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or ConnectionAbortedException)
        {
            connection.Abort();
            LogSilent(services.Logger, connection.RemoteEndPoint?.ToString(), patience.IsCancellationRequested ? SessionCloseReason.HandshakeTimeout : SessionCloseReason.EndOfStream);
        }

        return false;
    }

    [LoggerMessage(EventId = 3001, Level = LogLevel.Warning, Message = "connection {Peer} refused: {Limit}; {Count} refused since the last line")]
    private static partial void LogRefused(ILogger logger, string? peer, string limit, long count);

    [LoggerMessage(EventId = 3003, Level = LogLevel.Information, Message = "connection {Peer} closed {Reason} (no byte came)")]
    private static partial void LogSilent(ILogger logger, string? peer, SessionCloseReason reason);

    [LoggerMessage(EventId = 3002, Level = LogLevel.Error, Message = "connection {Peer} ended by a fault of this silo")]
    private static partial void LogFailed(ILogger logger, Exception error, string? peer);
}
