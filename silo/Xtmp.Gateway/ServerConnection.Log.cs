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

    private DropLog? _roleRefusals;
    private DropLog? _failedAuthentications;

    // Calls fail on any thread; of two that begin together one counts in vain.
    private DropLog FailedAuthentications => _failedAuthentications ?? Interlocked.CompareExchange(ref _failedAuthentications, new(_services.Clock), null) ?? _failedAuthentications;
    private TimeSpan? _dropsLogged;
    private long _drops;

    private string SessionName => _established?.SessionId.ToString("x16", CultureInfo.InvariantCulture) ?? "none";

    private string ClientName => _established?.ClientFingerprint?.ToString() ?? "anonymous";

    /// <summary>Counts a one-way message that was not handled. Called while the pump holds the session.</summary>
    private void CountDrop(byte code, string reason)
    {
        _drops++;
        _services.Metrics.Dropped();
        var now = _services.Clock.Monotonic;
        if (_dropsLogged is { } last && now - last < DropLogInterval)
        {
            return;
        }

        _dropsLogged = now;
        LogDropped(_services.Logger, _pump.PeerAddress, _drops, code, PeerText.Escape(reason));
    }

    private void CountEnd()
    {
        var reason = _close?.Reason ?? SessionCloseReason.None;
        _services.Metrics.Closed(reason);
        if (reason == SessionCloseReason.Busy)
        {
            _services.Metrics.Refused(RefusalReason.Handshakes);
        }

        if (_caller is { } caller)
        {
            _services.Metrics.Ended(caller.Level, _pump.Use(0, static (session, _) => session.Statistics));
        }
    }

    private void LogEnd()
    {
        var seconds = (_services.Clock.Monotonic - _started).TotalSeconds;
        var reason = _close?.ToString() ?? "link gone";
        if (_close is { Reason: var closed } && IsAttack(closed))
        {
            LogViolation(_services.Logger, _pump.PeerAddress, SessionName, ClientName, reason);
        }

        LogConnection(_services.Logger, _pump.PeerAddress, SessionName, ClientName, _requests, seconds, reason);
    }

    /// <summary>Ends that a client with the right keys, the right to be here and an undisturbed network does not meet.</summary>
    private static bool IsAttack(SessionCloseReason reason) => reason is SessionCloseReason.UntrustedPeer or SessionCloseReason.AuthenticationMissing
        or SessionCloseReason.BinderMismatch or SessionCloseReason.HandshakeAuthentication or SessionCloseReason.TagMismatch or SessionCloseReason.KeyIdMismatch
        or SessionCloseReason.SequenceMismatch or SessionCloseReason.SessionIdMismatch or SessionCloseReason.EncryptionTypeMismatch or SessionCloseReason.NotEncrypted
        or SessionCloseReason.RekeyViolation;

    private void CountFailedAuthentication(InboundCall call, XtmpErrorCode code)
    {
        if (code is XtmpErrorCode.SignatureInvalid or XtmpErrorCode.PermissionDenied or XtmpErrorCode.WalletUnknown or XtmpErrorCode.NonceMismatch && FailedAuthentications.Add(out var count))
        {
            LogFailedAuthentication(_services.Logger, _pump.PeerAddress, SessionName, ClientName, Convert.ToHexStringLower(WalletOf(call.Method, call.Request)), code, count);
        }
    }

    [LoggerMessage(EventId = 3015, Level = LogLevel.Debug, Message = "connection {Peer} session {Session} established, client {Client}, resumed {Resumed}, schemas that differ: [{Schemas}]")]
    private static partial void LogIdentified(ILogger logger, string peer, string session, string client, bool resumed, string schemas);

    [LoggerMessage(EventId = 3016, Level = LogLevel.Debug, Message = "connection {Peer} session {Session} client {Client} speaks for wallet {Wallet}")]
    private static partial void LogAuthenticated(ILogger logger, string peer, string session, string client, string wallet);

    [LoggerMessage(EventId = 3020, Level = LogLevel.Warning, Message = "connection {Peer} session {Session} client {Client} may not call {Method}, which is for role {Role}; {Count} such calls since the last line")]
    private static partial void LogRoleMissing(ILogger logger, string peer, string session, string client, string method, CallerRoles role, long count);

    [LoggerMessage(EventId = 3021, Level = LogLevel.Warning, Message = "connection {Peer} session {Session} client {Client} did not authenticate wallet {Wallet}: {Code}; {Count} such calls since the last line")]
    private static partial void LogFailedAuthentication(ILogger logger, string peer, string session, string client, string wallet, XtmpErrorCode code, long count);

    [LoggerMessage(EventId = 3022, Level = LogLevel.Warning, Message = "connection {Peer} session {Session} client {Client} broke the protocol or was not let in: {Reason}")]
    private static partial void LogViolation(ILogger logger, string peer, string session, string client, string reason);

    [LoggerMessage(EventId = 3010, Level = LogLevel.Information, Message = "connection {Peer} session {Session} client {Client} requests {Requests} seconds {Seconds:0.000} closed {Reason}")]
    private static partial void LogConnection(ILogger logger, string peer, string session, string client, long requests, double seconds, string reason);

    [LoggerMessage(EventId = 3011, Level = LogLevel.Debug, Message = "connection {Peer} session {Session} established, anonymous, resumed {Resumed}, schemas that differ: [{Schemas}]")]
    private static partial void LogOpened(ILogger logger, string peer, string session, bool resumed, string schemas);

    [LoggerMessage(EventId = 3012, Level = LogLevel.Warning, Message = "connection {Peer} one-way messages dropped so far: {Drops}, the last of type 0x{Code:X2}: {Reason}")]
    private static partial void LogDropped(ILogger logger, string peer, long drops, byte code, string reason);

    [LoggerMessage(EventId = 3013, Level = LogLevel.Error, Message = "connection {Peer} call {Method} failed")]
    private static partial void LogFailed(ILogger logger, Exception error, string peer, string method);

    [LoggerMessage(EventId = 3014, Level = LogLevel.Warning, Message = "connection {Peer} could not be recorded: {Reason}")]
    private static partial void LogUnrecorded(ILogger logger, string peer, string reason);
}
