using Xtmp.Protocol;

namespace Xtmp.Session.Tests;

/// <summary>Frames that a session would never make, sealed with the keys of a real one.</summary>
internal static class ForgedFrames
{
    /// <summary>Seals one frame with whatever header it is told to have.</summary>
    public static byte[] Seal(TrafficKeys keys, ulong sessionId, byte code, FrameKind kind, ulong exchangeId, ReadOnlySpan<byte> payload, FrameFlags flags)
    {
        var header = new FrameHeader
        {
            MessageType = code,
            Kind = kind,
            ExchangeId = exchangeId,
            Flags = flags | (kind == FrameKind.StreamItem ? FrameFlags.StreamData : FrameFlags.None),
            SessionId = sessionId,
        };
        var frame = new byte[FrameLayout.HeaderSize + payload.Length + keys.Overhead];
        keys.Seal(ref header, payload, frame);
        return frame;
    }

    /// <summary>The payload of a fragment.</summary>
    public static byte[] Fragment(uint number, uint total, uint offset, ReadOnlySpan<byte> part)
    {
        var payload = new byte[FragmentHeader.Size + part.Length];
        new FragmentHeader(number, total, offset).Write(payload);
        part.CopyTo(payload.AsSpan(FragmentHeader.Size));
        return payload;
    }

    /// <summary>One entry of a batch.</summary>
    public static byte[] Entry(byte code, FrameKind kind, ulong exchangeId, ReadOnlySpan<byte> payload, FrameFlags flags = FrameFlags.None)
    {
        var entry = new byte[BatchEntry.Size + payload.Length];
        new BatchEntry { MessageType = code, Kind = kind, ExchangeId = exchangeId, Length = payload.Length, Flags = flags }.Write(entry);
        payload.CopyTo(entry.AsSpan(BatchEntry.Size));
        return entry;
    }
}
