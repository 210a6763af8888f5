using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using K4os.Compression.LZ4;
using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>
/// Decompresses one message at a time (SPEC §1, payload rule 3), into memory that is held until the next one. What a message
/// claims to be is tested when it comes, before memory is taken.
/// </summary>
internal sealed class Decompressor(int maxMessageBytes, CompressionBounds? bounds) : IDisposable
{
    private byte[]? _buffer;
    private int _length;

    /// <summary>Whether this message may be compressed, and be as large as it claims.</summary>
    public bool IsAcceptable(in BatchEntry message, ReadOnlySpan<byte> payload) =>
        message.Kind <= FrameKind.StreamItem
        && payload.Length >= FramePacker.RawLengthSize
        && BinaryPrimitives.ReadUInt32LittleEndian(payload) is var claimed
        && claimed <= (uint)maxMessageBytes
        && (bounds is null || (bounds.MaxBytes(message.MessageType, message.Kind) is > 0 and var max && claimed <= (uint)max));

    /// <summary>Puts the whole message in place of the compressed one.</summary>
    public SessionClose? Decompress(ref ReadOnlyMemory<byte> payload)
    {
        _length = (int)BinaryPrimitives.ReadUInt32LittleEndian(payload.Span);
        _buffer = ArrayPool<byte>.Shared.Rent(_length);
        if (LZ4Codec.Decode(payload.Span[FramePacker.RawLengthSize..], _buffer.AsSpan(0, _length)) != _length)
        {
            Dispose();
            return SessionClose.Violation(SessionCloseReason.MalformedPayload, "A compressed message does not decompress to the length it claims.");
        }

        payload = _buffer.AsMemory(0, _length);
        return null;
    }

    /// <summary>Gives the last message's memory back, erased.</summary>
    public void Dispose()
    {
        if (_buffer is not null)
        {
            CryptographicOperations.ZeroMemory(_buffer.AsSpan(0, _length));
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = null;
        }
    }
}
