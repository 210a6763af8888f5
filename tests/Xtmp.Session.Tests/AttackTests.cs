using K4os.Compression.LZ4;
using Xtmp.Protocol;
using Xtmp.TestKit;

namespace Xtmp.Session.Tests;

/// <summary>
/// What a client that holds valid keys may try against a server, by name. Each either closes that one session for the
/// reason given or is harmless; memory stays bounded either way.
/// </summary>
public sealed class AttackTests
{
    private const byte Code = 0x10;

    private static readonly Dictionary<string, (SessionCloseReason Reason, Action<RawPeer, SessionPair> Do)> s_attacks = new()
    {
        ["sequence replayed"] = (SessionCloseReason.SequenceMismatch, (raw, pair) =>
        {
            var frame = raw.Seal(Code, FrameKind.OneWay, 0, "x"u8);
            pair.Deliver(pair.Server, frame);
            pair.Deliver(pair.Server, frame);
        }
        ),
        ["sequence skipped"] = (SessionCloseReason.SequenceMismatch, (raw, pair) =>
        {
            raw.SendKeys.NextSequence++;
            raw.Send(Code, FrameKind.OneWay, 0, "x"u8);
        }
        ),
        ["unencrypted after the handshake"] = (SessionCloseReason.NotEncrypted, (raw, pair) =>
        {
            var frame = new byte[FrameLayout.HeaderSize];
            new FrameHeader { MessageType = Code, SessionId = pair.Server.Session.SessionId }.Write(frame);
            pair.Deliver(pair.Server, frame);
        }
        ),
        ["another encryption type"] = (SessionCloseReason.EncryptionTypeMismatch, (raw, pair) => Tampered(raw, pair, FrameLayout.EncryptionTypeOffset, 2)),
        ["another session id"] = (SessionCloseReason.SessionIdMismatch, (raw, pair) => pair.Deliver(pair.Server, raw.Seal(Code, FrameKind.OneWay, 0, "x"u8, sessionId: 5))),
        ["a key id not in use"] = (SessionCloseReason.KeyIdMismatch, (raw, pair) => Tampered(raw, pair, FrameLayout.KeyIdOffset, 0xFF)),
        ["another epoch"] = (SessionCloseReason.KeyIdMismatch, (raw, pair) => Tampered(raw, pair, FrameLayout.NonceOffset + 8, 9)),
        ["a tag with a bit flipped"] = (SessionCloseReason.TagMismatch, (raw, pair) => Tampered(raw, pair, FrameLayout.TagOffset, null)),
        ["ciphertext with a bit flipped"] = (SessionCloseReason.TagMismatch, (raw, pair) => Tampered(raw, pair, FrameLayout.HeaderSize, null)),
        ["an exchange id with a bit flipped"] = (SessionCloseReason.TagMismatch, (raw, pair) => Tampered(raw, pair, FrameLayout.ExchangeIdOffset, null)),
        ["a message type with a bit flipped"] = (SessionCloseReason.TagMismatch, (raw, pair) => Tampered(raw, pair, FrameLayout.MessageTypeOffset, null)),
        ["wrong magic"] = (SessionCloseReason.MalformedFrame, (raw, pair) => Tampered(raw, pair, 0, 0)),
        ["wrong version"] = (SessionCloseReason.MalformedFrame, (raw, pair) => Tampered(raw, pair, 4, 2)),
        ["wrong kind"] = (SessionCloseReason.MalformedFrame, (raw, pair) => Tampered(raw, pair, 7, 77)),
        ["oversized payload_length"] = (SessionCloseReason.FrameTooLarge, (raw, pair) => Tampered(raw, pair, 27, 0x7F)),
        ["reflected frames"] = (SessionCloseReason.KeyIdMismatch, (raw, pair) =>
        {
            pair.ToClient = bytes =>
            {
                pair.Deliver(pair.Server, bytes);
                return [];
            };
            pair.Server.Session.SendOneWay(Code, "x"u8, default);
            pair.Run();
        }
        ),
        ["a response nobody asked for"] = (SessionCloseReason.UnexpectedMessage, (raw, pair) => raw.Send(Code, FrameKind.Response, 2, "x"u8)),
        ["an item nobody asked for"] = (SessionCloseReason.UnexpectedMessage, (raw, pair) => raw.Send(Code, FrameKind.StreamItem, 2, new byte[9])),
        ["an end nobody asked for"] = (SessionCloseReason.UnexpectedMessage, (raw, pair) => raw.Send(Code, FrameKind.StreamEnd, 2, default)),
        ["an error nobody asked for"] = (SessionCloseReason.UnexpectedMessage, (raw, pair) => raw.Send(FrameCode.Error, FrameKind.Error, 2, Error())),
        ["an ack nobody waits for"] = (SessionCloseReason.UnexpectedMessage, (raw, pair) => raw.Send(Code, FrameKind.Ack, 2, default)),
        ["a cancel of nothing"] = (SessionCloseReason.UnexpectedMessage, (raw, pair) => raw.Send(Code, FrameKind.Cancel, 99, default)),
        ["a cancel of the server's nothing"] = (SessionCloseReason.UnexpectedMessage, (raw, pair) => raw.Send(Code, FrameKind.Cancel, 98, default)),
        ["a request with the server's parity"] = (SessionCloseReason.UnexpectedMessage, (raw, pair) => raw.Send(Code, FrameKind.Request, 2, "x"u8)),
        ["a request without an exchange"] = (SessionCloseReason.UnexpectedMessage, (raw, pair) => raw.Send(Code, FrameKind.Request, 0, "x"u8)),
        ["an exchange id used twice at once"] = (SessionCloseReason.UnexpectedMessage, (raw, pair) =>
        {
            raw.Send(Code, FrameKind.Request, 1, "x"u8);
            raw.Send(Code, FrameKind.Request, 1, "x"u8);
        }
        ),
        ["an exchange id used again later"] = (SessionCloseReason.UnexpectedMessage, (raw, pair) =>
        {
            raw.Send(Code, FrameKind.Request, 1, "x"u8);
            pair.Server.Session.SendResponse(1, "y"u8);
            pair.Run();
            raw.Send(Code, FrameKind.Request, 1, "x"u8);
        }
        ),
        ["an exchange id older than the window"] = (SessionCloseReason.UnexpectedMessage, (raw, pair) =>
        {
            raw.Send(Code, FrameKind.Request, 100_001, "x"u8);
            raw.Send(Code, FrameKind.Request, 1, "x"u8);
        }
        ),
        ["a response of another type"] = (SessionCloseReason.UnexpectedMessage, (raw, pair) =>
        {
            var id = pair.Server.Session.SendRequest(Code, "q"u8, default);
            pair.Run();
            raw.Send(Code + 1, FrameKind.Response, id, "x"u8);
        }
        ),
        ["a stream item for a unary request"] = (SessionCloseReason.UnexpectedMessage, (raw, pair) =>
        {
            var id = pair.Server.Session.SendRequest(Code, "q"u8, default);
            raw.Send(Code, FrameKind.StreamItem, id, new byte[9]);
        }
        ),
        ["two responses"] = (SessionCloseReason.UnexpectedMessage, (raw, pair) =>
        {
            var id = pair.Server.Session.SendRequest(Code, "q"u8, default);
            raw.Send(Code, FrameKind.Response, id, "x"u8);
            raw.Send(Code, FrameKind.Response, id, "x"u8);
        }
        ),
        ["an item number out of order"] = (SessionCloseReason.UnexpectedMessage, (raw, pair) =>
        {
            var id = pair.Server.Session.SendRequest(Code, "q"u8, new SendOptions { Stream = true });
            raw.Send(Code, FrameKind.StreamItem, id, [1, 0, 0, 0, 0, 0, 0, 0]);
        }
        ),
        ["items beyond the credit"] = (SessionCloseReason.UnexpectedMessage, (raw, pair) =>
        {
            var id = pair.Server.Session.SendRequest(Code, "q"u8, new SendOptions { Stream = true });
            for (byte i = 0; i < 65; i++)
            {
                raw.Send(Code, FrameKind.StreamItem, id, [i, 0, 0, 0, 0, 0, 0, 0]);
            }
        }
        ),
        ["an item too short for its number"] = (SessionCloseReason.MalformedPayload, (raw, pair) =>
        {
            var id = pair.Server.Session.SendRequest(Code, "q"u8, new SendOptions { Stream = true });
            raw.Send(Code, FrameKind.StreamItem, id, new byte[7]);
        }
        ),
        ["an item after the end"] = (SessionCloseReason.UnexpectedMessage, (raw, pair) =>
        {
            var id = pair.Server.Session.SendRequest(Code, "q"u8, new SendOptions { Stream = true });
            raw.Send(FrameCode.Batch, FrameKind.OneWay, 0, RawPeer.BatchOf(
                (Code, FrameKind.StreamEnd, id, [], FrameFlags.None),
                (Code, FrameKind.StreamItem, id, new byte[8], FrameFlags.StreamData)));
        }
        ),
        ["credit for an exchange that never was"] = (SessionCloseReason.UnexpectedMessage, (raw, pair) => raw.Send(FrameCode.Credit, FrameKind.OneWay, 0, Credit(77, 5))),
        ["credit that goes down"] = (SessionCloseReason.UnexpectedMessage, (raw, pair) =>
        {
            raw.Send(Code, FrameKind.Request, 1, "x"u8);
            raw.Send(FrameCode.Credit, FrameKind.OneWay, 0, Credit(1, 500));
            raw.Send(FrameCode.Credit, FrameKind.OneWay, 0, Credit(1, 499));
        }
        ),
        ["a control message in a batch"] = (SessionCloseReason.MalformedFrame, (raw, pair) =>
            raw.Send(FrameCode.Batch, FrameKind.OneWay, 0, RawPeer.BatchOf((FrameCode.Disconnect, FrameKind.OneWay, 0, [0x92, 0, 0xC0], FrameFlags.None)))),
        ["a batch in a batch"] = (SessionCloseReason.MalformedFrame, (raw, pair) =>
            raw.Send(FrameCode.Batch, FrameKind.OneWay, 0, RawPeer.BatchOf((FrameCode.Batch, FrameKind.OneWay, 0, [], FrameFlags.None)))),
        ["a batch with a fragment"] = (SessionCloseReason.MalformedFrame, (raw, pair) =>
            raw.Send(FrameCode.Batch, FrameKind.OneWay, 0, RawPeer.BatchOf((Code, FrameKind.OneWay, 0, new byte[20], FrameFlags.Fragmented)))),
        ["a batch that ends in the middle of an entry"] = (SessionCloseReason.MalformedFrame, (raw, pair) =>
            raw.Send(FrameCode.Batch, FrameKind.OneWay, 0, RawPeer.BatchOf((Code, FrameKind.OneWay, 0, new byte[20], FrameFlags.None)).AsSpan(0, 30))),
        ["a batch with an exchange"] = (SessionCloseReason.MalformedFrame, (raw, pair) =>
            raw.Send(FrameCode.Batch, FrameKind.OneWay, 3, RawPeer.BatchOf((Code, FrameKind.OneWay, 0, new byte[20], FrameFlags.None)))),
        ["a compressed batch"] = (SessionCloseReason.MalformedFrame, (raw, pair) => raw.Send(FrameCode.Batch, FrameKind.OneWay, 0, new byte[20], FrameFlags.Compressed)),
        ["a control message that is a request"] = (SessionCloseReason.MalformedFrame, (raw, pair) => raw.Send(FrameCode.Heartbeat, FrameKind.Request, 1, [0x92, 1, 0xC2])),
        ["a fragmented control message"] = (SessionCloseReason.MalformedFrame, (raw, pair) => raw.Send(FrameCode.Heartbeat, FrameKind.OneWay, 0, new byte[14], FrameFlags.Fragmented)),
        ["a handshake message later"] = (SessionCloseReason.UnexpectedMessage, (raw, pair) => raw.Send(FrameCode.Finished, FrameKind.OneWay, 0, new byte[50])),
        ["a second hello"] = (SessionCloseReason.UnexpectedMessage, (raw, pair) => raw.Send(FrameCode.Handshake, FrameKind.OneWay, 0, new byte[50])),
        ["a ticket from a client"] = (SessionCloseReason.UnexpectedMessage, (raw, pair) => raw.Send(FrameCode.Ticket, FrameKind.OneWay, 0, new byte[50])),
        ["a rekey answer from a client"] = (SessionCloseReason.UnexpectedMessage, (raw, pair) => raw.Send(FrameCode.RekeyAck, FrameKind.OneWay, 0, new byte[50])),
        ["a malformed heartbeat"] = (SessionCloseReason.MalformedPayload, (raw, pair) => raw.Send(FrameCode.Heartbeat, FrameKind.OneWay, 0, [0x92, 0xCC, 1, 0xC2])),
        ["a heartbeat with bytes behind it"] = (SessionCloseReason.MalformedPayload, (raw, pair) => raw.Send(FrameCode.Heartbeat, FrameKind.OneWay, 0, [0x92, 1, 0xC2, 0])),
        ["a malformed disconnect"] = (SessionCloseReason.MalformedPayload, (raw, pair) => raw.Send(FrameCode.Disconnect, FrameKind.OneWay, 0, [0x91, 0])),
        ["a fragment that overlaps"] = (SessionCloseReason.MalformedFrame, (raw, pair) =>
        {
            raw.SendFragment(Code, 0, 10, 0, new byte[5], FrameFlags.None);
            raw.SendFragment(Code, 0, 10, 4, new byte[5], FrameFlags.None);
        }
        ),
        ["a fragment of too great a message"] = (SessionCloseReason.LimitExceeded, (raw, pair) => raw.SendFragment(Code, 0, 16 * 1024 * 1024 + 1, 0, new byte[5], FrameFlags.None)),
        ["a fragment bomb by count"] = (SessionCloseReason.LimitExceeded, (raw, pair) =>
        {
            for (uint i = 0; i < 17; i++)
            {
                raw.SendFragment(Code, i, 16 * 1024 * 1024, 0, new byte[5], FrameFlags.None);
            }
        }
        ),
        ["a fragment bomb by bytes"] = (SessionCloseReason.LimitExceeded, (raw, pair) =>
        {
            for (uint message = 0; message < 8; message++)
            {
                for (uint offset = 0; offset < 10 * 1024 * 1024; offset += 65_000)
                {
                    raw.SendFragment(Code, message, 16 * 1024 * 1024, offset, new byte[65_000], FrameFlags.None);
                }
            }
        }
        ),
        ["a decompression bomb by its claim"] = (SessionCloseReason.LimitExceeded, (raw, pair) =>
            raw.Send(Code, FrameKind.OneWay, 0, RawPeer.Compressed(uint.MaxValue, new byte[50]), FrameFlags.Compressed)),
        ["a compressed message that claims too little"] = (SessionCloseReason.MalformedPayload, (raw, pair) =>
            raw.Send(Code, FrameKind.OneWay, 0, RawPeer.Compressed(5, [0x60, 1, 2, 3, 4, 5, 6]), FrameFlags.Compressed)),
        ["a compressed message that claims too much"] = (SessionCloseReason.MalformedPayload, (raw, pair) =>
            raw.Send(Code, FrameKind.OneWay, 0, RawPeer.Compressed(7, [0x60, 1, 2, 3, 4, 5, 6]), FrameFlags.Compressed)),
        ["a compressed message too short for its claim"] = (SessionCloseReason.LimitExceeded, (raw, pair) =>
            raw.Send(Code, FrameKind.OneWay, 0, new byte[3], FrameFlags.Compressed)),
        ["a compressed cancel"] = (SessionCloseReason.LimitExceeded, (raw, pair) => raw.Send(Code, FrameKind.Cancel, 1, new byte[8], FrameFlags.Compressed)),
        ["an error that is no error message"] = (SessionCloseReason.MalformedPayload, (raw, pair) =>
        {
            var id = pair.Server.Session.SendRequest(Code, "q"u8, default);
            raw.Send(FrameCode.Error, FrameKind.Error, id, [0x95]);
        }
        ),
        ["an error code of another kind"] = (SessionCloseReason.UnexpectedMessage, (raw, pair) => raw.Send(FrameCode.Error, FrameKind.OneWay, 0, Error())),
        ["an ack wish without an exchange"] = (SessionCloseReason.UnexpectedMessage, (raw, pair) => raw.Send(Code, FrameKind.OneWay, 0, "x"u8, FrameFlags.RequiresAck)),
        ["a one-way message with an exchange"] = (SessionCloseReason.UnexpectedMessage, (raw, pair) => raw.Send(Code, FrameKind.OneWay, 1, "x"u8)),
        ["a path message on the stream without a UDP half"] = (SessionCloseReason.UnexpectedMessage, (raw, pair) => raw.Send(FrameCode.Path, FrameKind.OneWay, 0, new byte[16])),
    };

    public static TheoryData<string> Names() => [.. s_attacks.Keys];

    [Theory]
    [InlineData(0x41, 1000u, true)]
    [InlineData(0x41, 1001u + 65_536, false)]
    [InlineData(0x42, 10u, false)]
    [InlineData(0x43, 65_536u, true)]
    [InlineData(0x43, 65_537u, false)]
    public void what_a_compressed_message_claims_is_held_against_its_schema(byte code, uint claimed, bool isAccepted)
    {
        MessageInfo[] messages =
        [
            new("Compressible", 0x41, FrameKind.OneWay) { Compressible = true, MaxEncodedSize = 1000 },
            new("Never", 0x42, FrameKind.OneWay) { MaxEncodedSize = 1000 },
        ];
        using var pair = ExchangeTests.Established(server: PairOptions.Server with { CompressionBounds = new CompressionBounds(messages) });
        var raw = new RawPeer(pair);
        var plain = new byte[claimed];
        var block = new byte[plain.Length + 1024];
        block = block[..LZ4Codec.Encode(plain, block)];
        raw.Send(code, FrameKind.OneWay, 0, RawPeer.Compressed(claimed, block), FrameFlags.Compressed);
        if (isAccepted)
        {
            Assert.Equal(plain, pair.Server.Single(SessionEventKind.OneWay).Payload);
        }
        else
        {
            HandshakeTests.AssertClosed(pair.Server, SessionCloseReason.LimitExceeded);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void closes_that_session_for_that_reason(string name)
    {
        using var pair = ExchangeTests.Established();
        var raw = new RawPeer(pair);
        var (reason, attack) = s_attacks[name];
        attack(raw, pair);
        pair.Server.Drain();
        var close = HandshakeTests.AssertClosed(pair.Server, reason);
        Assert.Equal(Fault.Peer, close.Fault);
        Assert.True(close.Text.Length is > 10 and < 400 && close.Text.EndsWith('.'), close.Text);

        // Over is over: nothing that follows is looked at.
        var events = pair.Server.Events.Count;
        pair.Deliver(pair.Server, new byte[1000]);
        pair.Server.Drain();
        Assert.Equal(events, pair.Server.Events.Count);
    }

    [Fact]
    public void a_flood_of_heartbeats_is_answered_once_a_flight()
    {
        using var pair = ExchangeTests.Established();
        var raw = new RawPeer(pair);
        var flood = new List<byte>();
        for (var i = 0; i < 1000; i++)
        {
            flood.AddRange(raw.Seal(FrameCode.Heartbeat, FrameKind.OneWay, 0, [0x92, 1, 0xC2]));
        }

        pair.Deliver(pair.Server, flood.ToArray());
        pair.Run();
        Assert.Single(raw.Received);
    }

    [Fact]
    public void a_peer_that_asks_and_never_reads_is_cut_off()
    {
        using var pair = ExchangeTests.Established(server: PairOptions.Server with
        {
            Limits = SessionLimits.Default with { MaxConcurrentRequests = 1, MaxSendQueueBytes = 100_000 },
        });
        var raw = new RawPeer(pair);
        for (ulong i = 0; i < 4000 && pair.Server.Session.State == SessionState.Established; i++)
        {
            raw.Send(Code, FrameKind.Request, (2 * i) + 1, "x"u8);
        }

        HandshakeTests.AssertClosed(pair.Server, SessionCloseReason.LimitExceeded);
    }

    [Fact]
    public void a_slow_fragmented_message_is_given_up_once_its_next_part_is_late()
    {
        using var pair = ExchangeTests.Established();
        var raw = new RawPeer(pair);
        for (uint part = 0; part < 3; part++)
        {
            raw.SendFragment(Code, 0, 1000, part, new byte[1], FrameFlags.None);
            pair.Advance(TimeSpan.FromSeconds(29));
            Assert.Equal(SessionState.Established, pair.Server.Session.State);
        }

        pair.Advance(TimeSpan.FromSeconds(2));
        HandshakeTests.AssertClosed(pair.Server, SessionCloseReason.LimitExceeded);
    }

    private static void Tampered(RawPeer raw, SessionPair pair, int offset, byte? value)
    {
        var frame = raw.Seal(Code, FrameKind.OneWay, 0, "payload"u8);
        frame[offset] = value ?? (byte)(frame[offset] ^ 1);
        pair.Deliver(pair.Server, frame);
    }

    private static byte[] Credit(ulong id, ulong limit)
    {
        var buffer = new byte[ControlMessages.MaxLength];
        return buffer[..ControlMessages.WriteCredit(buffer, id, limit)];
    }

    private static byte[] Error()
    {
        var buffer = new byte[ErrorMessage.MaxLength];
        return buffer[..ErrorMessage.Write(buffer, XtmpErrorCode.Internal, "x", null, false, null)];
    }
}
