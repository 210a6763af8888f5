using System.Globalization;
using Microsoft.Extensions.Logging;
using Xtmp.Protocol;
using Xtmp.Session;

namespace Xtmp.Gateway;

/// <content>The log: one line a connection at Information, at its end.</content>
internal sealed partial class ServerConnection
{
    // Drops are logged once a minute: a peer must not fill the log by sending what is refused.
    private static readonly TimeSpan DropLogInterval = TimeSpan.FromMinutes(1);

    private TimeSpan? _dropsLogged;
    private long _drops;

    /// <summary>Counts a one-way message that was not handled. Called while the pump holds the session.</summary>
    private void CountDrop(byte code, string reason)
    {
        _drops++;
        _services.Telemetry.Dropped();
        var now = _services.Clock.Monotonic;
        if (_dropsLogged is { } last && now - last < DropLogInterval)
        {
            return;
        }

        _dropsLogged = now;
        LogDropped(_services.Logger, _pump.PeerAddress, _drops, code, PeerText.Escape(reason));
    }

    private void LogEnd()
    {
        var seconds = (_services.Clock.Monotonic - _started).TotalSeconds;
        var id = _established?.SessionId.ToString("x16", CultureInfo.InvariantCulture) ?? "none";
        var client = _established?.ClientFingerprint?.ToString() ?? "anonymous";
        var reason = _close?.ToString() ?? "link gone";
        LogConnection(_services.Logger, _pump.PeerAddress, id, client, _requests, seconds, reason);
    }

    [LoggerMessage(EventId = 3010, Level = LogLevel.Information, Message = "connection {Peer} session {Session} client {Client} requests {Requests} seconds {Seconds:0.000} closed {Reason}")]
    private static partial void LogConnection(ILogger logger, string peer, string session, string client, long requests, double seconds, string reason);

    [LoggerMessage(EventId = 3011, Level = LogLevel.Debug, Message = "connection {Peer} session {Session} established, schemas that differ: [{Schemas}]")]
    private static partial void LogOpened(ILogger logger, string peer, string session, string schemas);

    [LoggerMessage(EventId = 3012, Level = LogLevel.Warning, Message = "connection {Peer} one-way messages dropped so far: {Drops}, the last of type 0x{Code:X2}: {Reason}")]
    private static partial void LogDropped(ILogger logger, string peer, long drops, byte code, string reason);

    [LoggerMessage(EventId = 3013, Level = LogLevel.Error, Message = "connection {Peer} call {Method} failed")]
    private static partial void LogFailed(ILogger logger, Exception error, string peer, string method);

    [LoggerMessage(EventId = 3014, Level = LogLevel.Warning, Message = "connection {Peer} could not be recorded: {Reason}")]
    private static partial void LogUnrecorded(ILogger logger, string peer, string reason);
}
