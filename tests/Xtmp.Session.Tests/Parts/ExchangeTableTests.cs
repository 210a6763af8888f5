using Xtmp.Protocol;

namespace Xtmp.Session.Tests.Parts;

public sealed class ExchangeTableTests
{
    private const byte Code = 0x22;
    private static readonly SessionLimits s_limits = SessionLimits.Default with { MaxConcurrentRequests = 3, InitialStreamCredit = 2 };
    private readonly ExchangeTable _client = new(PeerRole.Client, s_limits);
    private readonly ExchangeTable _server = new(PeerRole.Server, s_limits);

    [Fact]
    public void a_request_is_reported_once_and_answered_once()
    {
        var id = Open();
        Assert.Equal(SessionEventKind.Request, Receive(_server, FrameKind.Request, id).Event);
        Assert.True(_server.TryFinishInbound(id, out var inbound));
        Assert.Equal(Code, inbound.Code);
        Assert.False(_server.TryFinishInbound(id, out _));
        var answer = Receive(_client, FrameKind.Response, id);
        Assert.Equal((SessionEventKind.Response, true), (answer.Event, answer.EndsExchange));
        Assert.Equal(1, _client.Outstanding);
        Assert.True(_client.TryTakeAnswer(id));
        Assert.Equal(0, _client.Outstanding);
    }

    [Fact]
    public void rejects_a_wrong_parity_a_second_use_and_an_answer_to_nothing()
    {
        var id = Open();
        Receive(_server, FrameKind.Request, id);
        Rejects(_server, FrameKind.Request, id);
        Rejects(_server, FrameKind.Request, 2);
        Rejects(_server, FrameKind.Request, 0);
        Rejects(_client, FrameKind.Response, 3);
        Rejects(_client, FrameKind.Ack, id);
        Rejects(_client, FrameKind.StreamItem, id);
        Rejects(_client, FrameKind.Response, id, code: Code + 1);
        Receive(_client, FrameKind.Response, id);
        Rejects(_client, FrameKind.Response, id);
    }

    [Fact]
    public void an_id_older_than_the_window_counts_as_used()
    {
        Receive(_server, FrameKind.Request, 1 + (2 * IdWindow.Size));
        Rejects(_server, FrameKind.Request, 1);
        Assert.Equal(SessionEventKind.Request, Receive(_server, FrameKind.Request, 3).Event);
    }

    [Fact]
    public void refuses_requests_over_the_limit_and_unknown_types_and_lives_on()
    {
        Assert.Equal(XtmpErrorCode.UnknownMessageType, Receive(_server, FrameKind.Request, 1, code: FrameCode.Unknown).Refusal);
        for (ulong id = 3; id < 9; id += 2)
        {
            Assert.Equal(SessionEventKind.Request, Receive(_server, FrameKind.Request, id).Event);
        }

        var refused = Receive(_server, FrameKind.Request, 9);
        Assert.Equal((XtmpErrorCode.Overloaded, SessionEventKind.None), (refused.Refusal, refused.Event));
        Assert.True(_server.TryFinishInbound(3, out _));
        Assert.Equal(SessionEventKind.Request, Receive(_server, FrameKind.Request, 11).Event);
    }

    [Fact]
    public void this_end_keeps_to_what_the_peer_announced()
    {
        _client.SetPeerLimits(new AnnouncedLimits(1024, 1, 0));
        _client.RequireRoomForRequest();
        Open();
        Assert.Equal(XtmpErrorCode.Overloaded, Assert.Throws<XtmpException>(_client.RequireRoomForRequest).Code);
    }

    [Fact]
    public void items_count_up_within_their_credit_which_only_grows()
    {
        var id = Open(isStream: true);
        Assert.Equal(SessionEventKind.Item, Receive(_client, FrameKind.StreamItem, id, flags: FrameFlags.StreamData).Event);
        Assert.Null(_client.TakeItem(id, 0, out var wanted));
        Assert.True(wanted);
        Assert.NotNull(_client.TakeItem(id, 0, out _));
        Assert.Null(_client.TakeItem(id, 1, out _));
        Assert.Equal(SessionCloseReason.UnexpectedMessage, _client.TakeItem(id, 2, out _)!.Reason);
        Assert.True(_client.TryGrant(id, 3, out _));
        Assert.False(_client.TryGrant(id, 3, out _));
        Assert.Null(_client.TakeItem(id, 2, out _));
    }

    [Fact]
    public void with_datagrams_items_come_in_any_order_each_once_and_still_within_their_credit()
    {
        _client.HasDatagrams = true;
        var id = Open(isStream: true);
        _client.TryGrant(id, 10, out _);
        foreach (var number in (ulong[])[4, 0, 9])
        {
            Assert.Null(_client.TakeItem(id, number, out var wanted));
            Assert.True(wanted);
            Assert.NotNull(_client.TakeItem(id, number, out _));
        }

        Assert.NotNull(_client.TakeItem(id, 10, out _));
    }

    [Fact]
    public void credit_goes_up_for_what_is_open_and_says_nothing_of_what_is_over()
    {
        _server.SetPeerLimits(new AnnouncedLimits(1024, 10, 5));
        Receive(_server, FrameKind.Request, 1);
        Assert.Equal(5ul, _server.FindInbound(1).Credit);
        Assert.Null(_server.ReceiveCredit(1, 8, out var exchange));
        Assert.Equal(Code, exchange.Code);
        Assert.NotNull(_server.ReceiveCredit(1, 7, out _));
        _server.TryFinishInbound(1, out _);
        Assert.Null(_server.ReceiveCredit(1, 9, out exchange));
        Assert.Equal(0, exchange.Code);
        Assert.NotNull(_server.ReceiveCredit(3, 9, out _));
    }

    [Fact]
    public void a_cancelled_request_still_gets_its_one_answer_and_swallows_it()
    {
        var id = Open();
        Receive(_server, FrameKind.Request, id);
        Assert.True(_client.TryCancelOutbound(id, out _, out var isOpen));
        Assert.True(isOpen);
        Assert.False(_client.TryCancelOutbound(id, out _, out _));
        Assert.Equal(SessionEventKind.Cancel, Receive(_server, FrameKind.Cancel, id).Event);
        Assert.Equal(SessionEventKind.None, Receive(_server, FrameKind.Cancel, id).Event);
        Assert.True(_server.TryFinishInbound(id, out var inbound));
        Assert.True(inbound.Cancelled);
        Receive(_client, FrameKind.Response, id);
        Assert.Equal(1, _client.Outstanding);
        Assert.False(_client.TryTakeAnswer(id));
        Assert.Equal(0, _client.Outstanding);
    }

    [Fact]
    public void a_repeated_message_is_acked_again_and_reported_once()
    {
        var first = Receive(_server, FrameKind.OneWay, 1, flags: FrameFlags.RequiresAck);
        Assert.Equal((SessionEventKind.OneWay, true), (first.Event, first.SendsAck));
        var again = Receive(_server, FrameKind.OneWay, 1, flags: FrameFlags.RequiresAck);
        Assert.Equal((SessionEventKind.None, true), (again.Event, again.SendsAck));
        var id = _client.TakeId();
        _client.AddAwaitingAck(id, Code);
        Rejects(_client, FrameKind.Ack, id, code: Code + 1);
        Assert.Equal(SessionEventKind.Ack, Receive(_client, FrameKind.Ack, id).Event);
        Rejects(_client, FrameKind.Ack, id);
        _client.HasDatagrams = true;
        Assert.Equal(SessionEventKind.None, Receive(_client, FrameKind.Ack, id).Event);
    }

    [Fact]
    public void a_closed_table_takes_no_request_and_keeps_the_answers_that_came()
    {
        var id = Open();
        Receive(_client, FrameKind.Response, id);
        _client.Close();
        Assert.True(_client.TryTakeAnswer(id));
        Receive(_server, FrameKind.Request, 1);
        _server.Close();
        Assert.False(_server.TryFinishInbound(1, out _));
        Assert.Equal(SessionEventKind.None, Receive(_server, FrameKind.Request, 3).Event);
    }

    private ulong Open(bool isStream = false)
    {
        var id = _client.TakeId();
        _client.AddRequest(id, Code, MessagePriority.Normal, isStream);
        return id;
    }

    private static Reception Receive(ExchangeTable table, FrameKind kind, ulong id, byte code = Code, FrameFlags flags = FrameFlags.None)
    {
        var message = new BatchEntry { MessageType = code, Kind = kind, ExchangeId = id, Flags = flags };
        Assert.Null(table.Receive(in message, default, out var reception));
        return reception;
    }

    private static void Rejects(ExchangeTable table, FrameKind kind, ulong id, byte code = Code)
    {
        var message = new BatchEntry { MessageType = code, Kind = kind, ExchangeId = id };
        Assert.Equal(SessionCloseReason.UnexpectedMessage, table.Receive(in message, default, out _)!.Reason);
    }
}
