using System.Buffers.Binary;
using Xtmp.Protocol;
using Xtmp.TestKit;

namespace Xtmp.Session.Tests;

public sealed class DatagramTests
{
    private const byte Code = 0x41;
    private static readonly SendOptions s_fast = new() { Transport = TransportClass.Fast };
    private static readonly SendOptions s_fastWithAck = new() { Transport = TransportClass.Fast, RequiresAck = true };

    [Theory]
    [InlineData(EncryptionType.Aes256Gcm)]
    [InlineData(EncryptionType.ChaCha20Poly1305)]
    [InlineData(EncryptionType.PostQuantum)]
    public void messages_that_prefer_it_go_by_datagram(EncryptionType type)
    {
        using var pair = Ready(1, NetworkConditions.Perfect, PairOptions.Client with { EncryptionTypes = [type] });
        for (var i = 0; i < 100; i++)
        {
            Assert.Equal(0ul, pair.Client.Session.SendOneWay(Code, Numbered(i, 100), s_fast));
            pair.Server.Session.SendOneWay(Code, Numbered(i, 100), s_fast);
        }

        pair.Client.Session.SendOneWay(Code, new byte[5000], s_fast);
        pair.Advance(TimeSpan.FromMilliseconds(200));
        var received = pair.Server.Of(SessionEventKind.OneWay).ToArray();
        Assert.Equal(101, received.Length);
        Assert.Equal(100, pair.Client.Of(SessionEventKind.OneWay).Count());

        // Small ones share datagrams; the large one took the stream.
        Assert.InRange(pair.Client.Session.Statistics.DatagramsSent, 10, 30);
        Assert.Equal(0, pair.Server.Session.Statistics.DatagramsDropped);
    }

    [Fact]
    public void without_an_answer_in_three_seconds_everything_stays_on_the_stream()
    {
        using var pair = new DatagramPair(1, new() { Blocked = true });
        pair.Advance(TimeSpan.FromSeconds(2.9));
        Assert.Empty(pair.Client.Of(SessionEventKind.DatagramsLost));
        pair.Advance(TimeSpan.FromSeconds(0.2));
        Assert.Single(pair.Client.Of(SessionEventKind.DatagramsLost));
        pair.Client.Session.SendOneWay(Code, "x"u8, s_fast);
        pair.Advance(TimeSpan.FromMilliseconds(10));
        Assert.Single(pair.Server.Of(SessionEventKind.OneWay));
    }

    [Fact]
    public void a_path_that_dies_later_is_given_up_and_acked_messages_still_arrive()
    {
        using var pair = Ready(1, NetworkConditions.Perfect);
        pair.Network.Conditions = new() { Blocked = true };
        var id = pair.Client.Session.SendOneWay(Code, "important"u8, s_fastWithAck);
        for (var i = 0; i < 200; i++)
        {
            pair.Client.Session.SendOneWay(Code, new byte[900], s_fast);
            pair.Advance(TimeSpan.FromMilliseconds(40));
        }

        Assert.Single(pair.Client.Of(SessionEventKind.DatagramsLost));
        Assert.Equal(id, pair.Client.Single(SessionEventKind.Ack).ExchangeId);
        Assert.Equal(1, pair.Server.Of(SessionEventKind.OneWay).Count(e => e.ExchangeId == id));
    }

    [Fact]
    public void acked_messages_arrive_exactly_once_on_a_bad_network()
    {
        for (ulong seed = 0; seed < (ulong)Math.Min(ExhaustiveRuns.Seeds / 10, 1000); seed++)
        {
            using var pair = Ready(seed, NetworkConditions.Perfect);
            pair.Network.Conditions = new()
            {
                Loss = 0.2,
                Duplication = 0.2,
                Corruption = 0.1,
                MinDelay = TimeSpan.FromMilliseconds(1),
                MaxDelay = TimeSpan.FromMilliseconds(60),
            };
            for (var i = 0; i < 40; i++)
            {
                pair.Client.Session.SendOneWay(Code, Numbered(i, 200), s_fastWithAck);
                pair.Advance(TimeSpan.FromMilliseconds(5));
            }

            pair.Advance(TimeSpan.FromSeconds(3));
            var numbers = pair.Server.Of(SessionEventKind.OneWay).Select(e => BinaryPrimitives.ReadInt32LittleEndian(e.Payload)).Order();
            Assert.True(Enumerable.Range(0, 40).SequenceEqual(numbers), $"seed {seed}: {string.Join(' ', numbers)}");
            Assert.True(pair.Client.Of(SessionEventKind.Ack).Count() == 40, $"seed {seed}");
        }
    }

    [Fact]
    public void too_many_forged_datagrams_end_the_udp_half_and_nothing_else()
    {
        using var pair = new DatagramPair(4, NetworkConditions.Perfect, server: PairOptions.Server with { Limits = SessionLimits.Default with { MaxFailedDatagrams = 10 } });
        byte[]? genuine = null;
        pair.OnDatagram = (_, to, bytes) => genuine = to == DatagramPair.ServerAddress ? bytes.ToArray() : genuine;
        pair.Advance(TimeSpan.FromMilliseconds(100));
        pair.Client.Session.SendOneWay(Code, "x"u8, s_fast);
        pair.Advance(TimeSpan.FromMilliseconds(20));
        Assert.True(pair.Server.Session.AreDatagramsReady);

        // A number that was not used yet, under the right key id: only the tag tells.
        BinaryPrimitives.WriteUInt64LittleEndian(genuine.AsSpan(16), 1000);
        BinaryPrimitives.WriteUInt64LittleEndian(genuine.AsSpan(49), 1000);
        for (var i = 1; i <= 10; i++)
        {
            pair.Server.Session.HandleDatagram(genuine, pair.ClientAddress, pair.Pair.Clock.Now);
            Assert.Equal(i, pair.Server.Session.Statistics.DatagramsForged);
            Assert.Equal(i < 10, pair.Server.Session.AreDatagramsReady);
        }

        pair.Client.Session.SendRequest(Code, "still here"u8, default);
        pair.Advance(TimeSpan.FromMilliseconds(10));
        Assert.Single(pair.Server.Of(SessionEventKind.DatagramsLost));
        Assert.Single(pair.Server.Of(SessionEventKind.Request));
    }

    [Theory]
    [InlineData(1ul, false)]
    [InlineData(0ul, true)]
    [InlineData(64ul, true)]
    public void item_numbers_and_credit_hold_where_datagrams_were_agreed(ulong number, bool isFatal)
    {
        using var pair = Ready(5, NetworkConditions.Perfect);
        var id = pair.Server.Session.SendRequest(Code, "stream"u8, new SendOptions { Stream = true });
        pair.Advance(TimeSpan.FromMilliseconds(10));
        var raw = new RawPeer(pair.Pair);
        Span<byte> item = stackalloc byte[9];
        BinaryPrimitives.WriteUInt64LittleEndian(item, 0);
        raw.Send(Code, FrameKind.StreamItem, id, item);
        BinaryPrimitives.WriteUInt64LittleEndian(item, number);
        raw.Send(Code, FrameKind.StreamItem, id, item);
        Assert.Equal(isFatal ? SessionState.Closed : SessionState.Established, pair.Server.Session.State);
        Assert.Equal(isFatal ? 1 : 2, pair.Server.Of(SessionEventKind.Item).Count());
    }

    [Fact]
    public void an_ack_for_what_was_never_sent_is_fatal_where_datagrams_were_agreed()
    {
        using var pair = Ready(6, NetworkConditions.Perfect);
        new RawPeer(pair.Pair).Send(Code, FrameKind.Ack, 1000, default);
        HandshakeTests.AssertClosed(pair.Server, SessionCloseReason.UnexpectedMessage);
    }

    [Fact]
    public void replays_and_forgeries_are_dropped_and_touch_nothing()
    {
        using var pair = Ready(3, NetworkConditions.Perfect);
        var seen = new List<byte[]>();
        pair.OnDatagram = (from, to, bytes) =>
        {
            if (to == DatagramPair.ServerAddress)
            {
                seen.Add(bytes);
            }
        };
        for (var i = 0; i < 20; i++)
        {
            pair.Client.Session.SendOneWay(Code, Numbered(i, 900), s_fast);
        }

        pair.Advance(TimeSpan.FromMilliseconds(300));
        var count = pair.Server.Of(SessionEventKind.OneWay).Count();
        Assert.Equal(20, count);
        var dropped = pair.Server.Session.Statistics.DatagramsDropped;
        var random = new Random(4);
        foreach (var datagram in seen)
        {
            pair.Server.Session.HandleDatagram(datagram, pair.ClientAddress, pair.Pair.Clock.Now);
            var forged = datagram.ToArray();
            forged[random.Next(forged.Length)] ^= 1;
            pair.Server.Session.HandleDatagram(forged, new PathAddress(66, 6), pair.Pair.Clock.Now);
            pair.Server.Session.HandleDatagram(datagram.AsSpan(0, random.Next(datagram.Length)), pair.ClientAddress, pair.Pair.Clock.Now);
        }

        pair.Server.Drain();
        Assert.Equal(count, pair.Server.Of(SessionEventKind.OneWay).Count());
        Assert.Equal(dropped + (3 * seen.Count), pair.Server.Session.Statistics.DatagramsDropped);
        Assert.Equal(pair.ClientAddress, pair.Server.Session.DatagramPeer);
        Assert.Equal(SessionState.Established, pair.Server.Session.State);
    }

    [Fact]
    public void the_server_follows_its_client_only_after_the_new_address_has_answered()
    {
        using var pair = Ready(5, NetworkConditions.Perfect);
        var old = pair.ClientAddress;
        var fresh = new PathAddress(9, 9999);
        pair.ClientAddress = fresh;
        pair.Client.Session.SendOneWay(Code, new byte[500], s_fast);
        pair.Advance(TimeSpan.FromMilliseconds(2));
        Assert.Equal(old, pair.Server.Session.DatagramPeer);
        pair.Client.Session.SendOneWay(Code, new byte[500], s_fast);
        pair.Advance(TimeSpan.FromMilliseconds(50));
        Assert.Equal(fresh, pair.Server.Session.DatagramPeer);
    }

    [Fact]
    public void an_address_that_does_not_answer_gets_no_more_than_three_times_what_it_sent()
    {
        using var pair = Ready(6, NetworkConditions.Perfect);
        var victim = new PathAddress(77, 7);
        byte[]? captured = null;
        pair.OnDatagram = (from, to, bytes) => captured = to == DatagramPair.ServerAddress ? bytes : captured;
        pair.Network.Conditions = new() { Blocked = true };
        pair.Client.Session.SendOneWay(Code, new byte[900], s_fast);
        pair.Advance(TimeSpan.FromMilliseconds(20));

        // An attacker on the way sends the client's own, unseen datagram from the victim's address.
        pair.Server.Session.HandleDatagram(captured, victim, pair.Pair.Clock.Now);
        pair.Advance(TimeSpan.FromSeconds(10));
        Assert.InRange(pair.ServerSent.GetValueOrDefault(victim), 1, 3 * captured!.Length);
        Assert.NotEqual(victim, pair.Server.Session.DatagramPeer);
    }

    [Fact]
    public void keys_change_under_way_and_old_ones_live_on_for_a_while()
    {
        var limits = SessionLimits.Default with { RekeyInterval = TimeSpan.FromSeconds(1) };
        using var pair = Ready(7, new() { MinDelay = TimeSpan.FromMilliseconds(1), MaxDelay = TimeSpan.FromMilliseconds(80) }, PairOptions.Client with { Limits = limits });
        for (var i = 0; i < 500; i++)
        {
            pair.Client.Session.SendOneWay(Code, Numbered(i, 300), s_fast);
            pair.Server.Session.SendOneWay(Code, Numbered(i, 300), s_fast);
            pair.Advance(TimeSpan.FromMilliseconds(10));
        }

        pair.Advance(TimeSpan.FromSeconds(1));
        Assert.InRange(pair.Client.Session.Epoch, 5u, 8u);
        Assert.Equal(500, pair.Server.Of(SessionEventKind.OneWay).Count());
        Assert.Equal(500, pair.Client.Of(SessionEventKind.OneWay).Count());
    }

    [Fact]
    public void a_datagram_of_an_old_epoch_is_dropped_after_the_grace()
    {
        using var pair = Ready(8, NetworkConditions.Perfect);
        byte[]? captured = null;
        pair.OnDatagram = (from, to, bytes) => captured ??= to == DatagramPair.ServerAddress ? bytes : null;
        pair.Network.Conditions = new() { Blocked = true };
        pair.Client.Session.SendOneWay(Code, "old"u8, s_fast);
        pair.Advance(TimeSpan.FromMilliseconds(10));
        pair.Network.Conditions = NetworkConditions.Perfect;
        pair.Advance(TimeSpan.FromSeconds(2));
        pair.Client.Session.RequestRekey();
        pair.Advance(TimeSpan.FromSeconds(2));
        pair.Client.Session.SendOneWay(Code, "new"u8, s_fast);
        pair.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(2u, pair.Server.Session.Epoch);
        var before = pair.Server.Of(SessionEventKind.OneWay).Count();
        pair.Server.Session.HandleDatagram(captured, pair.ClientAddress, pair.Pair.Clock.Now);
        pair.Server.Drain();
        Assert.Equal(before, pair.Server.Of(SessionEventKind.OneWay).Count());
    }

    [Fact]
    public void loss_halves_the_rate_and_its_absence_adds()
    {
        var rate = new DatagramRate(TimeSpan.Zero);
        var start = rate.BytesPerSecond;
        rate.Reported(1, 0, 0, default);
        rate.Reported(1, 100, 99, default);
        Assert.True(rate.BytesPerSecond > start);
        var higher = rate.BytesPerSecond;
        rate.Reported(1, 200, 190, default);
        Assert.Equal(higher / 2, rate.BytesPerSecond);
        rate.Reported(1, 150, 140, default);
        Assert.Equal(higher / 2, rate.BytesPerSecond);
        for (var i = 0; i < 100; i++)
        {
            rate.Reported(1, (ulong)(300 + (i * 100)), 190, default);
        }

        Assert.InRange(rate.BytesPerSecond, 1000, 100_000);
    }

    [Fact]
    public void the_replay_window_holds_4096_and_slides()
    {
        var window = default(IdWindow);
        var reference = new HashSet<ulong>();
        var random = new Random(11);
        ulong highest = 0;
        for (var i = 0; i < 200_000; i++)
        {
            var number = random.Next(10) switch
            {
                0 => highest + (ulong)random.Next(1, 9000),
                < 5 => highest + (ulong)random.Next(0, 3),
                _ => highest - Math.Min(highest, (ulong)random.Next(0, 6000)),
            };
            var expected = reference.Contains(number) || (reference.Count > 0 && number + IdWindow.Size <= highest);
            Assert.True(expected == window.Contains(number), $"{number} at {highest}");
            if (!expected)
            {
                window.Mark(number);
                reference.Add(number);
                highest = Math.Max(highest, number);
            }
        }
    }

    private static DatagramPair Ready(ulong seed, NetworkConditions conditions, ClientSessionOptions? client = null)
    {
        var pair = new DatagramPair(seed, conditions, client);
        pair.Advance(TimeSpan.FromMilliseconds(400));
        Assert.True(pair.Client.Session.AreDatagramsReady, $"seed {seed}: client");
        Assert.True(pair.Server.Session.AreDatagramsReady, $"seed {seed}: server");
        return pair;
    }

    private static byte[] Numbered(int number, int length)
    {
        var payload = new byte[length];
        BinaryPrimitives.WriteInt32LittleEndian(payload, number);
        return payload;
    }
}
