using System.Globalization;
using Microsoft.Extensions.Logging;
using Xtmp.Session;

namespace Xtmp.Gateway;

/// <content>The log: one line a connection at Information, at its end.</content>
internal sealed partial class ServedSession
{
    private void LogEnd()
    {
        var seconds = (_services.Clock.Monotonic - _started).TotalSeconds;
        var id = _established?.SessionId.ToString("x16", CultureInfo.InvariantCulture) ?? "none";
        var client = _established?.ClientFingerprint?.ToString() ?? "anonymous";
        var reason = _close?.ToString() ?? "link gone";
        LogConnection(_services.Logger, _pump.PeerAddress, id, client, _requests, seconds, reason);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "connection {Peer} session {Session} client {Client} requests {Requests} seconds {Seconds:0.000} closed {Reason}")]
    private static partial void LogConnection(ILogger logger, string peer, string session, string client, long requests, double seconds, string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "connection {Peer} session {Session} established")]
    private static partial void LogOpened(ILogger logger, string peer, string session);

    [LoggerMessage(Level = LogLevel.Warning, Message = "connection {Peer} one-way message 0x{Code:X2} dropped: {Reason}")]
    private static partial void LogDropped(ILogger logger, string peer, byte code, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "connection {Peer} call {Method} failed")]
    private static partial void LogFailed(ILogger logger, Exception error, string peer, string method);

    [LoggerMessage(Level = LogLevel.Warning, Message = "connection {Peer} could not be recorded: {Reason}")]
    private static partial void LogUnrecorded(ILogger logger, string peer, string reason);
}
