using System.Buffers;
using Xtmp.Crypto;
using Xtmp.Protocol;
using Xtmp.TestKit;

namespace Xtmp.Session.Tests;

/// <summary>The two parts of the server's flight, and key shares that were made before the handshake.</summary>
public sealed class ServerFlightTests
{
    private readonly VirtualClock _clock = new();

    [Fact]
    public void server_hello_leaves_alone_and_the_rest_after_it()
    {
        using var server = Answering();
        Assert.Equal([FrameCode.HandshakeAck], Codes(Transmit(server)));
        var rest = Transmit(server);
        Assert.Equal(4, Codes(rest).Length);
        Assert.Empty(Transmit(server));
    }

    [Fact]
    public void a_session_that_ends_in_between_makes_no_second_part()
    {
        using var server = Answering();
        Transmit(server);
        server.Abort(XtmpErrorCode.Cancelled, "enough");
        Assert.Empty(Transmit(server));
        Assert.Equal(SessionState.Closed, server.State);
    }

    [Fact]
    public void a_frame_in_between_is_judged_by_the_keys_of_the_handshake()
    {
        using var server = Answering();
        Transmit(server);
        var frame = new byte[FrameLayout.HeaderSize];
        new FrameHeader { MessageType = 0x30, Kind = FrameKind.Request }.Write(frame);
        server.HandleInput(frame, _clock.Now);
        var end = new SessionEnd(server);
        end.Drain();
        HandshakeTests.AssertClosed(end, SessionCloseReason.NotEncrypted);
    }

    [Fact]
    public void spare_shares_are_used_once_each_and_missed_by_nobody()
    {
        var forServer = new Spares(2);
        var forClient = new Spares(2);
        var keys = new HashSet<string>();
        for (var i = 0; i < 4; i++)
        {
            using var pair = new SessionPair(
                PairOptions.FreshClient() with { KeySharePool = forClient }, PairOptions.Server with { KeySharePool = forServer }, seed: 5, clock: new VirtualClock());
            pair.Run();
            Assert.Equal(SessionState.Established, pair.Client.Session.State);
            Assert.Equal(SessionState.Established, pair.Server.Session.State);
            var exported = new byte[32];
            pair.Client.Session.Export("spare", default, exported);

            // One seed for all: once the spare keys are gone, the sessions are the same.
            Assert.Equal(i < 3, keys.Add(Convert.ToHexString(exported)));
        }

        Assert.Equal(0, forServer.Left);
        Assert.Equal(0, forClient.Left);
    }

    private XtmpSession Answering()
    {
        using var client = XtmpSession.Connect(PairOptions.FreshClient(), new SeededEntropy(1), _clock.Now);
        var server = XtmpSession.Accept(PairOptions.Server, new SeededEntropy(2), _clock.Now);
        server.HandleInput(Transmit(client), _clock.Now);
        return server;
    }

    private byte[] Transmit(XtmpSession session)
    {
        var writer = new ArrayBufferWriter<byte>();
        session.PollTransmit(writer, _clock.Now);
        return writer.WrittenSpan.ToArray();
    }

    private static byte[] Codes(byte[] bytes)
    {
        var codes = new List<byte>();
        while (bytes.Length > 0)
        {
            Assert.Equal(FrameStatus.Ok, FrameHeader.TryRead(bytes, FrameLayout.MaxPayload, out var header));
            codes.Add(header.MessageType);
            bytes = bytes[(FrameLayout.HeaderSize + header.PayloadLength)..];
        }

        return [.. codes];
    }

    private sealed class Spares : IKeySharePool
    {
        private readonly Queue<X25519PrivateKey> _keys = new();

        public Spares(int count)
        {
            for (var i = 0; i < count; i++)
            {
                var bytes = new byte[X25519.KeySize];
                bytes.AsSpan().Fill((byte)(i + 1));
                _keys.Enqueue(X25519PrivateKey.FromBytes(bytes));
            }
        }

        public int Left => _keys.Count;

        public X25519PrivateKey? TryTake() => _keys.TryDequeue(out var key) ? key : null;
    }
}
