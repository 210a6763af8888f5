namespace Xtmp.Protocol;

/// <summary>What is wrong with a frame header; each value but the first two names the field.</summary>
public enum FrameStatus : byte
{
    Ok = 0,

    /// <summary>The frame is not complete yet.</summary>
    NeedMore = 1,
    WrongMagic = 2,
    WrongVersion = 3,
    WrongKind = 4,

    /// <summary>A combination of flags, kind and encryption type that the protocol does not allow.</summary>
    WrongFlags = 5,
    TooLong = 6,
    WrongChecksum = 7,
    WrongEncryptionType = 8,

    /// <summary>key_id is not zero on an unencrypted frame.</summary>
    WrongKeyId = 9,

    /// <summary>The nonce does not repeat the sequence number, or has bits set where it must be zero.</summary>
    WrongNonce = 10,

    /// <summary>auth_tag is not zero on an unencrypted frame.</summary>
    WrongTag = 11,
}
