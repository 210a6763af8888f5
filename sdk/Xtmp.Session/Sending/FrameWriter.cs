using System.Buffers;
using System.Runtime.CompilerServices;
using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>
/// Seals what waits for the stream and writes it: a heartbeat that is due first, then the packer's frames, and Disconnect
/// when a close in order has nothing left before it.
/// </summary>
internal sealed class FrameWriter(RecordLayer records, FramePacker packer, KeepAlive keepAlive)
{
    /// <summary>Frames sealed.</summary>
    public long FramesSent { get; private set; }

    /// <summary>Set once the session closes in order.</summary>
    public GracefulClose? Closing { get; set; }

    /// <summary>Writes the next frame; returns its length, 0 where nothing waits. <paramref name="close"/>: the session is over after it.</summary>
    [SkipLocalsInit]
    public int WriteNext(IBufferWriter<byte> output, TimeSpan now, out SessionClose? close)
    {
        if (keepAlive.IsFrameDue)
        {
            return WriteHeartbeat(output, now, out close);
        }

        if (packer.Bytes == 0)
        {
            close = null;
            return Closing is null ? 0 : WriteDisconnect(Closing, output, out close);
        }

        var level = packer.Peek(out var header, out var plaintext);
        var written = Seal(ref header, plaintext, output, out close);
        if (written == 0)
        {
            return 0;
        }

        packer.Advance(level);
        if (!FrameCode.IsControl(header.MessageType) || header.MessageType == FrameCode.Batch)
        {
            keepAlive.Used(now);
        }
        else if (header.MessageType == FrameCode.RekeyAck)
        {
            // The cut is exact: RekeyAck is the last frame of the old epoch.
            records.SwitchSend();
        }

        return written;
    }

    private int WriteHeartbeat(IBufferWriter<byte> output, TimeSpan now, out SessionClose? close)
    {
        Span<byte> payload = stackalloc byte[ControlMessages.MaxLength];
        var header = new FrameHeader { MessageType = FrameCode.Heartbeat };
        return Seal(ref header, payload[..keepAlive.Write(payload, now)], output, out close);
    }

    private int WriteDisconnect(GracefulClose closing, IBufferWriter<byte> output, out SessionClose? close)
    {
        Span<byte> payload = stackalloc byte[ControlMessages.MaxLength];
        var header = new FrameHeader { MessageType = FrameCode.Disconnect };
        var written = Seal(ref header, payload[..closing.WriteDisconnect(payload)], output, out close);
        close ??= closing.Written;
        return written;
    }

    private int Seal(ref FrameHeader header, ReadOnlySpan<byte> plaintext, IBufferWriter<byte> output, out SessionClose? close)
    {
        close = records.CheckSeal(plaintext.Length);
        if (close is not null)
        {
            return 0;
        }

        var written = records.Seal(ref header, plaintext, output.GetSpan(records.SealedLength(plaintext.Length)));
        output.Advance(written);
        FramesSent++;
        return written;
    }
}
