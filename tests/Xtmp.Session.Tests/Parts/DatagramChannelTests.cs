using Xtmp.Crypto;
using Xtmp.Protocol;
using Xtmp.TestKit;

namespace Xtmp.Session.Tests.Parts;

/// <summary>Two channels with keys from nowhere, joined by hand: no handshake, no stream, no session.</summary>
public sealed class DatagramChannelTests : IDisposable
{
    private static readonly PathAddress s_client = new(1, 1000);
    private static readonly PathAddress s_server = new(2, 2000);
    private readonly ReceiveArena _arena = new();
    private readonly DatagramChannel _client = New(PeerRole.Client, send: 1, receive: 2);
    private readonly DatagramChannel _server = New(PeerRole.Server, send: 2, receive: 1);
    private TimeSpan _now = TimeSpan.FromHours(1);

    [Fact]
    public void the_path_is_there_after_each_end_has_answered_the_other()
    {
        Assert.False(_client.Takes(1));
        Connect();
        Assert.True(_client.Takes(1));
        Assert.Equal((s_server, s_client), (_client.Peer, _server.Peer));
        Assert.False(_client.Takes(XtmpSession.MaxDatagramBytes));
    }

    [Fact]
    public void a_path_that_nobody_answers_is_lost_after_three_seconds_and_its_messages_go_on_the_stream()
    {
        _client.Open(s_server, _now);
        Queue(_client, 1, "waits"u8);
        _now += TimeSpan.FromSeconds(2.9);
        _client.HandleTimeout(_now);
        Assert.False(_client.IsLost);
        _now += TimeSpan.FromSeconds(0.2);
        _client.HandleTimeout(_now);
        Assert.True(_client.IsLost);
        Assert.True(_client.TryTakeForStream(out var entry, out var body));
        Assert.Equal((1ul, "waits"u8.ToArray().Length), (entry.ExchangeId, body.Length));
        Assert.False(_client.TryTakeForStream(out _, out _));
    }

    [Fact]
    public void a_message_without_an_ack_is_sent_four_times_and_then_goes_on_the_stream()
    {
        Connect();
        Queue(_client, 1, "again"u8);
        var sent = 0;
        for (var round = 0; round < 20; round++)
        {
            sent += Write(_client).Length > 0 ? 1 : 0;
            _now += TimeSpan.FromMilliseconds(250);
            _client.HandleTimeout(_now);
        }

        Assert.Equal(4, sent);
        Assert.True(_client.TryTakeForStream(out _, out var body));
        Assert.Equal("again"u8.ToArray(), body);
        Assert.False(_client.IsLost);
    }

    [Fact]
    public void an_acknowledged_message_is_not_sent_again_even_where_a_repetition_waits()
    {
        Connect();
        Queue(_client, 1, "once"u8);
        Assert.NotEmpty(Write(_client));
        _now += TimeSpan.FromMilliseconds(250);
        _client.HandleTimeout(_now);
        _client.Acknowledged(1);
        Write(_client);
        for (var round = 0; round < 20; round++)
        {
            _now += TimeSpan.FromMilliseconds(250);
            _client.HandleTimeout(_now);
            Assert.Empty(Write(_client));
        }

        Assert.False(_client.TryTakeForStream(out _, out _));
    }

    [Fact]
    public void a_replay_is_dropped_and_a_forgery_counted_until_the_channel_is_lost()
    {
        Connect();
        Queue(_client, 1, "x"u8);
        var datagram = Write(_client);
        Assert.Equal(DatagramStatus.Opened, Read(_server, datagram, s_client));
        Assert.Equal(DatagramStatus.Dropped, Read(_server, datagram, s_client));
        Queue(_client, 3, "y"u8);
        datagram = Write(_client);
        datagram[^1] ^= 1;
        for (var i = 1; i <= 5; i++)
        {
            Assert.False(_server.IsLost);
            Assert.Equal(DatagramStatus.Forged, Read(_server, datagram, s_client));
        }

        Assert.True(_server.IsLost);
    }

    [Fact]
    public void an_address_that_has_not_answered_gets_at_most_three_times_what_came_from_it()
    {
        Connect();
        Queue(_client, 1, "small"u8);
        var elsewhere = new PathAddress(9, 9);
        var small = Write(_client);
        Assert.Equal(DatagramStatus.Opened, Read(_server, small, elsewhere));
        Assert.True(3 * small.Length < XtmpSession.MaxDatagramBytes);
        Assert.Empty(Write(_server));
        Assert.Equal(s_client, _server.Peer);
    }

    [Fact]
    public void a_server_sends_under_new_keys_only_after_the_client_has()
    {
        Connect();
        _client.Renew(Keys(3, 2), Keys(4, 2));
        _server.Renew(Keys(4, 2), Keys(3, 2));
        Queue(_server, 2, "old"u8);
        Assert.Equal(1u, Epoch(Write(_server)));
        Queue(_client, 1, "new"u8);
        Assert.Equal(DatagramStatus.Opened, Read(_server, Write(_client), s_client));
        Queue(_server, 4, "new"u8);
        Assert.Equal(2u, Epoch(Write(_server)));
    }

    [Fact]
    public void reports_are_a_round_trip_apart_and_only_after_something_came()
    {
        Span<byte> report = stackalloc byte[PathMessages.MaxReportLength];
        Assert.Equal(0, _server.WriteReport(report, _now, null));
        Connect();
        var length = _server.WriteReport(report, _now, TimeSpan.FromSeconds(1));
        Assert.True(_client.TryHandleReport(report[..length], _now));
        Assert.False(_client.TryHandleReport(report[..(length - 1)], _now));
        Queue(_client, 1, "x"u8);
        Read(_server, Write(_client), s_client);
        Assert.Equal(0, _server.WriteReport(report, _now + TimeSpan.FromSeconds(0.9), null));
        Assert.NotEqual(0, _server.WriteReport(report, _now + TimeSpan.FromSeconds(1), null));
    }

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
        _arena.Dispose();
    }

    private static DatagramChannel New(PeerRole role, byte send, byte receive) => new(
        role, SessionLimits.Default with { MaxFailedDatagrams = 5 }, new SeededEntropy(send), 7, Keys(send, 1), Keys(receive, 1), TimeSpan.FromHours(1));

    private static TrafficKeys Keys(byte secret, uint epoch)
    {
        var bytes = new byte[KeyDerivation.SecretSize];
        bytes.AsSpan().Fill(secret);
        return new TrafficKeys(bytes, EncryptionType.Aes256Gcm, epoch);
    }

    private static uint Epoch(byte[] datagram)
    {
        Assert.Equal(FrameStatus.Ok, FrameHeader.TryRead(datagram, FrameLayout.MaxPayload, out var header));
        return header.Epoch;
    }

    private static void Queue(DatagramChannel channel, ulong id, ReadOnlySpan<byte> payload)
    {
        var entry = new BatchEntry { MessageType = 0x20, Flags = FrameFlags.RequiresAck, ExchangeId = id, Length = payload.Length };
        payload.CopyTo(channel.Queue.Reserve(payload.Length)[BatchEntry.Size..]);
        channel.Queue.Commit(in entry, payload.Length);
        channel.Track(id);
    }

    private void Connect()
    {
        _client.Open(s_server, _now);
        for (var round = 0; round < 4; round++)
        {
            Move(_client, _server, s_client);
            Move(_server, _client, s_server);
        }

        Assert.True(_client.IsReady && _server.IsReady);
    }

    private void Move(DatagramChannel from, DatagramChannel to, PathAddress address)
    {
        for (var datagram = Write(from); datagram.Length > 0; datagram = Write(from))
        {
            Assert.Equal(DatagramStatus.Opened, Read(to, datagram, address));
        }
    }

    private byte[] Write(DatagramChannel channel)
    {
        var buffer = new byte[XtmpSession.MaxDatagramBytes];
        return buffer[..channel.Write(buffer, _now, TimeSpan.FromMilliseconds(20), out _, out _)];
    }

    private DatagramStatus Read(DatagramChannel channel, ReadOnlySpan<byte> datagram, PathAddress from)
    {
        var status = channel.TryOpen(ref datagram, from, datagram.Length, _arena, _now, null, out var header, out var plaintext);
        if (status == DatagramStatus.Opened && header.MessageType == FrameCode.Path)
        {
            Assert.True(channel.TryHandleControl(in header, plaintext, from, out _));
        }

        return status;
    }
}
