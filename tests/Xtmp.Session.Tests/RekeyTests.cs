using Xtmp.Protocol;
using Xtmp.TestKit;

namespace Xtmp.Session.Tests;

public sealed class RekeyTests
{
    private const byte Code = 0x10;

    [Theory]
    [InlineData(EncryptionType.Aes256Gcm)]
    [InlineData(EncryptionType.ChaCha20Poly1305)]
    [InlineData(EncryptionType.PostQuantum)]
    public void keys_are_renewed_by_time(EncryptionType type)
    {
        var limits = SessionLimits.Default with { RekeyInterval = TimeSpan.FromSeconds(5) };
        using var pair = ExchangeTests.Established(PairOptions.Client with { Limits = limits, EncryptionTypes = [type] });
        ExchangeTests.Echo(pair.Server);
        var exported = Export(pair.Client);
        for (var i = 0; i < 10; i++)
        {
            pair.Advance(TimeSpan.FromSeconds(5));
            pair.Client.Session.SendRequest(Code, (byte[])[(byte)i], default);
            pair.Run();
        }

        Assert.Equal(10, pair.Client.Of(SessionEventKind.Response).Count());
        Assert.Equal(11u, pair.Client.Session.Epoch);
        Assert.Equal(11u, pair.Server.Session.Epoch);
        Assert.Equal(10, pair.Server.Of(SessionEventKind.RekeyCompleted).Count());
        Assert.Equal(exported, Export(pair.Client));
        Assert.Equal(exported, Export(pair.Server));
    }

    [Fact]
    public void a_server_asks_its_client()
    {
        using var pair = ExchangeTests.Established();
        pair.Advance(TimeSpan.FromSeconds(2));
        pair.Server.Session.RequestRekey();
        pair.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(2u, pair.Server.Session.Epoch);
        Assert.Equal(2u, pair.Client.Session.Epoch);
    }

    [Fact]
    public void both_may_want_it_at_once()
    {
        using var pair = ExchangeTests.Established();
        ExchangeTests.Echo(pair.Server);
        pair.Advance(TimeSpan.FromSeconds(2));
        pair.Server.Session.RequestRekey();
        pair.Client.Session.RequestRekey();
        pair.Client.Session.SendRequest(Code, new byte[1_000_000], default);
        pair.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(SessionState.Established, pair.Client.Session.State);
        Assert.InRange(pair.Client.Session.Epoch, 2u, 3u);
        Assert.Equal(pair.Client.Session.Epoch, pair.Server.Session.Epoch);
        Assert.Single(pair.Client.Of(SessionEventKind.Response));
    }

    [Fact]
    public void keys_are_renewed_by_use()
    {
        var limits = SessionLimits.Default with { RekeyAfterBlocks = 10_000, MaxBlocksPerKey = 1_000_000 };
        using var pair = ExchangeTests.Established(PairOptions.Client with { Limits = limits });
        ExchangeTests.Echo(pair.Server);
        for (var i = 0; i < 20; i++)
        {
            pair.Client.Session.SendRequest(Code, new byte[60_000], default);
            pair.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.InRange(pair.Client.Session.Epoch, 5u, 12u);
        Assert.Equal(20, pair.Client.Of(SessionEventKind.Response).Count());
    }

    [Fact]
    public void a_session_stops_at_the_hard_limit()
    {
        var limits = SessionLimits.Default with { RekeyAfterBlocks = 10_000, MaxBlocksPerKey = 20_000 };
        using var pair = ExchangeTests.Established(PairOptions.Client with { Limits = limits });
        for (var i = 0; i < 10; i++)
        {
            pair.Client.Session.SendOneWay(Code, new byte[60_000], default);
        }

        pair.Run();
        HandshakeTests.AssertClosed(pair.Client, SessionCloseReason.KeyExhausted);
        Assert.InRange(pair.Server.Of(SessionEventKind.OneWay).Count(), 4, 5);
    }

    [Fact]
    public void the_cut_is_exact_with_traffic_both_ways_and_small_flights()
    {
        var limits = SessionLimits.Default with { RekeyInterval = TimeSpan.FromSeconds(1) };
        using var pair = ExchangeTests.Established(PairOptions.Client with { Limits = limits });
        var random = new Random(5);
        ExchangeTests.Echo(pair.Server);
        var sent = 0;
        for (var round = 0; round < 400; round++)
        {
            // One bounded flight each way at a time, so that messages of both epochs are under way while keys change.
            pair.Clock.Advance(TimeSpan.FromMilliseconds(random.Next(0, 100)));
            pair.Client.Session.HandleTimeout(pair.Clock.Now);
            pair.Server.Session.HandleTimeout(pair.Clock.Now);
            for (var i = random.Next(0, 4); i > 0; i--)
            {
                pair.Client.Session.SendRequest(Code, new byte[random.Next(0, 100_000)], new SendOptions { Priority = (MessagePriority)random.Next(3) });
                sent++;
            }

            var up = Flight(pair.Client, pair, random.Next(1, 200_000));
            var down = Flight(pair.Server, pair, random.Next(1, 200_000));
            pair.Deliver(pair.Server, up);
            pair.Deliver(pair.Client, down);
        }

        pair.Run();
        Assert.Equal(SessionState.Established, pair.Client.Session.State);
        Assert.Equal(sent, pair.Client.Of(SessionEventKind.Response).Count());
        Assert.InRange(pair.Client.Session.Epoch, 10u, 30u);
    }

    [Fact]
    public void rejects_a_frame_of_the_old_epoch()
    {
        using var pair = ExchangeTests.Established();
        pair.Advance(TimeSpan.FromSeconds(2));
        var raw = pair.Client.Session.SendKeys();
        var header = new FrameHeader { MessageType = Code, SessionId = pair.Client.Session.SessionId };
        var old = new byte[FrameLayout.HeaderSize + 1];
        raw.Seal(ref header, "x"u8, old);
        raw.NextSequence--;
        pair.Client.Session.RequestRekey();
        pair.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(2u, pair.Server.Session.Epoch);
        pair.Deliver(pair.Server, old);
        HandshakeTests.AssertClosed(pair.Server, SessionCloseReason.KeyIdMismatch);
    }

    [Fact]
    public void rejects_rekeys_closer_than_a_second()
    {
        using var pair = ExchangeTests.Established();
        var raw = new RawPeer(pair);
        using var shares = new ClientShares(new SeededEntropy(3));
        var message = new byte[RekeyMessages.MaxLength];
        var length = RekeyMessages.Write(message, shares.EncapsulationKey, shares.Share);
        raw.Send(FrameCode.Rekey, FrameKind.OneWay, 0, message.AsSpan(0, length));
        HandshakeTests.AssertClosed(pair.Server, SessionCloseReason.RekeyViolation);
    }

    [Fact]
    public void a_rekey_without_an_answer_ends_the_session()
    {
        using var pair = ExchangeTests.Established();
        pair.Advance(TimeSpan.FromSeconds(2));
        pair.Client.Session.RequestRekey();
        pair.ToServer = _ => [];
        pair.Advance(TimeSpan.FromSeconds(31));
        HandshakeTests.AssertClosed(pair.Client, SessionCloseReason.RekeyViolation);
    }

    private static byte[] Flight(SessionEnd end, SessionPair pair, int maxBytes)
    {
        end.Drain();
        var writer = new System.Buffers.ArrayBufferWriter<byte>();
        end.Session.PollTransmit(writer, pair.Clock.Now, maxBytes);
        return writer.WrittenSpan.ToArray();
    }

    private static byte[] Export(SessionEnd end)
    {
        var result = new byte[48];
        end.Session.Export("test", default, result);
        return result;
    }
}
