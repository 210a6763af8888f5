namespace Xtmp;

/// <summary>
/// Error codes as carried by the Error message (0xFE, SPEC §6) and by <see cref="XtmpException"/>.
/// 1–99 transport and session, 100–199 messages, 200–299 calls, 300 and up belong to message families, 1000 and up to schemas of applications.
/// An unknown code from a newer peer is kept as its number.
/// </summary>
public enum XtmpErrorCode : ushort
{
    None = 0,

    // Transport and session.
    ConnectFailed = 1,
    ConnectionLost = 2,
    ConnectionClosed = 3,
    HandshakeFailed = 4,
    HandshakeTimeout = 5,
    UntrustedPeer = 6,
    Busy = 7,
    FrameMalformed = 8,
    FrameTooLarge = 9,
    ChecksumMismatch = 10,
    AuthenticationTag = 11,
    KeyMismatch = 12,
    SequenceMismatch = 13,
    NotEncrypted = 14,
    ProtocolViolation = 15,
    SessionExpired = 16,
    KeyLimitReached = 17,
    LimitExceeded = 18,
    IdleTimeout = 19,
    ShuttingDown = 20,

    // Messages.
    UnknownMessageType = 100,
    PayloadMalformed = 101,
    PayloadInvalid = 102,
    NotServed = 103,

    // Calls.
    AuthenticationRequired = 200,
    PermissionDenied = 201,
    NotFound = 202,
    Conflict = 203,
    Timeout = 204,
    Cancelled = 205,
    Overloaded = 206,
    CallCycle = 207,
    OutcomeUnknown = 208,
    Internal = 209,
    SlowConsumer = 210,
    StorageUnavailable = 211,
    StorageFull = 212,

    // Wallets.
    InsufficientFunds = 300,
    NonceMismatch = 301,
    SignatureInvalid = 302,
    WalletUnknown = 303,
    AmountInvalid = 305,
    TransferLimit = 306,
    HoldUnknown = 307,
    HoldClosed = 308,

    // Bundles.
    BundleHashMismatch = 320,
    MerkleRootMismatch = 321,
    BundleUnknown = 322,
    BundleConflict = 323,

    // Registry.
    RegistryVersionConflict = 340,
}
