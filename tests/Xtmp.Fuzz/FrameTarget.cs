using Xtmp.Protocol;

namespace Xtmp.Fuzz;

/// <summary>The frame assembler: a stream in two pieces gives what it gives in one.</summary>
internal static class FrameTarget
{
    private const int MaxFrames = 64;

    public static IEnumerable<byte[]> Seeds()
    {
        foreach (var length in new[] { 0, 1, 300 })
        {
            yield return [.. Frame(FrameKind.OneWay, 0, 0, length), .. Frame(FrameKind.Request, 0, 3, 5), .. Frame(FrameKind.StreamItem, FrameFlags.StreamData, 4, length)];
        }

        yield return Frame(FrameKind.Response, FrameFlags.Encrypted | FrameFlags.Fragmented | FrameFlags.LastFragment, 7, 40);
    }

    public static void Run(ReadOnlySpan<byte> input)
    {
        Span<FrameHeader> whole = stackalloc FrameHeader[MaxFrames];
        Span<FrameHeader> cut = stackalloc FrameHeader[MaxFrames];
        var first = Read(input, input.Length, whole, out var frames);
        var at = input.IsEmpty ? 0 : input[^1] * input.Length / 256;
        var second = Read(input, at, cut, out var again);
        Find.Unless(first == second && frames == again, $"In one piece {frames} frames and {first}, cut at {at} {again} and {second}.");
        for (var i = 0; i < frames; i++)
        {
            Find.Unless(whole[i].Equals(cut[i]), $"Frame {i} differs when it is cut at {at}.");
        }
    }

    private static FrameStatus Read(ReadOnlySpan<byte> input, int firstPiece, Span<FrameHeader> headers, out int count)
    {
        using var assembler = new FrameAssembler();
        count = 0;
        var status = FrameStatus.NeedMore;
        foreach (var piece in (ReadOnlySpan<Range>)[Range.EndAt(firstPiece), Range.StartAt(firstPiece)])
        {
            var rest = input[piece];
            while (count < headers.Length && (status = assembler.TryRead(ref rest, out var header, out var frame)) == FrameStatus.Ok)
            {
                Find.Unless(frame.Length == FrameLayout.HeaderSize + header.PayloadLength, "A frame is as long as its header says.");
                headers[count++] = header;
            }

            Find.Unless(assembler.BufferedBytes <= FrameLayout.HeaderSize + FrameLayout.MaxHandshakePayload, "No more than a frame is kept.");
            if (status != FrameStatus.NeedMore)
            {
                break;
            }
        }

        return status;
    }

    private static byte[] Frame(FrameKind kind, FrameFlags flags, ulong exchange, int length)
    {
        var isEncrypted = (flags & FrameFlags.Encrypted) != 0;
        var header = new FrameHeader
        {
            MessageType = 0xA0,
            Kind = kind,
            Flags = flags,
            EncryptionType = isEncrypted ? EncryptionType.Aes256Gcm : EncryptionType.None,
            KeyId = isEncrypted ? 9 : (UInt128)0,
            Epoch = isEncrypted ? 1u : 0,
            SessionId = 5,
            Sequence = 6,
            ExchangeId = exchange,
            PayloadLength = length,
        };
        var frame = new byte[FrameLayout.HeaderSize + length];
        header.Write(frame);
        return frame;
    }
}
