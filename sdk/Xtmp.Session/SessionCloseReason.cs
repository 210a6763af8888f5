namespace Xtmp.Session;

/// <summary>Why a session ended; for logs, metrics and the choice between reconnecting and giving up.</summary>
public enum SessionCloseReason : byte
{
    /// <summary>Still open.</summary>
    None = 0,

    /// <summary>This end called Close and everything queued went out.</summary>
    LocalClose = 1,

    /// <summary>The peer sent Disconnect.</summary>
    RemoteClose = 2,

    /// <summary>End of stream without Disconnect: an abort, what was in flight has an unknown outcome.</summary>
    EndOfStream = 3,

    HandshakeTimeout = 4,
    IdleTimeout = 5,

    /// <summary>The server was under load; see <see cref="SessionClose.RetryAfter"/>. Unauthenticated, a hint only.</summary>
    Busy = 6,

    /// <summary>The ends share no version, suite or AEAD.</summary>
    NoCommonSuite = 7,

    /// <summary>The schema fingerprints differ where equality was asked for.</summary>
    SchemaMismatch = 8,

    /// <summary>The peer's identity is not one the trust policy accepts.</summary>
    UntrustedPeer = 9,

    /// <summary>Client authentication was required and not given.</summary>
    AuthenticationMissing = 10,

    /// <summary>The hello's mac1 is invalid under the server's fingerprints: at a client, what the server says without proof.</summary>
    Mac1Mismatch = 11,

    /// <summary>A ticket's binder is invalid.</summary>
    BinderMismatch = 12,

    /// <summary>A signature or a Finished is invalid, or key agreement gave a refused value.</summary>
    HandshakeAuthentication = 13,

    /// <summary>A header field, or a payload's layout, is not what the protocol allows.</summary>
    MalformedFrame = 14,
    FrameTooLarge = 15,
    ChecksumMismatch = 16,

    /// <summary>A frame's tag or HMAC is invalid.</summary>
    TagMismatch = 17,
    KeyIdMismatch = 18,
    SequenceMismatch = 19,
    SessionIdMismatch = 20,
    EncryptionTypeMismatch = 21,

    /// <summary>A message that is not allowed in this state: wrong order, early data, unasked response, wrong parity.</summary>
    UnexpectedMessage = 22,
    MalformedPayload = 23,

    /// <summary>The peer went over a limit that was announced to it or is fixed by the protocol.</summary>
    LimitExceeded = 24,

    /// <summary>The hard limit of blocks under one key, or the end of a number space.</summary>
    KeyExhausted = 25,

    /// <summary>Rekey against the rules: too soon, twice, wrong contents, or no answer in time.</summary>
    RekeyViolation = 26,

    /// <summary>The application violated the session's rules and closed with an error.</summary>
    LocalError = 27,

    /// <summary>An unencrypted frame came after keys were agreed.</summary>
    NotEncrypted = 28,

    /// <summary>Nothing at all was heard from the peer for <see cref="SessionLimits.PeerTimeout"/>.</summary>
    PeerSilent = 29,
}
