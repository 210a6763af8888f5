using System.Buffers.Binary;
using Xtmp.Crypto;
using Xtmp.Protocol;
using Xtmp.TestKit;

namespace Xtmp.Session.Tests;

/// <summary>
/// Random lives of a session pair: resumption or not, any chunking, messages of all kinds and sizes, rekeys from both
/// ends, clock jumps; and in half of them one act of an attacker on the stream. See <see cref="ExhaustiveRuns"/>.
/// </summary>
public sealed class SeededPairTests
{
    private const byte Code = 0x22;

    [Fact]
    public void random_lives_hold()
    {
        using var ring = new TicketKeyRing(new SeededEntropy("seeded pair"u8));
        var client = PairOptions.FreshClient();
        var server = PairOptions.Server with { TicketKeys = ring };
        for (ulong seed = 0; seed < (ulong)ExhaustiveRuns.Seeds; seed++)
        {
            try
            {
                Live(seed, client, server);
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException($"Seed {seed} failed: {exception.Message}", exception);
            }
        }
    }

    private static void Live(ulong seed, ClientSessionOptions clientOptions, ServerSessionOptions serverOptions)
    {
        var random = new Random((int)seed);
        var clock = new VirtualClock();
        var type = (EncryptionType)random.Next(1, 4);
        clientOptions = clientOptions with { EncryptionTypes = [type], Padding = random.Next(3) == 0 ? new PaddingPolicy(64) : PaddingPolicy.None };
        var resumes = random.Next(4) == 0;
        if (resumes)
        {
            using var first = new SessionPair(clientOptions, serverOptions, seed, clock);
            first.Run();
            clientOptions = clientOptions with { Ticket = first.Client.Single(SessionEventKind.TicketReceived).Ticket };
        }

        using var pair = new SessionPair(clientOptions, serverOptions, seed + 1_000_000, clock);
        var attacker = random.Next(2) == 0 ? new StreamAttacker(random) : null;
        pair.ToServer = bytes => attacker?.Act(bytes) ?? bytes;
        pair.ToClient = bytes => attacker?.Act(bytes) ?? bytes;
        pair.Chunk = random.Next(3) == 0 ? random.Next(1, 3000) : 0;
        var ledger = new Ledger(pair);
        ledger.Send(random);
        pair.Run();
        for (var round = random.Next(2, 12); round > 0; round--)
        {
            Act(random, pair, ledger);
            pair.Advance(TimeSpan.FromMilliseconds(random.Next(0, 3000)));
            ledger.Check();
        }

        pair.Advance(TimeSpan.FromSeconds(11));
        ledger.Check();
        if (attacker?.HasActed == true)
        {
            // Whatever was done to the stream, no end is left waiting for a handshake, and nothing false was accepted.
            Assert.NotEqual(SessionState.Handshaking, pair.Client.Session.State);
            Assert.NotEqual(SessionState.Handshaking, pair.Server.Session.State);
            return;
        }

        Assert.Equal(SessionState.Established, pair.Client.Session.State);
        Assert.Equal(SessionState.Established, pair.Server.Session.State);
        Assert.Equal(resumes, pair.Server.Session.Established!.Resumed);
        Assert.Equal(0, pair.Client.Session.OutstandingRequests);
        Assert.Equal(0, pair.Client.Session.SendQueueBytes);
        ledger.CheckComplete();
    }

    private static void Act(Random random, SessionPair pair, Ledger ledger)
    {
        for (var i = random.Next(0, 8); i > 0; i--)
        {
            switch (random.Next(8))
            {
                case 0:
                    pair.Client.Session.RequestRekey();
                    break;
                case 1:
                    pair.Server.Session.RequestRekey();
                    break;
                case 2:
                    pair.Clock.JumpWall(TimeSpan.FromHours(random.Next(-100, 100)));
                    break;
                default:
                    ledger.Send(random);
                    break;
            }
        }
    }

    /// <summary>Does one thing to the stream at a random time: flips, cuts, repeats or drops bytes.</summary>
    private sealed class StreamAttacker(Random random)
    {
        private int _flightsToWait = random.Next(0, 12);

        public bool HasActed { get; private set; }

        public byte[] Act(byte[] bytes)
        {
            if (HasActed || bytes.Length == 0 || _flightsToWait-- > 0)
            {
                return bytes;
            }

            HasActed = true;
            var at = random.Next(bytes.Length);
            switch (random.Next(4))
            {
                case 0:
                    var changed = bytes.ToArray();
                    changed[at] ^= (byte)(1 << random.Next(8));
                    return changed;
                case 1:
                    return bytes[..at];
                case 2:
                    return [.. bytes[..at], .. bytes];
                default:
                    return bytes[at..];
            }
        }
    }

    /// <summary>What was sent, and that nothing else arrives, nothing twice, and in the end everything.</summary>
    private sealed class Ledger
    {
        private readonly SessionPair _pair;
        private readonly Dictionary<int, byte[]> _sent = [];
        private int _next;

        public Ledger(SessionPair pair)
        {
            _pair = pair;
            ExchangeTests.Echo(pair.Server, compressible: true);
        }

        public void Send(Random random)
        {
            if (_pair.Client.Session.State == SessionState.Closed)
            {
                return;
            }

            var payload = new byte[4 + (random.Next(6) == 0 ? random.Next(200_000) : random.Next(600))];
            if (random.Next(2) == 0)
            {
                random.NextBytes(payload);
            }

            BinaryPrimitives.WriteInt32LittleEndian(payload, _next);
            var options = new SendOptions { Priority = (MessagePriority)random.Next(3), Compressible = random.Next(2) == 0 };
            if (random.Next(3) == 0)
            {
                _pair.Client.Session.SendOneWay(Code, payload, options with { RequiresAck = random.Next(2) == 0 });
            }
            else
            {
                _pair.Client.Session.SendRequest(Code, payload, options);
            }

            _sent.Add(_next++, payload);
        }

        public void Check()
        {
            var seen = new HashSet<int>();
            foreach (var received in _pair.Server.Events.Where(e => e.Kind is SessionEventKind.Request or SessionEventKind.OneWay))
            {
                var number = BinaryPrimitives.ReadInt32LittleEndian(received.Payload);
                Assert.True(seen.Add(number), $"message {number} arrived twice");
                var sent = _sent[number];
                Assert.True(received.Payload.AsSpan(0, sent.Length).SequenceEqual(sent), $"message {number} changed");
                Assert.True(PayloadPadding.IsValid(received.Payload, sent.Length), $"message {number} grew");
            }

            foreach (var response in _pair.Client.Of(SessionEventKind.Response))
            {
                var sent = _sent[BinaryPrimitives.ReadInt32LittleEndian(response.Payload)];
                Assert.True(response.Payload.AsSpan(0, sent.Length).SequenceEqual(sent));
            }
        }

        public void CheckComplete() =>
            Assert.Equal(_sent.Count, _pair.Server.Events.Count(e => e.Kind is SessionEventKind.Request or SessionEventKind.OneWay));
    }
}
