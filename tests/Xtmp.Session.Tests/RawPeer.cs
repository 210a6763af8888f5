using System.Buffers.Binary;
using Xtmp.Protocol;
using Xtmp.TestKit;

namespace Xtmp.Session.Tests;

/// <summary>
/// A client that holds a real session's keys and keeps to no rule: it seals whatever a test asks for, and opens what
/// comes back. The client session of the pair hears nothing any more.
/// </summary>
internal sealed class RawPeer
{
    private readonly SessionPair _pair;
    private readonly TrafficKeys _send;
    private readonly TrafficKeys _receive;
    private readonly FrameAssembler _assembler = new() { MaxPayload = FrameLayout.MaxPayload };

    public RawPeer(SessionPair pair)
    {
        _pair = pair;
        _send = pair.Client.Session.SendKeys();
        _receive = pair.Client.Session.ReceiveKeys();
        pair.ToClient = bytes =>
        {
            Open(bytes);
            return [];
        };
    }

    public TrafficKeys SendKeys => _send;

    public List<(FrameHeader Header, byte[] Payload)> Received { get; } = [];

    public XtmpErrorCode? LastError { get; private set; }

    public SessionEnd Server => _pair.Server;

    /// <summary>Seals one frame and delivers it.</summary>
    public void Send(byte code, FrameKind kind, ulong exchangeId, ReadOnlySpan<byte> payload, FrameFlags flags = FrameFlags.None) =>
        _pair.Deliver(_pair.Server, Seal(code, kind, exchangeId, payload, flags));

    public byte[] Seal(byte code, FrameKind kind, ulong exchangeId, ReadOnlySpan<byte> payload, FrameFlags flags = FrameFlags.None, ulong? sessionId = null)
    {
        var header = new FrameHeader
        {
            MessageType = code,
            Kind = kind,
            ExchangeId = exchangeId,
            Flags = flags | (kind == FrameKind.StreamItem ? FrameFlags.StreamData : FrameFlags.None),
            SessionId = sessionId ?? _pair.Client.Session.SessionId,
        };
        var frame = new byte[FrameLayout.HeaderSize + payload.Length + _send.Overhead];
        _send.Seal(ref header, payload, frame);
        return frame;
    }

    public void SendFragment(byte code, uint number, uint total, uint offset, ReadOnlySpan<byte> part, FrameFlags flags)
    {
        var payload = new byte[FragmentHeader.Size + part.Length];
        new FragmentHeader(number, total, offset).Write(payload);
        part.CopyTo(payload.AsSpan(FragmentHeader.Size));
        Send(code, FrameKind.OneWay, 0, payload, flags | FrameFlags.Fragmented);
    }

    public static byte[] BatchOf(params (byte Code, FrameKind Kind, ulong Id, byte[] Payload, FrameFlags Flags)[] entries)
    {
        var all = new List<byte>();
        foreach (var (code, kind, id, payload, flags) in entries)
        {
            var header = new byte[BatchEntry.Size];
            new BatchEntry { MessageType = code, Kind = kind, ExchangeId = id, Length = payload.Length, Flags = flags }.Write(header);
            all.AddRange(header);
            all.AddRange(payload);
        }

        return [.. all];
    }

    public static byte[] Compressed(uint claimed, ReadOnlySpan<byte> block)
    {
        var payload = new byte[4 + block.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(payload, claimed);
        block.CopyTo(payload.AsSpan(4));
        return payload;
    }

    private void Open(ReadOnlySpan<byte> bytes)
    {
        while (_assembler.TryRead(ref bytes, out var header, out var frame) == FrameStatus.Ok)
        {
            var plaintext = new byte[_receive.PlaintextLength(in header)];
            Assert.True(_receive.TryOpen(in header, frame, plaintext));
            if (header.MessageType == FrameCode.Batch)
            {
                var rest = plaintext.AsSpan();
                while (rest.Length > 0 && BatchEntry.TryRead(rest, out var entry))
                {
                    Note(new() { MessageType = entry.MessageType, Kind = entry.Kind, ExchangeId = entry.ExchangeId }, rest.Slice(BatchEntry.Size, entry.Length).ToArray());
                    rest = rest[(BatchEntry.Size + entry.Length)..];
                }
            }
            else
            {
                Note(header, plaintext);
            }
        }
    }

    private void Note(FrameHeader header, byte[] payload)
    {
        Received.Add((header, payload));
        if (header.Kind == FrameKind.Error)
        {
            LastError = ErrorMessage.Read(payload)!.Code;
        }
    }
}
