using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.Session.Tests;

namespace Xtmp.Silo.Tests;

/// <content>Frames that a session would never make, sealed with its real keys.</content>
internal sealed partial class RawPeer
{
    /// <summary>The sending keys of the established session.</summary>
    public TrafficKeys Keys => Session.SendKeys();

    /// <summary>Seals one frame with whatever header it is told to have.</summary>
    public byte[] Seal(byte code, FrameKind kind, ulong exchangeId, ReadOnlySpan<byte> payload, FrameFlags flags = FrameFlags.None, ulong? sessionId = null)
    {
        var header = new FrameHeader
        {
            MessageType = code,
            Kind = kind,
            ExchangeId = exchangeId,
            Flags = flags | (kind == FrameKind.StreamItem ? FrameFlags.StreamData : FrameFlags.None),
            SessionId = sessionId ?? Session.SessionId,
        };
        var frame = new byte[FrameLayout.HeaderSize + payload.Length + Keys.Overhead];
        Keys.Seal(ref header, payload, frame);
        return frame;
    }

    public byte[] SealFragment(byte code, uint number, uint total, uint offset, ReadOnlySpan<byte> part)
    {
        var payload = new byte[FragmentHeader.Size + part.Length];
        new FragmentHeader(number, total, offset).Write(payload);
        part.CopyTo(payload.AsSpan(FragmentHeader.Size));
        return Seal(code, FrameKind.OneWay, 0, payload, FrameFlags.Fragmented);
    }

    /// <summary>A batch frame of one entry.</summary>
    public static byte[] Entry(byte code, FrameKind kind, ulong exchangeId, ReadOnlySpan<byte> payload, FrameFlags flags = FrameFlags.None)
    {
        var entry = new byte[BatchEntry.Size + payload.Length];
        new BatchEntry { MessageType = code, Kind = kind, ExchangeId = exchangeId, Length = payload.Length, Flags = flags }.Write(entry);
        payload.CopyTo(entry.AsSpan(BatchEntry.Size));
        return entry;
    }
}
