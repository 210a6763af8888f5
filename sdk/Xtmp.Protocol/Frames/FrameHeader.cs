using System.Buffers.Binary;

namespace Xtmp.Protocol;

/// <summary>
/// The fields of a frame header that vary. Reading checks every byte that can be checked without keys; key_id, tag and
/// checksum are compared by the layer that holds what they are compared with.
/// </summary>
public struct FrameHeader
{
    public byte MessageType;
    public FrameFlags Flags;
    public FrameKind Kind;
    public EncryptionType EncryptionType;

    /// <summary>Bytes after the header as sent.</summary>
    public int PayloadLength;

    /// <summary>CRC-32 of the payload as sent.</summary>
    public uint Checksum;
    public uint Epoch;
    public ulong SessionId;
    public ulong Sequence;
    public ulong ExchangeId;

    /// <summary>The 16 bytes of key_id as they stand in memory on a little-endian machine.</summary>
    public UInt128 KeyId;

    /// <summary>Reads and checks a header.</summary>
    /// <param name="source">At least 96 bytes.</param>
    /// <param name="maxPayload">Greatest payload_length allowed now.</param>
    /// <param name="header">The fields; to be used only when the status is Ok.</param>
    public static FrameStatus TryRead(ReadOnlySpan<byte> source, int maxPayload, out FrameHeader header)
    {
        source = source[..FrameLayout.HeaderSize];
        header = default;
        if (BinaryPrimitives.ReadUInt32LittleEndian(source) != FrameLayout.Magic)
        {
            return FrameStatus.WrongMagic;
        }

        if (source[FrameLayout.VersionOffset] != FrameLayout.Version)
        {
            return FrameStatus.WrongVersion;
        }

        header.MessageType = source[FrameLayout.MessageTypeOffset];
        header.Flags = (FrameFlags)source[FrameLayout.FlagsOffset];
        header.Kind = (FrameKind)source[FrameLayout.KindOffset];
        header.EncryptionType = (EncryptionType)source[FrameLayout.EncryptionTypeOffset];
        header.SessionId = BinaryPrimitives.ReadUInt64LittleEndian(source[FrameLayout.SessionIdOffset..]);
        header.Sequence = BinaryPrimitives.ReadUInt64LittleEndian(source[FrameLayout.SequenceOffset..]);
        var length = BinaryPrimitives.ReadUInt32LittleEndian(source[FrameLayout.PayloadLengthOffset..]);
        header.Checksum = BinaryPrimitives.ReadUInt32LittleEndian(source[FrameLayout.ChecksumOffset..]);
        header.KeyId = BinaryPrimitives.ReadUInt128LittleEndian(source[FrameLayout.KeyIdOffset..]);
        header.Epoch = BinaryPrimitives.ReadUInt32LittleEndian(source[(FrameLayout.NonceOffset + 8)..]);
        header.ExchangeId = ReadExchangeId(source[FrameLayout.ExchangeIdOffset..]);
        if (header.Kind > FrameKind.Cancel)
        {
            return FrameStatus.WrongKind;
        }

        if (header.EncryptionType > EncryptionType.PostQuantum)
        {
            return FrameStatus.WrongEncryptionType;
        }

        if (!AreConsistent(header.Flags, header.Kind)
            || ((header.Flags & FrameFlags.Encrypted) != 0) != (header.EncryptionType != EncryptionType.None))
        {
            return FrameStatus.WrongFlags;
        }

        if (length > (uint)maxPayload)
        {
            return FrameStatus.TooLong;
        }

        header.PayloadLength = (int)length;
        return CheckNonce(source, in header);
    }

    /// <summary>The combinations of flags and kind that hold for frames and batch entries alike.</summary>
    public static bool AreConsistent(FrameFlags flags, FrameKind kind) =>
        ((flags & FrameFlags.StreamData) != 0) == (kind == FrameKind.StreamItem)
        && ((flags & FrameFlags.RequiresAck) == 0 || kind == FrameKind.OneWay)
        && (flags & (FrameFlags.Fragmented | FrameFlags.LastFragment)) != FrameFlags.LastFragment;

    /// <summary>Writes a header; checksum and auth_tag are left zero, as they are in the associated data.</summary>
    /// <param name="destination">At least 96 bytes; all of the first 96 are written.</param>
    public readonly void Write(Span<byte> destination)
    {
        destination = destination[..FrameLayout.HeaderSize];
        destination.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(destination, FrameLayout.Magic);
        destination[FrameLayout.VersionOffset] = FrameLayout.Version;
        destination[FrameLayout.MessageTypeOffset] = MessageType;
        destination[FrameLayout.FlagsOffset] = (byte)Flags;
        destination[FrameLayout.KindOffset] = (byte)Kind;
        BinaryPrimitives.WriteUInt64LittleEndian(destination[FrameLayout.SessionIdOffset..], SessionId);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[FrameLayout.SequenceOffset..], Sequence);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[FrameLayout.PayloadLengthOffset..], (uint)PayloadLength);
        destination[FrameLayout.EncryptionTypeOffset] = (byte)EncryptionType;
        if (EncryptionType != EncryptionType.None)
        {
            BinaryPrimitives.WriteUInt128LittleEndian(destination[FrameLayout.KeyIdOffset..], KeyId);
            BinaryPrimitives.WriteUInt64LittleEndian(destination[FrameLayout.NonceOffset..], Sequence);
            BinaryPrimitives.WriteUInt32LittleEndian(destination[(FrameLayout.NonceOffset + 8)..], Epoch);
        }

        WriteExchangeId(destination[FrameLayout.ExchangeIdOffset..], ExchangeId);
    }

    /// <summary>The session id of a frame that may be anything, for finding the session a datagram belongs to.</summary>
    public static bool TryReadSessionId(ReadOnlySpan<byte> frame, out ulong sessionId)
    {
        sessionId = 0;
        if (frame.Length < FrameLayout.HeaderSize || BinaryPrimitives.ReadUInt32LittleEndian(frame) != FrameLayout.Magic)
        {
            return false;
        }

        sessionId = BinaryPrimitives.ReadUInt64LittleEndian(frame[FrameLayout.SessionIdOffset..]);
        return true;
    }

    /// <summary>Reads a u56.</summary>
    public static ulong ReadExchangeId(ReadOnlySpan<byte> source) =>
        BinaryPrimitives.ReadUInt32LittleEndian(source) | ((ulong)BinaryPrimitives.ReadUInt32LittleEndian(source[3..]) >> 8 << 32);

    /// <summary>Writes a u56.</summary>
    public static void WriteExchangeId(Span<byte> destination, ulong value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(destination, (uint)value);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[4..], (ushort)(value >> 32));
        destination[6] = (byte)(value >> 48);
    }

    private static FrameStatus CheckNonce(ReadOnlySpan<byte> source, in FrameHeader header)
    {
        var nonce = source.Slice(FrameLayout.NonceOffset, FrameLayout.NonceSize);
        if (header.EncryptionType == EncryptionType.None)
        {
            return header.KeyId != UInt128.Zero ? FrameStatus.WrongKeyId
                : nonce.ContainsAnyExcept((byte)0) ? FrameStatus.WrongNonce
                : source.Slice(FrameLayout.TagOffset, FrameLayout.TagSize).ContainsAnyExcept((byte)0) ? FrameStatus.WrongTag
                : FrameStatus.Ok;
        }

        return BinaryPrimitives.ReadUInt64LittleEndian(nonce) != header.Sequence
            || BinaryPrimitives.ReadUInt32LittleEndian(nonce[12..]) != 0
            || BinaryPrimitives.ReadUInt64LittleEndian(nonce[16..]) != 0
            ? FrameStatus.WrongNonce
            : FrameStatus.Ok;
    }
}
