using System.Buffers.Binary;
using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.Session.Tests;

namespace Xtmp.Silo.Tests;

/// <summary>Attacks of a peer that has shaken hands honestly and holds real keys.</summary>
internal static class SessionAttacks
{
    private const byte Code = 0x30;
    private const int MaxMessage = 16 * 1024 * 1024;

    public static IEnumerable<Attack> All()
    {
        yield return Of("a frame replayed", SessionCloseReason.SequenceMismatch, peer =>
        {
            var frame = peer.Seal(Code, FrameKind.OneWay, 0, "x"u8);
            return [.. frame, .. frame];
        });
        yield return Of("a sequence skipped", SessionCloseReason.SequenceMismatch, peer =>
        {
            peer.Keys.NextSequence++;
            return peer.Seal(Code, FrameKind.OneWay, 0, "x"u8);
        });
        yield return Of("None after the hello", SessionCloseReason.NotEncrypted, peer =>
        {
            var frame = new byte[FrameLayout.HeaderSize];
            new FrameHeader { MessageType = Code, SessionId = peer.Session.SessionId }.Write(frame);
            return frame;
        });
        yield return Tampered("another encryption type", SessionCloseReason.EncryptionTypeMismatch, FrameLayout.EncryptionTypeOffset, 2);
        yield return Of("another session's id", SessionCloseReason.SessionIdMismatch, peer => peer.Seal(Code, FrameKind.OneWay, 0, "x"u8, sessionId: 5));
        yield return Tampered("a wrong key id", SessionCloseReason.KeyIdMismatch, FrameLayout.KeyIdOffset, null);
        yield return Tampered("an old epoch", SessionCloseReason.KeyIdMismatch, FrameLayout.NonceOffset + 8, 0);
        yield return Tampered("a later epoch", SessionCloseReason.KeyIdMismatch, FrameLayout.NonceOffset + 8, 9);
        yield return Tampered("a tag with a bit flipped", SessionCloseReason.TagMismatch, FrameLayout.TagOffset, null);
        yield return Tampered("ciphertext with a bit flipped", SessionCloseReason.TagMismatch, FrameLayout.HeaderSize, null);
        yield return Tampered("an exchange id with a bit flipped", SessionCloseReason.TagMismatch, FrameLayout.ExchangeIdOffset, null);
        yield return Tampered("a message type with a bit flipped", SessionCloseReason.TagMismatch, FrameLayout.MessageTypeOffset, null);
        yield return Tampered("wrong magic", SessionCloseReason.MalformedFrame, 0, 0);
        yield return Tampered("wrong version", SessionCloseReason.MalformedFrame, 4, 2);
        yield return Tampered("an unknown kind", SessionCloseReason.MalformedFrame, 7, 77);
        yield return Tampered("an oversize payload_length", SessionCloseReason.FrameTooLarge, 27, 0x7F);
        yield return Of("a response nobody asked for", SessionCloseReason.UnexpectedMessage, peer => peer.Seal(Code, FrameKind.Response, 2, "x"u8));
        yield return Of("an item nobody asked for", SessionCloseReason.UnexpectedMessage, peer => peer.Seal(Code, FrameKind.StreamItem, 2, new byte[9]));
        yield return Of("an end nobody asked for", SessionCloseReason.UnexpectedMessage, peer => peer.Seal(Code, FrameKind.StreamEnd, 2, default));
        yield return Of("an error nobody asked for", SessionCloseReason.UnexpectedMessage, peer => peer.Seal(FrameCode.Error, FrameKind.Error, 2, [0x95, 1, 0xA1, 0x78, 0xC0, 0xC2, 0xC0]));
        yield return Of("an ack nobody waits for", SessionCloseReason.UnexpectedMessage, peer => peer.Seal(Code, FrameKind.Ack, 2, default));
        yield return Of("a cancel of nothing", SessionCloseReason.UnexpectedMessage, peer => peer.Seal(Code, FrameKind.Cancel, 99, default));
        yield return Of("a cancel of the server's nothing", SessionCloseReason.UnexpectedMessage, peer => peer.Seal(Code, FrameKind.Cancel, 98, default));
        yield return Of("a request with the server's parity", SessionCloseReason.UnexpectedMessage, peer => peer.Seal(Code, FrameKind.Request, 2, "x"u8));
        yield return Of("a request without an exchange", SessionCloseReason.UnexpectedMessage, peer => peer.Seal(Code, FrameKind.Request, 0, "x"u8));
        yield return Of("an exchange id used twice", SessionCloseReason.UnexpectedMessage, peer => [.. peer.Seal(Code, FrameKind.Request, 1, "x"u8), .. peer.Seal(Code, FrameKind.Request, 1, "x"u8)]);
        yield return Of("an exchange id older than the window", SessionCloseReason.UnexpectedMessage, peer => [.. peer.Seal(Code, FrameKind.Request, 100_001, "x"u8), .. peer.Seal(Code, FrameKind.Request, 1, "x"u8)]);
        yield return Of("a one-way message with an exchange", SessionCloseReason.UnexpectedMessage, peer => peer.Seal(Code, FrameKind.OneWay, 1, "x"u8));
        yield return Of("an ack wish without an exchange", SessionCloseReason.UnexpectedMessage, peer => peer.Seal(Code, FrameKind.OneWay, 0, "x"u8, FrameFlags.RequiresAck));
        yield return Of("credit for an exchange that never was", SessionCloseReason.UnexpectedMessage, peer => peer.Seal(FrameCode.Credit, FrameKind.OneWay, 0, [0x92, 77, 5]));
        yield return Of("a control message in a batch", SessionCloseReason.MalformedFrame, peer => peer.Seal(FrameCode.Batch, FrameKind.OneWay, 0, ForgedFrames.Entry(FrameCode.Disconnect, FrameKind.OneWay, 0, [0x92, 0, 0xC0])));
        yield return Of("a batch in a batch", SessionCloseReason.MalformedFrame, peer => peer.Seal(FrameCode.Batch, FrameKind.OneWay, 0, ForgedFrames.Entry(FrameCode.Batch, FrameKind.OneWay, 0, default)));
        yield return Of("a fragment in a batch", SessionCloseReason.MalformedFrame, peer => peer.Seal(FrameCode.Batch, FrameKind.OneWay, 0, ForgedFrames.Entry(Code, FrameKind.OneWay, 0, new byte[20], FrameFlags.Fragmented)));
        yield return Of("a batch cut inside an entry", SessionCloseReason.MalformedFrame, peer => peer.Seal(FrameCode.Batch, FrameKind.OneWay, 0, ForgedFrames.Entry(Code, FrameKind.OneWay, 0, new byte[20]).AsSpan(0, 30)));
        yield return Of("a batch with an exchange", SessionCloseReason.MalformedFrame, peer => peer.Seal(FrameCode.Batch, FrameKind.OneWay, 3, ForgedFrames.Entry(Code, FrameKind.OneWay, 0, new byte[20])));
        yield return Of("a compressed batch", SessionCloseReason.MalformedFrame, peer => peer.Seal(FrameCode.Batch, FrameKind.OneWay, 0, new byte[20], FrameFlags.Compressed));
        yield return Of("a heartbeat that is a request", SessionCloseReason.MalformedFrame, peer => peer.Seal(FrameCode.Heartbeat, FrameKind.Request, 1, [0x92, 1, 0xC2]));
        yield return Of("a fragmented heartbeat", SessionCloseReason.MalformedFrame, peer => peer.Seal(FrameCode.Heartbeat, FrameKind.OneWay, 0, new byte[14], FrameFlags.Fragmented));
        yield return Of("a second Finished", SessionCloseReason.UnexpectedMessage, peer => peer.Seal(FrameCode.Finished, FrameKind.OneWay, 0, new byte[50]));
        yield return Of("a second hello", SessionCloseReason.UnexpectedMessage, peer => peer.Seal(FrameCode.Handshake, FrameKind.OneWay, 0, new byte[50]));
        yield return Of("a ticket from a client", SessionCloseReason.UnexpectedMessage, peer => peer.Seal(FrameCode.Ticket, FrameKind.OneWay, 0, new byte[50]));
        yield return Of("a rekey answer from a client", SessionCloseReason.UnexpectedMessage, peer => peer.Seal(FrameCode.RekeyAck, FrameKind.OneWay, 0, new byte[50]));
        yield return Of("a path message without a UDP half", SessionCloseReason.UnexpectedMessage, peer => peer.Seal(FrameCode.Path, FrameKind.OneWay, 0, new byte[16]));
        yield return Of("a malformed heartbeat", SessionCloseReason.MalformedPayload, peer => peer.Seal(FrameCode.Heartbeat, FrameKind.OneWay, 0, [0x92, 0xCC, 1, 0xC2]));
        yield return Of("a heartbeat with bytes behind it", SessionCloseReason.MalformedPayload, peer => peer.Seal(FrameCode.Heartbeat, FrameKind.OneWay, 0, [0x92, 1, 0xC2, 0]));
        yield return Of("a malformed disconnect", SessionCloseReason.MalformedPayload, peer => peer.Seal(FrameCode.Disconnect, FrameKind.OneWay, 0, [0x91, 0]));
        yield return Of("fragments that overlap", SessionCloseReason.MalformedFrame, peer => [.. peer.SealFragment(Code, 0, 10, 0, new byte[5]), .. peer.SealFragment(Code, 0, 10, 4, new byte[5])]);
        yield return Of("a fragment of too great a message", SessionCloseReason.LimitExceeded, peer => peer.SealFragment(Code, 0, MaxMessage + 1, 0, new byte[5]));
        yield return Of("a fragment bomb by count", SessionCloseReason.LimitExceeded, peer => Enumerable.Range(0, 17).SelectMany(number => peer.SealFragment(Code, (uint)number, MaxMessage, 0, new byte[5])).ToArray());
        yield return Of("a fragment bomb by bytes", SessionCloseReason.LimitExceeded, FragmentBomb);
        yield return Of("a decompression bomb by its claim", SessionCloseReason.LimitExceeded, peer => peer.Seal(Code, FrameKind.OneWay, 0, Compressed(uint.MaxValue, new byte[50]), FrameFlags.Compressed));
        yield return Of("compressed, claiming too little", SessionCloseReason.MalformedPayload, peer => peer.Seal(Code, FrameKind.OneWay, 0, Compressed(5, [0x60, 1, 2, 3, 4, 5, 6]), FrameFlags.Compressed));
        yield return Of("compressed, claiming too much", SessionCloseReason.MalformedPayload, peer => peer.Seal(Code, FrameKind.OneWay, 0, Compressed(7, [0x60, 1, 2, 3, 4, 5, 6]), FrameFlags.Compressed));
        yield return Of("compressed, shorter than its claim's field", SessionCloseReason.LimitExceeded, peer => peer.Seal(Code, FrameKind.OneWay, 0, new byte[3], FrameFlags.Compressed));
        yield return Of("an end of stream inside a frame", SessionCloseReason.EndOfStream, peer => peer.Seal(Code, FrameKind.OneWay, 0, "x"u8)[..^1]) with { ThenEnds = true };
        yield return Of("an end of stream without Disconnect", SessionCloseReason.EndOfStream, _ => []) with { ThenEnds = true };
        yield return Of("noise", SessionCloseReason.MalformedFrame, _ => new byte[5000]);
    }

    private static Attack Of(string name, SessionCloseReason reason, Func<RawPeer, byte[]> bytes) => new(name, reason, true, bytes);

    private static Attack Tampered(string name, SessionCloseReason reason, int offset, byte? value) => Of(name, reason, peer =>
    {
        var frame = peer.Seal(Code, FrameKind.OneWay, 0, "payload"u8);
        frame[offset] = value ?? (byte)(frame[offset] ^ 1);
        return frame;
    });

    private static byte[] FragmentBomb(RawPeer peer)
    {
        const int Part = 65_000;
        using var bytes = new MemoryStream();
        for (uint message = 0; message < 8; message++)
        {
            for (uint offset = 0; offset < 10 * 1024 * 1024; offset += Part)
            {
                bytes.Write(peer.SealFragment(Code, message, MaxMessage, offset, new byte[Part]));
            }
        }

        return bytes.ToArray();
    }

    private static byte[] Compressed(uint claimed, ReadOnlySpan<byte> block)
    {
        var payload = new byte[4 + block.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(payload, claimed);
        block.CopyTo(payload.AsSpan(4));
        return payload;
    }
}
