using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Gateway;

/// <summary>What every listener does with a connection: admits it within the limits, and serves a session on its link.</summary>
internal sealed partial class SessionServer(GatewayServices services)
{
    private readonly DropLog _refusals = new(services.Clock);

    /// <summary>Null where a limit refuses the connection, which is to be aborted.</summary>
    public AdmittedPeer? TryAdmit(EndPoint? peer, Action<AdmittedPeer>? left = null)
    {
        var address = AddressKey.Of(peer);
        if (services.Connections.TryEnter(address, out var limit))
        {
            return new AdmittedPeer(services.Connections, peer, address, left);
        }

        services.Metrics.Refused(RefusalReason.Connections);
        if (_refusals.Add(out var count))
        {
            LogRefused(services.Logger, peer?.ToString(), limit!, count);
        }

        return null;
    }

    /// <summary>Runs a session until it is over. Owns the link and the peer.</summary>
    public async Task ServeAsync(ILink link, AdmittedPeer peer)
    {
        try
        {
            // Nothing is made for a peer that says nothing.
            if (!await SpeaksAsync(link).ConfigureAwait(false))
            {
                await link.DisposeAsync().ConfigureAwait(false);
                return;
            }

            var session = XtmpSession.Accept(services.SessionOptions, SystemEntropy.Instance, services.Clock.Now, peer.EndPoint);
            await using var served = new ServerConnection(services, session, link, peer);
            peer.Serve(served);
            try
            {
                await served.RunAsync().ConfigureAwait(false);
            }
            finally
            {
                await served.EndAsync().ConfigureAwait(false);
            }
        }
        catch (Exception bug) when (bug is not OutOfMemoryException)
        {
            LogFailed(services.Logger, bug, link.PeerAddress);
            link.Abort();
        }
        finally
        {
            peer.Dispose();
        }
    }

    private async ValueTask<bool> SpeaksAsync(ILink link)
    {
        using var patience = new CancellationTokenSource(services.Options.FirstByteTimeout, services.Clock.TimeProvider);
        try
        {
            var first = await link.Input.ReadAsync(patience.Token).ConfigureAwait(false);
            link.Input.AdvanceTo(first.Buffer.Start);
            if (!first.Buffer.IsEmpty)
            {
                return true;
            }

            LogSilent(services.Logger, link.PeerAddress, SessionCloseReason.EndOfStream);
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or ConnectionAbortedException)
        {
            link.Abort();
            LogSilent(services.Logger, link.PeerAddress, patience.IsCancellationRequested ? SessionCloseReason.HandshakeTimeout : SessionCloseReason.EndOfStream);
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
