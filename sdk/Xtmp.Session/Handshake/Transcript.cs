using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Xtmp.Session;

/// <summary>
/// TH: SHA-384 of the entries of all handshake messages so far. An entry is
/// <c>u8 message_type ‖ u8 kind ‖ u32 length ‖ whole plaintext payload</c>.
/// </summary>
internal sealed class Transcript : IDisposable
{
    public const int HashSize = 48;
    public const int EntryHeaderSize = 6;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA384);

    public void Append(byte messageType, ReadOnlySpan<byte> payload)
    {
        Span<byte> header = stackalloc byte[EntryHeaderSize];
        WriteEntryHeader(header, messageType, payload.Length);
        _hash.AppendData(header);
        _hash.AppendData(payload);
    }

    /// <summary>The hash of all entries so far; more may follow.</summary>
    public void CopyHash(Span<byte> destination) => _hash.GetCurrentHash(destination);

    /// <summary>All handshake and rekey messages are control frames, kind 0.</summary>
    public static void WriteEntryHeader(Span<byte> destination, byte messageType, int length)
    {
        destination[0] = messageType;
        destination[1] = 0;
        BinaryPrimitives.WriteUInt32LittleEndian(destination[2..], (uint)length);
    }

    public void Dispose() => _hash.Dispose();
}
