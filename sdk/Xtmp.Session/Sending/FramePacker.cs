using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using K4os.Compression.LZ4;
using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>
/// Makes frames of the messages that wait for the stream: compressed or padded when they come, joined in batches or cut in
/// fragments when they leave, the most urgent first (SPEC §1). Seals nothing: <see cref="Peek"/> shows the next frame's
/// header and plaintext, and <see cref="Advance"/> follows once that frame is sealed.
/// </summary>
internal sealed class FramePacker(PaddingPolicy padding, int compressFromBytes) : IDisposable
{
    /// <summary>Bytes before a compressed message: its length uncompressed.</summary>
    public const int RawLengthSize = sizeof(uint);

    /// <summary>A batch is closed at this size, so that urgent messages need not wait behind a long one.</summary>
    private const int MaxBatchBytes = 32 * 1024;
    private const int MaxBatchEntries = 1024;

    private readonly SendQueue _queue = new();
    private uint _nextFragmentedMessage;
    private int _messageBytes;
    private int _fragmentBytes;

    /// <summary>Bytes waiting, entries included.</summary>
    public long Bytes { get; private set; }

    /// <summary>Bytes of zeros that would follow a message of this length.</summary>
    public int PaddingFor(int length) => padding.PaddingFor(length);

    /// <summary>Adds a message of the session itself, ahead of all others.</summary>
    public void AddControl(byte code, ReadOnlySpan<byte> payload) =>
        Bytes += AddTo(_queue.Control, new() { MessageType = code }, new(payload));

    /// <summary>Adds a message at its priority.</summary>
    /// <param name="priority">Its level.</param>
    /// <param name="entry">Code, flags, kind and exchange; the length is filled in here.</param>
    /// <param name="payload">What it says.</param>
    /// <param name="compressible">The schema allows compression.</param>
    /// <param name="itemNumber">Stream items only: its number, which comes before the payload.</param>
    public void Add(MessagePriority priority, in BatchEntry entry, scoped in OutgoingPayload payload, bool compressible = false, ulong itemNumber = 0) =>
        Bytes += AddTo(_queue.Level(priority), in entry, in payload, compressible, itemNumber);

    /// <summary>Adds a message to a level that may not be one of the stream; returns the bytes it takes there.</summary>
    public int AddTo(SendLevel level, in BatchEntry entry, scoped in OutgoingPayload payload, bool compressible = false, ulong itemNumber = 0)
    {
        var prefix = entry.Kind == FrameKind.StreamItem ? sizeof(ulong) : 0;
        var length = prefix + payload.Length;
        if (compressible && compressFromBytes > 0 && length >= compressFromBytes)
        {
            return AddCompressed(level, entry, length, prefix, in payload, itemNumber);
        }

        var zeros = FrameCode.IsControl(entry.MessageType) ? 0 : padding.PaddingFor(length);
        var body = level.Reserve(length + zeros)[BatchEntry.Size..];
        WriteBody(body, prefix, in payload, itemNumber);
        if (zeros > 0)
        {
            body.Slice(length, zeros).Clear();
        }

        return level.Commit(in entry, length + zeros);
    }

    /// <summary>Adds a message that is compressed or padded already.</summary>
    public void AddPacked(in BatchEntry entry, ReadOnlySpan<byte> body)
    {
        var level = _queue.Level(entry.Flags.ToPriority());
        body.CopyTo(level.Reserve(body.Length)[BatchEntry.Size..]);
        Bytes += level.Commit(in entry, body.Length);
    }

    /// <summary>
    /// The priority a request is sent with. The peer tells a repeated exchange id from a late one within a window. A request
    /// therefore takes no faster level than one that a much older request still waits in.
    /// </summary>
    public MessagePriority AdmitRequest(MessagePriority wanted, ulong id)
    {
        for (var lower = MessagePriority.Normal; lower < wanted; lower++)
        {
            var level = _queue.Level(lower);
            if (level.WaitingRequests > 0 && id - level.OldestRequest > IdWindow.Size)
            {
                wanted = lower;
            }
        }

        _queue.Level(wanted).RequestQueued(id);
        return wanted;
    }

    /// <summary>
    /// The next frame, and the level it is of; only where <see cref="Bytes"/> is not 0. <see cref="Advance"/> comes before the
    /// next call.
    /// </summary>
    public SendLevel Peek(out FrameHeader header, out ReadOnlySpan<byte> plaintext)
    {
        var level = _queue.Next()!;
        var records = level.Head;
        if (level.FragmentOffset > 0)
        {
            plaintext = PeekFragment(level, out header);
            return level;
        }

        var entry = BatchEntry.ReadTrusted(records);
        if (entry.Length > FrameLayout.MaxPlaintext)
        {
            level.BeginFragments(in entry, _nextFragmentedMessage++);
            plaintext = PeekFragment(level, out header);
        }
        else if (FrameCode.IsControl(entry.MessageType) || MeasureRun(level, records, out _messageBytes, in entry) == 1)
        {
            _messageBytes = BatchEntry.Size + entry.Length;
            header = HeaderOf(in entry);
            plaintext = records.Slice(BatchEntry.Size, entry.Length);
        }
        else
        {
            header = new FrameHeader { MessageType = FrameCode.Batch };
            plaintext = records[.._messageBytes];
        }

        return level;
    }

    /// <summary>The frame last shown, of this level, is sealed.</summary>
    public void Advance(SendLevel level)
    {
        if (_messageBytes > 0)
        {
            level.Consume(_messageBytes);
            Bytes -= _messageBytes;
            _messageBytes = 0;
        }
        else
        {
            level.AdvanceFragment(_fragmentBytes);
        }
    }

    public void Dispose()
    {
        _queue.Dispose();
        Bytes = 0;
    }

    /// <summary>How many messages at the head go into one batch, and their bytes with entries.</summary>
    private static int MeasureRun(SendLevel level, ReadOnlySpan<byte> records, out int length, in BatchEntry first)
    {
        length = BatchEntry.Size + first.Length;
        var count = 1;
        NoteSent(level, in first);
        while (count < MaxBatchEntries && records.Length - length >= BatchEntry.Size)
        {
            var entry = BatchEntry.ReadTrusted(records[length..]);
            if (FrameCode.IsControl(entry.MessageType) || length + BatchEntry.Size + entry.Length > MaxBatchBytes)
            {
                break;
            }

            NoteSent(level, in entry);
            length += BatchEntry.Size + entry.Length;
            count++;
        }

        return count;
    }

    private static void NoteSent(SendLevel level, in BatchEntry entry)
    {
        if (entry.Kind == FrameKind.Request)
        {
            level.RequestSent(entry.ExchangeId);
        }
    }

    private static FrameHeader HeaderOf(in BatchEntry entry) =>
        new() { MessageType = entry.MessageType, Flags = entry.Flags, Kind = entry.Kind, ExchangeId = entry.ExchangeId };

    // The 12 bytes before a part are those of the message's entry, or of the part before it, which has been sent: the
    // fragment header takes their place, so that header and part are sealed in one piece without a copy.
    private ReadOnlySpan<byte> PeekFragment(SendLevel level, out FrameHeader header)
    {
        var entry = level.FragmentEntry;
        var offset = level.FragmentOffset;
        var part = Math.Min(FrameLayout.MaxPlaintext - FragmentHeader.Size, entry.Length - offset);
        var isLast = offset + part == entry.Length;
        var plaintext = level.Head.Slice(BatchEntry.Size + offset - FragmentHeader.Size, FragmentHeader.Size + part);
        new FragmentHeader(level.FragmentNumber, (uint)entry.Length, (uint)offset).Write(plaintext);
        header = HeaderOf(in entry);
        header.Flags |= FrameFlags.Fragmented | (isLast ? FrameFlags.LastFragment : FrameFlags.None);
        _fragmentBytes = part;
        if (isLast)
        {
            NoteSent(level, in entry);
            _messageBytes = BatchEntry.Size + entry.Length;
        }

        return plaintext;
    }

    private static int AddCompressed(SendLevel level, BatchEntry entry, int length, int prefix, scoped in OutgoingPayload payload, ulong itemNumber)
    {
        var plain = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            WriteBody(plain, prefix, in payload, itemNumber);
            var body = level.Reserve(RawLengthSize + length)[BatchEntry.Size..];

            // Less than a sixteenth saved is not worth the other end's work.
            var compressed = LZ4Codec.Encode(plain.AsSpan(0, length), body.Slice(RawLengthSize, length - (length / 16)));
            if (compressed > 0)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(body, (uint)length);
                entry.Flags |= FrameFlags.Compressed;
                return level.Commit(in entry, RawLengthSize + compressed);
            }

            plain.AsSpan(0, length).CopyTo(body);
            return level.Commit(in entry, length);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain.AsSpan(0, length));
            ArrayPool<byte>.Shared.Return(plain);
        }
    }

    private static void WriteBody(Span<byte> body, int prefix, scoped in OutgoingPayload payload, ulong itemNumber)
    {
        if (prefix > 0)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(body, itemNumber);
        }

        payload.Write(body[prefix..]);
    }
}
