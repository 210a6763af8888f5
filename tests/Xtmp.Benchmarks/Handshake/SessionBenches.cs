using System.Security.Cryptography;
using Xtmp.Crypto;
using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Benchmarks;

/// <summary>
/// The in-process half of the verb <c>handshake</c>: both ends of a handshake on one thread, record protection beside
/// bare AesGcm, messages through whole sessions, and what a session weighs at rest.
/// </summary>
internal static class SessionBenches
{
    private const int MessageBytes = 256;
    private const int BatchSize = 64;
    private const int RestingPairs = 2000;

    public static void Run(BenchContext context)
    {
        using var serverIdentity = IdentityKey.Generate(SystemEntropy.Instance);
        using var clientIdentity = IdentityKey.Generate(SystemEntropy.Instance);
        using var ring = new TicketKeyRing(SystemEntropy.Instance);
        var server = new ServerSessionOptions { Identity = serverIdentity, TicketKeys = ring };
        var anonymous = new ClientSessionOptions { ServerTrust = TrustPolicy.Pinned(serverIdentity.Public.Fingerprint) };
        Handshakes(context, server, anonymous, anonymous with { Identity = clientIdentity });
        Records(context);
        Messages(context, server, anonymous);
        AtRest(context, server, anonymous);
    }

    private static void Handshakes(BenchContext context, ServerSessionOptions server, ClientSessionOptions anonymous, ClientSessionOptions mutual)
    {
        var buffer = new ReusedBuffer();
        SessionTicket? ticket = null;

        void Shake(ClientSessionOptions client)
        {
            using var pair = new InProcessPair(client, server, buffer);
            pair.Establish();
            ticket = pair.Ticket;
        }

        void Resume()
        {
            using var pair = new InProcessPair(anonymous with { Ticket = ticket }, server, buffer);
            pair.Establish();
            if (!pair.Client.Established!.Resumed)
            {
                throw new InvalidOperationException("The ticket was not taken.");
            }

            ticket = pair.Ticket;
        }

        Shake(anonymous);
        var names = new[] { "full", "mutual", "resumed" };
        var resumable = Contender.Of("resumed", () =>
        {
            // A mutual handshake in between leaves a ticket that a client without identity does not offer.
            if (ticket!.ClientFingerprint is not null)
            {
                Shake(anonymous);
            }

            Resume();
        });
        var results = InterleavedRounds.Measure(context.Budget, 20, Contender.Of("full", () => Shake(anonymous)), Contender.Of("mutual", () => Shake(mutual)), resumable);
        for (var index = 0; index < names.Length; index++)
        {
            context.Report.Add(new BenchResult
            {
                Bench = $"handshake.inprocess.{names[index]}",
                Ours = results[index].Microseconds,
                Unit = "us",
                HigherIsBetter = false,
                Allocated = results[index].Allocated,
                Note = results[index].SpreadNote ?? "both ends, one thread",
            });
        }
    }

    private static void Records(BenchContext context)
    {
        var secret = RandomNumberGenerator.GetBytes(48);
        foreach (var type in new[] { EncryptionType.Aes256Gcm, EncryptionType.ChaCha20Poly1305, EncryptionType.PostQuantum })
        {
            using var seal = new TrafficKeys(secret, type, 1);
            using var open = new TrafficKeys(secret, type, 1);
            using var bare = new AesGcm(secret.AsSpan(0, 32), 16);
            var plaintext = new byte[MessageBytes];
            var ciphertext = new byte[MessageBytes];
            var frame = new byte[FrameLayout.HeaderSize + MessageBytes + FrameLayout.AppendedMacSize];
            var nonce = new byte[12];
            var tag = new byte[16];
            var ours = Contender.Of("ours", () =>
            {
                var header = new FrameHeader { MessageType = 0x20, SessionId = 1 };
                var length = seal.Seal(ref header, plaintext, frame);
                if (FrameHeader.TryRead(frame, FrameLayout.MaxPayload, out var read) != FrameStatus.Ok || !open.TryOpen(in read, frame.AsSpan(0, length), plaintext))
                {
                    throw new InvalidOperationException("A record did not open.");
                }
            });
            var theirs = Contender.Of("theirs", () =>
            {
                bare.Encrypt(nonce, plaintext, ciphertext, tag);
                bare.Decrypt(nonce, ciphertext, tag, plaintext);
            });
            var results = InterleavedRounds.Measure(context.Budget, 1000, ours, theirs);
            context.Report.Add(new BenchResult
            {
                Bench = $"handshake.record.type{(int)type}.seal_open_256",
                Ours = results[0].Microseconds,
                Unit = "us",
                HigherIsBetter = false,
                Peer = "two bare AesGcm calls, no associated data",
                PeerValue = results[1].Microseconds,
                Bar = type == EncryptionType.Aes256Gcm ? 0.8 : null,
                Allocated = results[0].Allocated,
                Note = results[0].SpreadNote,
            });
        }
    }

    private static void Messages(BenchContext context, ServerSessionOptions server, ClientSessionOptions client)
    {
        using var pair = new InProcessPair(client, server, new ReusedBuffer());
        pair.Establish();
        var payload = new byte[MessageBytes];
        var single = InterleavedRounds.Measure(context.Budget, () =>
        {
            pair.Client.SendOneWay(0x20, payload, default);
            pair.Move(pair.Client, pair.Server);
        }, 1000);
        var batch = InterleavedRounds.Measure(context.Budget, () =>
        {
            for (var i = 0; i < BatchSize; i++)
            {
                pair.Client.SendOneWay(0x20, payload, default);
            }

            pair.Move(pair.Client, pair.Server);
        }, 100);
        context.Report.Add(new BenchResult
        {
            Bench = "handshake.message.single_256",
            Ours = single.Microseconds,
            Unit = "us",
            HigherIsBetter = false,
            Allocated = single.Allocated,
            Note = single.SpreadNote ?? "send queue, seal, open, event",
        });
        context.Report.Add(new BenchResult
        {
            Bench = "handshake.message.batch64_256",
            Ours = batch.Microseconds / BatchSize,
            Unit = "us/message",
            HigherIsBetter = false,
            Bar = 0.25,
            Allocated = batch.Allocated / BatchSize,
            Note = batch.SpreadNote ?? "send queue, seal, open, event",
        });
    }

    private static void AtRest(BenchContext context, ServerSessionOptions server, ClientSessionOptions client)
    {
        var buffer = new ReusedBuffer();
        using (var first = new InProcessPair(client, server, buffer))
        {
            first.Establish();
        }

        var pairs = new InProcessPair[RestingPairs];
        var (managed, working) = Settled();
        for (var i = 0; i < pairs.Length; i++)
        {
            pairs[i] = new InProcessPair(client, server, buffer);
            pairs[i].Establish();
            pairs[i].Client.SendOneWay(0x20, new byte[MessageBytes], default);
            pairs[i].Move(pairs[i].Client, pairs[i].Server);
        }

        var (managedAfter, workingAfter) = Settled();
        Report(context, "handshake.session_at_rest.managed", managedAfter - managed);
        Report(context, "handshake.session_at_rest.working_set", workingAfter - working);
        foreach (var pair in pairs)
        {
            pair.Dispose();
        }
    }

    private static void Report(BenchContext context, string name, long growth) => context.Report.Add(new BenchResult
    {
        Bench = name,
        Ours = growth / (2.0 * RestingPairs),
        Unit = "B/session",
        HigherIsBetter = false,
        Note = $"{2 * RestingPairs} established, idle sessions, half of them clients; growth {growth} B",
    });

    private static (long Managed, long Working) Settled()
    {
        for (var i = 0; i < 3; i++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        return (GC.GetTotalMemory(forceFullCollection: true), Environment.WorkingSet);
    }
}
