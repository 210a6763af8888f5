using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Xtmp.Crypto;
using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>
/// The keys of one direction, transport and epoch, with the count of what they have protected. Sealing and opening
/// allocate nothing.
/// </summary>
internal sealed class TrafficKeys : IDisposable
{
    private readonly RecordCipher _cipher;
    private readonly IncrementalHash? _mac;
    private readonly uint _ivHead;
    private readonly ulong _ivTail;

    /// <param name="secret">c_hs, s_hs, c_ap, s_ap, c_udp or s_udp.</param>
    /// <param name="type">How records are protected.</param>
    /// <param name="epoch">0 for handshake keys, then from 1.</param>
    public TrafficKeys(ReadOnlySpan<byte> secret, EncryptionType type, uint epoch)
    {
        Type = type;
        Epoch = epoch;
        ReadOnlySpan<byte> context = [(byte)type];
        Span<byte> key = stackalloc byte[RecordCipher.KeySize];
        Span<byte> iv = stackalloc byte[RecordCipher.NonceSize];
        Span<byte> id = stackalloc byte[FrameLayout.KeyIdSize];
        Span<byte> epochBytes = stackalloc byte[sizeof(uint)];
        KeyDerivation.Expand(secret, "key"u8, context, key);
        KeyDerivation.Expand(secret, "iv"u8, context, iv);
        BinaryPrimitives.WriteUInt32LittleEndian(epochBytes, epoch);
        KeyDerivation.Expand(secret, "kid"u8, epochBytes, id);
        KeyId = BinaryPrimitives.ReadUInt128LittleEndian(id);
        _ivHead = BinaryPrimitives.ReadUInt32LittleEndian(iv);
        _ivTail = BinaryPrimitives.ReadUInt64BigEndian(iv[4..]);
        _cipher = type == EncryptionType.ChaCha20Poly1305 ? RecordCipher.CreateChaCha20Poly1305(key) : RecordCipher.CreateAes256Gcm(key);
        if (type == EncryptionType.PostQuantum)
        {
            KeyDerivation.Expand(secret, "auth"u8, context, key);
            _mac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        }

        CryptographicOperations.ZeroMemory(key);
        CryptographicOperations.ZeroMemory(iv);
    }

    public EncryptionType Type { get; }

    public uint Epoch { get; }

    public UInt128 KeyId { get; }

    /// <summary>The sequence number the next record has; on datagrams of the receiving side unused.</summary>
    public ulong NextSequence { get; set; }

    /// <summary>16-byte blocks protected so far; a record counts ⌈n/16⌉ + 1.</summary>
    public ulong Blocks { get; private set; }

    /// <summary>Bytes a record has beyond its header and plaintext.</summary>
    public int Overhead => _mac is null ? 0 : FrameLayout.AppendedMacSize;

    /// <summary>Seals one record and counts it. All fields of the header that depend on keys are filled in here.</summary>
    /// <param name="header">Type, flags, kind, session and exchange are the caller's.</param>
    /// <param name="plaintext">At most <see cref="FrameLayout.MaxPlaintext"/> bytes, not overlapping the destination.</param>
    /// <param name="destination">At least header, plaintext and <see cref="Overhead"/>.</param>
    /// <returns>Bytes written.</returns>
    [SkipLocalsInit]
    public int Seal(ref FrameHeader header, ReadOnlySpan<byte> plaintext, Span<byte> destination)
    {
        Invariant.Check(plaintext.Length <= FrameLayout.MaxPlaintext);
        header.Flags |= FrameFlags.Encrypted;
        header.EncryptionType = Type;
        header.KeyId = KeyId;
        header.Epoch = Epoch;
        header.Sequence = NextSequence++;
        header.PayloadLength = plaintext.Length + Overhead;
        var total = FrameLayout.HeaderSize + header.PayloadLength;
        destination = destination[..total];
        var aad = destination[..FrameLayout.HeaderSize];
        header.Write(aad);
        Span<byte> nonce = stackalloc byte[RecordCipher.NonceSize];
        Span<byte> tag = stackalloc byte[RecordCipher.TagSize];
        WriteNonce(nonce, header.Sequence);
        _cipher.Seal(nonce, plaintext, destination.Slice(FrameLayout.HeaderSize, plaintext.Length), tag, aad);
        tag.CopyTo(aad[FrameLayout.TagOffset..]);
        if (_mac is not null)
        {
            _mac.AppendData(aad);
            _mac.GetHashAndReset(destination[(FrameLayout.HeaderSize + plaintext.Length)..]);
        }

        BinaryPrimitives.WriteUInt32LittleEndian(aad[FrameLayout.ChecksumOffset..], Crc32.HashToUInt32(destination[FrameLayout.HeaderSize..]));
        Count(plaintext.Length);
        return total;
    }

    /// <summary>Bytes of plaintext in a record, or -1 when the record is too short to hold what it must.</summary>
    public int PlaintextLength(in FrameHeader header) => header.PayloadLength < Overhead ? -1 : header.PayloadLength - Overhead;

    /// <summary>Verifies and opens one record; counts it when it verifies.</summary>
    /// <param name="header">Its checked header, whose key_id, epoch and type the caller has compared with these keys.</param>
    /// <param name="frame">Header and payload.</param>
    /// <param name="plaintext">Exactly <see cref="PlaintextLength"/> bytes.</param>
    [SkipLocalsInit]
    public bool TryOpen(in FrameHeader header, ReadOnlySpan<byte> frame, Span<byte> plaintext)
    {
        Span<byte> aad = stackalloc byte[FrameLayout.HeaderSize];
        frame[..FrameLayout.HeaderSize].CopyTo(aad);
        BinaryPrimitives.WriteUInt32LittleEndian(aad[FrameLayout.ChecksumOffset..], 0);
        if (_mac is not null)
        {
            Span<byte> mac = stackalloc byte[FrameLayout.AppendedMacSize];
            _mac.AppendData(aad);
            _mac.GetHashAndReset(mac);
            if (!CryptographicOperations.FixedTimeEquals(mac, frame[^FrameLayout.AppendedMacSize..]))
            {
                return false;
            }
        }

        aad.Slice(FrameLayout.TagOffset, FrameLayout.TagSize).Clear();
        Span<byte> nonce = stackalloc byte[RecordCipher.NonceSize];
        WriteNonce(nonce, header.Sequence);
        var ciphertext = frame.Slice(FrameLayout.HeaderSize, plaintext.Length);
        if (!_cipher.TryOpen(nonce, ciphertext, frame.Slice(FrameLayout.TagOffset, FrameLayout.TagSize), plaintext, aad))
        {
            return false;
        }

        Count(plaintext.Length);
        return true;
    }

    public void Dispose()
    {
        _cipher.Dispose();
        _mac?.Dispose();
    }

    /// <summary>Type, epoch and count; no key.</summary>
    public override string ToString() => $"{Type} epoch {Epoch}, {Blocks} blocks";

    private void Count(int length) => Blocks += (ulong)((length + 15) >> 4) + 1;

    // AEAD nonce = traffic IV XOR (4 zero bytes ‖ sequence, u64 big-endian).
    private void WriteNonce(Span<byte> nonce, ulong sequence)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(nonce, _ivHead);
        BinaryPrimitives.WriteUInt64BigEndian(nonce[4..], _ivTail ^ sequence);
    }
}
