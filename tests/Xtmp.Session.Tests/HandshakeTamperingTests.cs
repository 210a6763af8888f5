using System.Buffers.Binary;
using System.IO.Hashing;
using Xtmp.Crypto;
using Xtmp.Protocol;
using Xtmp.TestKit;

namespace Xtmp.Session.Tests;

/// <summary>
/// Every handshake message lost, duplicated, reordered, cut at every byte, and changed at every byte. Both ends are
/// deterministic, so a recorded handshake can be replayed to a fresh end up to the point of the change.
/// </summary>
public sealed class HandshakeTamperingTests
{
    private const ulong Seed = 42;
    private static readonly VirtualClock s_clock = new();

    /// <summary>The three flights of one handshake: hello, server's flight, client's flight.</summary>
    private static readonly byte[][] s_flights = Record(PairOptions.FreshClient());
    private static readonly byte[][] s_anonymousFlights = Record(Anonymous());

    [Fact]
    public void a_cut_flight_establishes_nothing()
    {
        using var server = NewServer();
        var serverEnd = new SessionEnd(server);
        FeedByteByByte(serverEnd, s_flights[0], () => Assert.Equal(0, server.Statistics.FramesSent));
        Assert.Equal(s_flights[1], serverEnd.Transmit(s_clock.Now));
        FeedByteByByte(serverEnd, s_flights[2], () => Assert.Equal(SessionState.Handshaking, server.State));
        Assert.Equal(SessionState.Established, server.State);

        using var client = NewClient();
        var clientEnd = new SessionEnd(client);
        Assert.Equal(s_flights[0], clientEnd.Transmit(s_clock.Now));
        FeedByteByByte(clientEnd, s_flights[1], () => Assert.Equal(SessionState.Handshaking, client.State));
        Assert.Equal(SessionState.Established, client.State);
        Assert.Equal(s_flights[2], clientEnd.Transmit(s_clock.Now));
    }

    [Fact]
    public void a_changed_byte_of_the_servers_flight_establishes_nothing()
    {
        for (var index = 0; index < s_flights[1].Length; index++)
        {
            using var client = NewClient();
            var end = new SessionEnd(client);
            end.Transmit(s_clock.Now);
            client.HandleInput(Flipped(s_flights[1], index), s_clock.Now);
            end.Drain();

            // Only the checksum of an encrypted frame may be anything: it is not part of what is authenticated.
            var harmless = IsChecksumOfEncryptedFrame(s_flights[1], index);
            Assert.True(harmless == (client.State == SessionState.Established), $"byte {index}: {client.State}");
            Assert.True(harmless || IsClosedOrWaiting(client, end), $"byte {index}");
        }
    }

    [Fact]
    public void a_changed_byte_of_the_hello_establishes_nothing()
    {
        for (var index = 0; index < s_flights[0].Length; index++)
        {
            using var server = NewServer();
            var end = new SessionEnd(server);
            server.HandleInput(Flipped(s_flights[0], index), s_clock.Now);
            end.Drain();

            // mac1 is checked before anything is computed: a refusal is all there can be.
            Assert.InRange(end.Transmit(s_clock.Now).Length, 0, 300);
            Assert.True(IsClosedOrWaiting(server, end), $"byte {index}");
        }
    }

    [Fact]
    public void a_changed_byte_of_a_hello_without_mac1_ends_at_the_client()
    {
        for (var index = FrameLayout.HeaderSize; index < s_anonymousFlights[0].Length; index += 3)
        {
            using var server = NewServer();
            var serverEnd = new SessionEnd(server);
            var changed = Flipped(s_anonymousFlights[0], index);
            BinaryPrimitives.WriteUInt32LittleEndian(changed.AsSpan(FrameLayout.ChecksumOffset), Crc32.HashToUInt32(changed.AsSpan(FrameLayout.HeaderSize)));
            server.HandleInput(changed, s_clock.Now);
            serverEnd.Drain();
            var answer = serverEnd.Transmit(s_clock.Now);
            using var client = XtmpSession.Connect(Anonymous(), new SeededEntropy(Seed * 2), s_clock.Now);
            var clientEnd = new SessionEnd(client);
            clientEnd.Transmit(s_clock.Now);
            client.HandleInput(answer, s_clock.Now);
            clientEnd.Drain();
            Assert.True(client.State != SessionState.Established, $"byte {index}");
        }
    }

    [Fact]
    public void a_changed_byte_of_the_clients_flight_establishes_nothing()
    {
        // Each try costs the server a signature: every third byte here, every byte in the exhaustive run.
        var step = ExhaustiveRuns.Enabled ? 1 : 3;
        for (var index = 0; index < s_flights[2].Length; index += step)
        {
            using var server = NewServer();
            var end = new SessionEnd(server);
            server.HandleInput(s_flights[0], s_clock.Now);
            end.Drain();
            end.Transmit(s_clock.Now);
            server.HandleInput(Flipped(s_flights[2], index), s_clock.Now);
            end.Drain();
            var harmless = IsChecksumOfEncryptedFrame(s_flights[2], index);
            Assert.True(harmless == (server.State == SessionState.Established), $"byte {index}: {server.State}");
            Assert.True(harmless || IsClosedOrWaiting(server, end), $"byte {index}");
        }
    }

    [Theory]
    [InlineData("lost")]
    [InlineData("duplicated")]
    [InlineData("swapped with the next")]
    public void a_message_lost_duplicated_or_reordered_establishes_nothing(string how)
    {
        var toClient = Frames(s_flights[1]);
        for (var i = 0; i < toClient.Count; i++)
        {
            using var client = NewClient();
            var end = new SessionEnd(client);
            end.Transmit(s_clock.Now);
            client.HandleInput(Rearranged(toClient, i, how), s_clock.Now);
            end.Drain();
            var last = i == toClient.Count - 1;
            Assert.True(client.State != SessionState.Established || (last && how != "lost"), $"message {i} {how}");
            Assert.True(last || client.State == SessionState.Closed, $"message {i} {how}: {client.State}");
        }

        var toServer = Frames(s_flights[2]);
        for (var i = 0; i < toServer.Count; i++)
        {
            using var server = NewServer();
            var end = new SessionEnd(server);
            server.HandleInput(s_flights[0], s_clock.Now);
            end.Drain();
            end.Transmit(s_clock.Now);
            server.HandleInput(Rearranged(toServer, i, how), s_clock.Now);
            end.Drain();
            var last = i == toServer.Count - 1;
            Assert.True(end.Of(SessionEventKind.Established).Any() == (last && how != "lost"), $"message {i} {how}");
            Assert.True(last || server.State == SessionState.Closed, $"message {i} {how}: {server.State}");
        }
    }

    [Fact]
    public void a_server_that_shows_another_identity_with_valid_signatures_is_refused()
    {
        // A man in the middle with an identity of its own, to a client that pins the real one.
        using var middle = XtmpSession.Accept(PairOptions.Server with { Identity = TestIdentities.Stranger, NextFingerprint = TestIdentities.Server.Public.Fingerprint }, new SeededEntropy(5), s_clock.Now);
        using var client = NewClient();
        var clientEnd = new SessionEnd(client);
        var middleEnd = new SessionEnd(middle);
        middle.HandleInput(clientEnd.Transmit(s_clock.Now), s_clock.Now);
        middleEnd.Drain();
        client.HandleInput(middleEnd.Transmit(s_clock.Now), s_clock.Now);
        clientEnd.Drain();
        HandshakeTests.AssertClosed(clientEnd, SessionCloseReason.UntrustedPeer);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void application_frames_before_finished_are_refused(int after)
    {
        using var server = NewServer();
        var end = new SessionEnd(server);
        server.HandleInput(s_flights[0], s_clock.Now);
        end.Drain();
        end.Transmit(s_clock.Now);
        var frames = Frames(s_flights[2]);
        for (var i = 0; i < after; i++)
        {
            server.HandleInput(frames[i], s_clock.Now);
        }

        var early = new byte[FrameLayout.HeaderSize + 4];
        new FrameHeader { MessageType = 0x10, PayloadLength = 4, SessionId = server.SessionId }.Write(early);
        server.HandleInput(early, s_clock.Now);
        end.Drain();
        HandshakeTests.AssertClosed(end, SessionCloseReason.NotEncrypted);
    }

    [Fact]
    public void data_before_the_hello_is_refused()
    {
        foreach (var code in new byte[] { 0x02, 0x03, 0x06, 0x10, 0xFE })
        {
            using var server = NewServer();
            var end = new SessionEnd(server);
            var frame = new byte[FrameLayout.HeaderSize];
            new FrameHeader { MessageType = code }.Write(frame);
            server.HandleInput(frame, s_clock.Now);
            end.Drain();
            HandshakeTests.AssertClosed(end, SessionCloseReason.UnexpectedMessage);
        }
    }

    [Fact]
    public void a_modulus_violation_in_ek_and_a_zero_share_are_refused()
    {
        foreach (var (offset, fill) in new[] { (0, (byte)0xFF), (MlKem1024.EncapsulationKeySize + 2, (byte)0) })
        {
            var hello = s_anonymousFlights[0].ToArray();
            var payload = hello.AsSpan(FrameLayout.HeaderSize);

            // ek starts behind versions, suites, AEADs, random and its own header of 3 bytes.
            var ek = payload.IndexOf((ReadOnlySpan<byte>)[0xC5, 0x06, 0x20]) + 3;
            payload.Slice(ek + offset, 32).Fill(fill);
            BinaryPrimitives.WriteUInt32LittleEndian(hello.AsSpan(FrameLayout.ChecksumOffset), Crc32.HashToUInt32(payload));
            using var server = NewServer();
            var end = new SessionEnd(server);
            server.HandleInput(hello, s_clock.Now);
            end.Drain();
            HandshakeTests.AssertClosed(end, SessionCloseReason.HandshakeAuthentication);
        }
    }

    private static ClientSessionOptions Anonymous() => PairOptions.Client with { ServerTrust = TrustPolicy.AnyOf(_ => true) };

    private static XtmpSession NewClient() => XtmpSession.Connect(PairOptions.FreshClient(), new SeededEntropy(Seed * 2), s_clock.Now);

    private static XtmpSession NewServer() => XtmpSession.Accept(PairOptions.Server, new SeededEntropy((Seed * 2) + 1), s_clock.Now);

    private static byte[][] Record(ClientSessionOptions options)
    {
        using var client = XtmpSession.Connect(options, new SeededEntropy(Seed * 2), s_clock.Now);
        using var server = NewServer();
        var clientEnd = new SessionEnd(client);
        var serverEnd = new SessionEnd(server);
        var hello = clientEnd.Transmit(s_clock.Now);
        server.HandleInput(hello, s_clock.Now);
        serverEnd.Drain();
        var answer = serverEnd.Transmit(s_clock.Now);
        client.HandleInput(answer, s_clock.Now);
        clientEnd.Drain();
        return [hello, answer, clientEnd.Transmit(s_clock.Now)];
    }

    private static void FeedByteByByte(SessionEnd end, byte[] flight, Action beforeLast)
    {
        for (var i = 0; i < flight.Length; i++)
        {
            beforeLast();
            end.Session.HandleInput(flight.AsSpan(i, 1), s_clock.Now);
            end.Drain();
        }
    }

    private static byte[] Flipped(byte[] flight, int index)
    {
        var changed = flight.ToArray();
        changed[index] ^= (byte)(1 << (index * 5 % 8));
        return changed;
    }

    private static bool IsClosedOrWaiting(XtmpSession session, SessionEnd end)
    {
        // A changed length can leave an end waiting for bytes that never come; its handshake timer ends that.
        if (session.State == SessionState.Handshaking)
        {
            session.HandleTimeout(s_clock.Now + TimeSpan.FromSeconds(11));
            end.Drain();
        }

        return session.State == SessionState.Closed && end.Events[^1].Kind == SessionEventKind.Closed;
    }

    private static bool IsChecksumOfEncryptedFrame(byte[] flight, int index)
    {
        var offset = 0;
        foreach (var frame in Frames(flight))
        {
            if (index < offset + frame.Length)
            {
                return frame[FrameLayout.EncryptionTypeOffset] != 0
                    && index - offset is >= FrameLayout.ChecksumOffset and < FrameLayout.ChecksumOffset + 4;
            }

            offset += frame.Length;
        }

        return false;
    }

    private static List<byte[]> Frames(byte[] flight)
    {
        var frames = new List<byte[]>();
        for (var offset = 0; offset < flight.Length;)
        {
            var length = FrameLayout.HeaderSize + BinaryPrimitives.ReadInt32LittleEndian(flight.AsSpan(offset + FrameLayout.PayloadLengthOffset));
            frames.Add(flight.AsSpan(offset, length).ToArray());
            offset += length;
        }

        return frames;
    }

    private static byte[] Rearranged(List<byte[]> frames, int index, string how)
    {
        var changed = new List<byte[]>(frames);
        switch (how)
        {
            case "lost":
                changed.RemoveAt(index);
                break;
            case "duplicated":
                changed.Insert(index, frames[index]);
                break;
            default:
                if (index + 1 < frames.Count)
                {
                    (changed[index], changed[index + 1]) = (changed[index + 1], changed[index]);
                }

                break;
        }

        return [.. changed.SelectMany(frame => frame)];
    }
}
