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

    public byte[] Seal(byte code, FrameKind kind, ulong exchangeId, ReadOnlySpan<byte> payload, FrameFlags flags = FrameFlags.None, ulong? sessionId = null) =>
        ForgedFrames.Seal(_send, sessionId ?? _pair.Client.Session.SessionId, code, kind, exchangeId, payload, flags);

    public void SendFragment(byte code, uint number, uint total, uint offset, ReadOnlySpan<byte> part, FrameFlags flags) =>
        Send(code, FrameKind.OneWay, 0, ForgedFrames.Fragment(number, total, offset, part), flags | FrameFlags.Fragmented);

    public static byte[] BatchOf(params (byte Code, FrameKind Kind, ulong Id, byte[] Payload, FrameFlags Flags)[] entries) =>
        [.. entries.SelectMany(entry => ForgedFrames.Entry(entry.Code, entry.Kind, entry.Id, entry.Payload, entry.Flags))];

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
