using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>The error code that stands for each way a session ends: one table, so that one cause has one code.</summary>
internal static class CloseCodes
{
    /// <summary>What an unacceptable frame header ends the session with.</summary>
    public static SessionCloseReason Of(FrameStatus status) => status switch
    {
        FrameStatus.TooLong => SessionCloseReason.FrameTooLarge,
        FrameStatus.WrongEncryptionType => SessionCloseReason.EncryptionTypeMismatch,
        _ => SessionCloseReason.MalformedFrame,
    };

    public static XtmpErrorCode Of(SessionCloseReason reason) => reason switch
    {
        SessionCloseReason.LocalClose or SessionCloseReason.RemoteClose or SessionCloseReason.LocalError => XtmpErrorCode.ConnectionClosed,
        SessionCloseReason.EndOfStream or SessionCloseReason.PeerSilent => XtmpErrorCode.ConnectionLost,
        SessionCloseReason.HandshakeTimeout => XtmpErrorCode.HandshakeTimeout,
        SessionCloseReason.IdleTimeout => XtmpErrorCode.IdleTimeout,
        SessionCloseReason.Busy => XtmpErrorCode.Busy,
        SessionCloseReason.NoCommonSuite or SessionCloseReason.SchemaMismatch
            or SessionCloseReason.BinderMismatch or SessionCloseReason.HandshakeAuthentication => XtmpErrorCode.HandshakeFailed,
        SessionCloseReason.UntrustedPeer or SessionCloseReason.Mac1Mismatch => XtmpErrorCode.UntrustedPeer,
        SessionCloseReason.AuthenticationMissing => XtmpErrorCode.AuthenticationRequired,
        SessionCloseReason.MalformedFrame => XtmpErrorCode.FrameMalformed,
        SessionCloseReason.FrameTooLarge => XtmpErrorCode.FrameTooLarge,
        SessionCloseReason.ChecksumMismatch => XtmpErrorCode.ChecksumMismatch,
        SessionCloseReason.TagMismatch => XtmpErrorCode.AuthenticationTag,
        SessionCloseReason.KeyIdMismatch => XtmpErrorCode.KeyMismatch,
        SessionCloseReason.SequenceMismatch => XtmpErrorCode.SequenceMismatch,
        SessionCloseReason.NotEncrypted => XtmpErrorCode.NotEncrypted,
        SessionCloseReason.MalformedPayload => XtmpErrorCode.PayloadMalformed,
        SessionCloseReason.LimitExceeded => XtmpErrorCode.LimitExceeded,
        SessionCloseReason.KeyExhausted => XtmpErrorCode.KeyLimitReached,
        _ => XtmpErrorCode.ProtocolViolation,
    };

    /// <summary>What a Disconnect message means to what was in flight.</summary>
    public static XtmpErrorCode Of(DisconnectReason reason) => reason switch
    {
        DisconnectReason.ShuttingDown => XtmpErrorCode.ShuttingDown,
        DisconnectReason.IdleTimeout => XtmpErrorCode.IdleTimeout,
        DisconnectReason.SlowConsumer => XtmpErrorCode.SlowConsumer,
        _ => XtmpErrorCode.ConnectionClosed,
    };
}
