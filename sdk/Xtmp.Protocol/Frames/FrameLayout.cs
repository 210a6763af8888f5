namespace Xtmp.Protocol;

/// <summary>Offsets and bounds of the 96-byte frame header (SPEC §1).</summary>
public static class FrameLayout
{
    public const int HeaderSize = 96;

    /// <summary>"XTMP" read as a little-endian integer.</summary>
    public const uint Magic = 0x504D_5458;

    public const byte Version = 1;

    public const int MagicOffset = 0;
    public const int VersionOffset = 4;
    public const int MessageTypeOffset = 5;
    public const int FlagsOffset = 6;
    public const int KindOffset = 7;
    public const int SessionIdOffset = 8;
    public const int SequenceOffset = 16;
    public const int PayloadLengthOffset = 24;
    public const int ChecksumOffset = 28;
    public const int EncryptionTypeOffset = 32;
    public const int KeyIdOffset = 33;
    public const int KeyIdSize = 16;
    public const int NonceOffset = 49;
    public const int NonceSize = 24;
    public const int TagOffset = 73;
    public const int TagSize = 16;
    public const int ExchangeIdOffset = 89;
    public const int ExchangeIdSize = 7;

    /// <summary>Greatest plaintext of one frame, in bytes.</summary>
    public const int MaxPlaintext = 64 * 1024;

    /// <summary>HMAC-SHA-256 that encryption type 3 appends to the payload, in bytes.</summary>
    public const int AppendedMacSize = 32;

    /// <summary>Greatest payload_length once keys are agreed.</summary>
    public const int MaxPayload = MaxPlaintext + AppendedMacSize;

    /// <summary>Greatest payload_length of a handshake frame.</summary>
    public const int MaxHandshakePayload = 16 * 1024;

    /// <summary>Greatest exchange_id, a u56.</summary>
    public const ulong MaxExchangeId = (1UL << 56) - 1;
}
