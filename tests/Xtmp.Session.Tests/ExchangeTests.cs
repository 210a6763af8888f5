using System.Buffers;
using System.Text;
using Xtmp.Protocol;
using Xtmp.TestKit;

namespace Xtmp.Session.Tests;

public sealed class ExchangeTests
{
    private const byte Code = 0x10;

    [Theory]
    [InlineData(EncryptionType.Aes256Gcm, 0)]
    [InlineData(EncryptionType.ChaCha20Poly1305, 0)]
    [InlineData(EncryptionType.PostQuantum, 0)]
    [InlineData(EncryptionType.Aes256Gcm, 1)]
    [InlineData(EncryptionType.PostQuantum, 37)]
    public void a_request_gets_its_response(EncryptionType type, int chunk)
    {
        using var pair = Established(PairOptions.Client with { EncryptionTypes = [type] });
        pair.Chunk = chunk;
        Echo(pair.Server);
        var id = pair.Client.Session.SendRequest(Code, "hello"u8, default);
        pair.Run();
        var response = pair.Client.Single(SessionEventKind.Response);
        Assert.Equal(id, response.ExchangeId);
        Assert.Equal("hello", Encoding.UTF8.GetString(response.Payload));
        Assert.Equal(0, pair.Client.Session.OutstandingRequests);
    }

    [Fact]
    public void requests_go_out_with_the_clients_finished()
    {
        using var pair = new SessionPair();
        Echo(pair.Server);
        pair.Client.Session.SendRequest(Code, "early"u8, default);
        pair.Run();
        Assert.Equal("early", Encoding.UTF8.GetString(pair.Client.Single(SessionEventKind.Response).Payload));
    }

    [Fact]
    public void a_server_may_ask_too()
    {
        using var pair = Established();
        Echo(pair.Client);
        var id = pair.Server.Session.SendRequest(Code, "ping"u8, default);
        pair.Run();
        Assert.Equal(0ul, id % 2);
        Assert.Single(pair.Server.Of(SessionEventKind.Response));
    }

    [Fact]
    public void a_message_over_the_peers_limit_is_the_fault_of_whoever_asked_for_it()
    {
        var small = SessionLimits.Default with { MaxMessageBytes = 1024 };
        using var pair = Established(PairOptions.Client with { Limits = small }, PairOptions.Server with { Limits = small });
        Assert.Equal((XtmpErrorCode.LimitExceeded, Fault.Local), Refused(() => pair.Client.Session.SendRequest(Code, new byte[1025], default)));
        var asked = pair.Client.Session.SendRequest(Code, "?"u8, default);
        var streamed = pair.Client.Session.SendRequest(Code, "?"u8, new SendOptions { Stream = true, InitialCredit = 8 });
        pair.Run();
        Assert.Equal((XtmpErrorCode.LimitExceeded, Fault.Peer), Refused(() => pair.Server.Session.SendResponse(asked, new byte[1025])));
        Assert.Equal((XtmpErrorCode.LimitExceeded, Fault.Peer), Refused(() => pair.Server.Session.SendItem(streamed, new byte[1025])));

        // Nothing was sent: the exchange can still be answered.
        Assert.True(pair.Server.Session.SendError(asked, XtmpErrorCode.LimitExceeded, "too long"));
        pair.Run();
        Assert.Equal(XtmpErrorCode.LimitExceeded, pair.Client.Single(SessionEventKind.Error).Error!.Code);

        static (XtmpErrorCode, Fault) Refused(Action send)
        {
            var error = Assert.Throws<XtmpException>(send);
            return (error.Code, error.Fault);
        }
    }

    [Fact]
    public void many_small_messages_share_frames()
    {
        using var pair = Established();
        Echo(pair.Server);
        var before = pair.Client.Session.Statistics.FramesSent;
        for (var i = 0; i < 64; i++)
        {
            pair.Client.Session.SendRequest(Code, new byte[256], default);
        }

        pair.Run();
        Assert.Equal(64, pair.Client.Of(SessionEventKind.Response).Count());
        Assert.InRange(pair.Client.Session.Statistics.FramesSent - before, 1, 8);
    }

    [Theory]
    [InlineData(65_536, 0)]
    [InlineData(65_537, 0)]
    [InlineData(1_000_000, 0)]
    [InlineData(1_000_000, 4096)]
    [InlineData(16 * 1024 * 1024, 0)]
    public void large_messages_are_fragmented(int size, int chunk)
    {
        using var pair = Established();
        pair.Chunk = chunk;
        var payload = new byte[size];
        new Random(size).NextBytes(payload);
        Echo(pair.Server);
        pair.Client.Session.SendRequest(Code, payload, default);
        pair.Client.Session.SendRequest(Code, "after"u8, new SendOptions { Priority = MessagePriority.Emergency });
        pair.Run();
        var responses = pair.Client.Of(SessionEventKind.Response).ToArray();
        Assert.Equal(2, responses.Length);
        Assert.Contains(responses, response => response.Payload.AsSpan().SequenceEqual(payload));
    }

    [Fact]
    public void compressible_messages_shrink_on_the_wire()
    {
        using var pair = Established();
        Echo(pair.Server, compressible: true);
        var payload = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("the same words again and again ", 2000)));
        var before = pair.Client.Session.Statistics.BytesSent;
        pair.Client.Session.SendRequest(Code, payload, new SendOptions { Compressible = true });
        pair.Run();
        Assert.Equal(payload, pair.Client.Single(SessionEventKind.Response).Payload);
        Assert.InRange(pair.Client.Session.Statistics.BytesSent - before, 1, 8000);
    }

    [Fact]
    public void padding_hides_sizes_and_is_zero()
    {
        using var pair = Established(PairOptions.Client with { Padding = new PaddingPolicy(256) });
        pair.Client.Session.SendOneWay(Code, (byte[])[0x93, 1, 2, 3], default);
        pair.Run();
        var payload = pair.Server.Single(SessionEventKind.OneWay).Payload;
        Assert.Equal(256, payload.Length);
        Assert.True(PayloadPadding.IsValid(payload, 4));
        Assert.False(PayloadPadding.IsValid(payload, 3));
    }

    [Fact]
    public void a_stream_keeps_to_its_credit()
    {
        using var pair = Established(PairOptions.Client with { Limits = SessionLimits.Default with { InitialStreamCredit = 3 } });
        var sent = 0;
        pair.Server.OnEvent = (session, e) =>
        {
            if (e.Kind is SessionEventKind.Request or SessionEventKind.CreditAvailable)
            {
                while (sent < 10 && session.SendItem(e.ExchangeId, (byte[])[(byte)sent]) == SendItemResult.Sent)
                {
                    sent++;
                }

                if (sent == 10)
                {
                    session.SendEnd(e.ExchangeId);
                }
            }
        };
        var id = pair.Client.Session.SendRequest(Code, "stream"u8, new SendOptions { Stream = true });
        pair.Run();
        Assert.Equal(3, pair.Client.Of(SessionEventKind.Item).Count());
        Assert.True(pair.Client.Session.GrantCredit(id, 7));
        Assert.False(pair.Client.Session.GrantCredit(id, 7));
        pair.Run();
        Assert.Equal(7, pair.Client.Of(SessionEventKind.Item).Count());
        pair.Client.Session.GrantCredit(id, 100);
        pair.Run();
        Assert.Equal(Enumerable.Range(0, 10).Select(i => (ulong)i), pair.Client.Of(SessionEventKind.Item).Select(e => e.ItemNumber));
        Assert.Single(pair.Client.Of(SessionEventKind.End));
        Assert.Equal(0, pair.Client.Session.OutstandingRequests);
    }

    [Fact]
    public void a_greater_first_credit_goes_out_behind_the_request()
    {
        using var pair = Established();
        pair.Client.Session.SendRequest(Code, "stream"u8, new SendOptions { Stream = true, InitialCredit = 1000 });
        pair.Run();
        var id = pair.Server.Single(SessionEventKind.Request).ExchangeId;
        var items = 0;
        while (pair.Server.Session.SendItem(id, "item"u8) == SendItemResult.Sent)
        {
            items++;
        }

        Assert.Equal(1000, items);
    }

    [Fact]
    public void an_error_answers_a_request()
    {
        using var pair = Established();
        pair.Server.OnEvent = (session, e) => session.SendError(e.ExchangeId, XtmpErrorCode.InsufficientFunds, "not enough", "amount", retryable: true, TimeSpan.FromSeconds(2));
        pair.Client.Session.SendRequest(Code, "x"u8, default);
        pair.Run();
        var error = pair.Client.Single(SessionEventKind.Error).Error!;
        Assert.Equal(new RemoteError(XtmpErrorCode.InsufficientFunds, "not enough", "amount", true, TimeSpan.FromSeconds(2)), error);
    }

    [Fact]
    public void an_error_carries_the_detail_that_a_schema_declares()
    {
        using var pair = Established();
        var detail = Enumerable.Range(0, ErrorMessage.MaxDetailBytes).Select(i => (byte)i).ToArray();
        pair.Server.OnEvent = (session, e) => session.SendError(e.ExchangeId, (XtmpErrorCode)1000, "not enough", detail: detail);
        pair.Client.Session.SendRequest(Code, "x"u8, default);
        pair.Run();
        var error = pair.Client.Single(SessionEventKind.Error).Error!;
        Assert.Equal((XtmpErrorCode)1000, error.Code);
        Assert.Equal(detail, error.Detail.ToArray());
        Assert.Equal(detail, error.ToException().EncodedDetail.ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => pair.Server.Session.SendError(1, (XtmpErrorCode)1000, "x", detail: new byte[ErrorMessage.MaxDetailBytes + 1]));
    }

    [Theory]
    [InlineData("9501A178C0C2C0", true)]
    [InlineData("9601A178C0C2C0C40107", true)]
    [InlineData("9601A178C0C2C0C400", false)]
    [InlineData("9601A178C0C2C0C0", false)]
    [InlineData("9701A178C0C2C0C40107C0", false)]
    [InlineData("9401A178C0C2", false)]
    public void an_error_has_five_fields_or_a_detail_behind_them(string hex, bool valid) => Assert.Equal(valid, ErrorMessage.Read(Convert.FromHexString(hex)) is not null);

    [Fact]
    public void an_unknown_message_type_is_answered_and_the_session_lives()
    {
        using var pair = Established();
        var raw = new RawPeer(pair);
        raw.Send(0xF3, FrameKind.Request, 1, "x"u8);
        pair.Run();
        Assert.Equal(XtmpErrorCode.UnknownMessageType, raw.LastError);
        Assert.Equal(SessionState.Established, pair.Server.Session.State);
    }

    [Fact]
    public void a_cancelled_request_is_answered_once_and_reported_no_more()
    {
        using var pair = Established();
        var id = pair.Client.Session.SendRequest(Code, "slow"u8, default);
        pair.Run();
        Assert.True(pair.Client.Session.SendCancel(id));
        Assert.False(pair.Client.Session.SendCancel(id));
        pair.Run();
        Assert.Single(pair.Server.Of(SessionEventKind.Cancel));
        Assert.Equal(1, pair.Client.Session.OutstandingRequests);
        Assert.True(pair.Server.Session.SendError(id, XtmpErrorCode.Cancelled, "cancelled"));
        pair.Run();
        Assert.Equal(0, pair.Client.Session.OutstandingRequests);
        Assert.Empty(pair.Client.Of(SessionEventKind.Error));
        Assert.Equal(SessionState.Established, pair.Client.Session.State);
    }

    [Fact]
    public void a_cancel_may_cross_the_answer()
    {
        using var pair = Established();
        Echo(pair.Server);
        var id = pair.Client.Session.SendRequest(Code, "x"u8, default);
        pair.Client.Session.SendCancel(id);
        pair.Run();
        Assert.Equal(SessionState.Established, pair.Server.Session.State);
        Assert.Equal(0, pair.Client.Session.OutstandingRequests);
        Assert.Empty(pair.Client.Of(SessionEventKind.Response));
    }

    [Fact]
    public void a_server_may_cancel_a_stream()
    {
        using var pair = Established();
        pair.Server.OnEvent = (session, e) => session.SendCancel(e.ExchangeId);
        pair.Client.Session.SendRequest(Code, "x"u8, new SendOptions { Stream = true });
        pair.Run();
        Assert.Single(pair.Client.Of(SessionEventKind.Cancel));
        Assert.Equal(0, pair.Client.Session.OutstandingRequests);
    }

    [Fact]
    public void one_way_messages_are_acked_on_demand()
    {
        using var pair = Established();
        var id = pair.Client.Session.SendOneWay(Code, "x"u8, new SendOptions { RequiresAck = true });
        Assert.Equal(0ul, pair.Client.Session.SendOneWay(Code, "y"u8, default));
        pair.Run();
        Assert.Equal(2, pair.Server.Of(SessionEventKind.OneWay).Count());
        Assert.Equal(id, pair.Client.Single(SessionEventKind.Ack).ExchangeId);
    }

    [Fact]
    public void urgent_messages_go_first_and_none_starves()
    {
        using var pair = Established();
        for (var i = 0; i < 40; i++)
        {
            // Too large to be joined in a batch with another.
            pair.Client.Session.SendOneWay(Code, new byte[40_000], new SendOptions { Priority = MessagePriority.Emergency });
            if (i < 2)
            {
                pair.Client.Session.SendOneWay(Code + 1, new byte[40_000], default);
            }
        }

        pair.Run();
        var order = pair.Server.Of(SessionEventKind.OneWay).Select(e => e.Code).ToList();
        Assert.Equal(42, order.Count);
        Assert.Equal(Code, order[0]);
        Assert.InRange(order.IndexOf(Code + 1), 1, 12);
    }

    [Fact]
    public void emergencies_and_heartbeats_overtake_a_message_of_16_MiB()
    {
        var interval = TimeSpan.FromSeconds(5);
        using var pair = Established(client: PairOptions.Client with { Limits = SessionLimits.Default with { HeartbeatInterval = interval } });
        pair.Client.Session.SendOneWay(Code, new byte[16 * 1024 * 1024], new SendOptions { RequiresAck = true });
        var emergencies = 0;
        var before = pair.Client.Session.RoundTrip;
        for (var slices = 0; !pair.Server.Of(SessionEventKind.OneWay).Any(e => e.Code == Code); slices++)
        {
            Assert.InRange(slices, 0, 600);
            if (slices % 20 == 0)
            {
                pair.Client.Session.SendOneWay(Code + 1, new byte[] { (byte)emergencies++ }, new SendOptions { Priority = MessagePriority.Emergency });
                pair.Clock.Advance(interval / 3);
                pair.Client.Session.HandleTimeout(pair.Clock.Now);
            }

            // A narrow link: a frame or two at a time, and what the other end has to say.
            var output = new ArrayBufferWriter<byte>();
            pair.Client.Session.PollTransmit(output, pair.Clock.Now, maxBytes: 32 * 1024);
            pair.Deliver(pair.Server, output.WrittenSpan);
            Assert.Equal(emergencies, pair.Server.Of(SessionEventKind.OneWay).Count(e => e.Code == Code + 1));

            // An answer that takes its time shows in the round trip.
            pair.Clock.Advance(TimeSpan.FromMilliseconds(1));
            pair.Deliver(pair.Client, pair.Server.Transmit(pair.Clock.Now));
        }

        Assert.InRange(emergencies, 5, 100);
        Assert.NotEqual(before, pair.Client.Session.RoundTrip);
        pair.Run();
        Assert.Single(pair.Client.Of(SessionEventKind.Ack));
        Assert.Null(pair.Client.Session.Close);
    }

    [Fact]
    public void too_many_requests_are_answered_with_overloaded()
    {
        using var pair = Established(server: PairOptions.Server with { Limits = SessionLimits.Default with { MaxConcurrentRequests = 3 } });
        var raw = new RawPeer(pair);
        for (ulong i = 0; i < 5; i++)
        {
            raw.Send(Code, FrameKind.Request, (2 * i) + 1, "x"u8);
        }

        pair.Run();
        Assert.Equal(3, pair.Server.Of(SessionEventKind.Request).Count());
        Assert.Equal(XtmpErrorCode.Overloaded, raw.LastError);
    }

    [Fact]
    public void a_full_send_queue_can_be_tried_again_and_what_is_longer_than_the_queue_cannot()
    {
        using var pair = Established(client: PairOptions.Client with { Limits = SessionLimits.Default with { MaxSendQueueBytes = 1000 } });
        pair.Client.Session.SendOneWay(Code, new byte[600], default);
        var full = Assert.Throws<XtmpException>(() => pair.Client.Session.SendOneWay(Code, new byte[600], default));
        Assert.Equal((XtmpErrorCode.Overloaded, true), (full.Code, full.Retryable));
        var tooLong = Assert.Throws<XtmpException>(() => pair.Client.Session.SendOneWay(Code, new byte[1001], default));
        Assert.Equal((XtmpErrorCode.LimitExceeded, Fault.Local, false), (tooLong.Code, tooLong.Fault, tooLong.Retryable));
        pair.Run();
        pair.Client.Session.SendOneWay(Code, new byte[600], default);
        pair.Run();
        Assert.Equal(2, pair.Server.Of(SessionEventKind.OneWay).Count());
    }

    [Fact]
    public void a_graceful_close_sends_what_is_queued_first()
    {
        using var pair = Established();
        pair.Client.Session.SendOneWay(Code, new byte[500_000], default);
        pair.Client.Session.CloseGracefully(DisconnectReason.Moved, "bye\n");
        Assert.Equal(SessionState.Closing, pair.Client.Session.State);
        pair.Run();
        Assert.Single(pair.Server.Of(SessionEventKind.OneWay));
        HandshakeTests.AssertClosed(pair.Client, SessionCloseReason.LocalClose);
        var close = HandshakeTests.AssertClosed(pair.Server, SessionCloseReason.RemoteClose);
        Assert.Contains("\"bye?\"", close.Text);
    }

    [Fact]
    public void the_end_of_the_stream_without_disconnect_is_an_abort()
    {
        using var pair = Established();
        pair.Server.Session.HandleEndOfStream(pair.Clock.Now);
        pair.Server.Drain();
        HandshakeTests.AssertClosed(pair.Server, SessionCloseReason.EndOfStream);
        var thrown = Assert.Throws<XtmpException>(() => pair.Server.Session.SendRequest(Code, "x"u8, default));
        Assert.Equal(XtmpErrorCode.ConnectionLost, thrown.Code);
    }

    [Fact]
    public void an_idle_session_times_out_and_heartbeats_keep_it_until_then()
    {
        using var pair = Established();
        pair.Advance(TimeSpan.FromSeconds(3599));
        Assert.Equal(SessionState.Established, pair.Client.Session.State);
        Assert.NotNull(pair.Client.Session.RoundTrip);
        pair.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(SessionState.Closed, pair.Client.Session.State);
        Assert.Equal(SessionState.Closed, pair.Server.Session.State);
    }

    [Fact]
    public void a_close_that_the_link_never_takes_ends_by_itself_and_no_timer_spins()
    {
        using var pair = Established();
        pair.Client.Session.SendOneWay(Code, "x"u8, default);
        pair.Client.Session.CloseGracefully();
        var timers = 0;
        while (pair.Client.Session.PollTimeout() is { } due)
        {
            pair.Clock.AdvanceTo(due);
            pair.Client.Session.HandleTimeout(pair.Clock.Now);
            Assert.True(++timers < 10, "a timer stays due");
        }

        pair.Client.Drain();
        HandshakeTests.AssertClosed(pair.Client, SessionCloseReason.LocalClose);
    }

    [Fact]
    public void timers_of_a_session_nobody_transmits_for_come_to_an_end()
    {
        using var pair = Established();
        var timers = 0;
        while (pair.Client.Session.PollTimeout() is { } due)
        {
            pair.Clock.AdvanceTo(due);
            pair.Client.Session.HandleTimeout(pair.Clock.Now);
            Assert.True(++timers < 200, "a timer stays due");
        }
    }

    [Fact]
    public void a_silent_peer_is_given_up()
    {
        using var pair = Established();
        pair.ToServer = _ => [];
        pair.ToClient = _ => [];
        pair.Advance(TimeSpan.FromSeconds(91));
        Assert.Equal(XtmpErrorCode.ConnectionLost, HandshakeTests.AssertClosed(pair.Client, SessionCloseReason.PeerSilent).Code);
    }

    internal static SessionPair Established(ClientSessionOptions? client = null, ServerSessionOptions? server = null, ulong seed = 1)
    {
        var pair = new SessionPair(client, server, seed);
        pair.Run();
        Assert.Equal(SessionState.Established, pair.Client.Session.State);
        Assert.Equal(SessionState.Established, pair.Server.Session.State);
        return pair;
    }

    internal static void Echo(SessionEnd end, bool compressible = false) => end.OnEvent = (session, e) =>
    {
        if (e.Kind == SessionEventKind.Request)
        {
            session.SendResponse(e.ExchangeId, e.Payload.Span, compressible);
        }
    };
}
