using System.Diagnostics;
using BitChat.Messages;
using BitChat.Peer;
using BitChat.Simulator;
using Xtmp.Crypto;

namespace Xtmp.Benchmarks;

/// <summary>BitChat: decisions beside the signatures they need, lives of the simulator, a simulated radio, memory.</summary>
internal static class BitChatBenches
{
    private const int RadioDecisions = 1_000;
    private const int WarmUpLives = 40;
    private const int SyncOperations = 10_000;

    public static async Task RunAsync(BenchContext context)
    {
        foreach (var (seats, isPostQuantum) in new[] { (4, false), (8, false), (4, true) })
        {
            Decisions(context, seats, isPostQuantum);
        }

        Lives(context);
        Radio(context);
        Sync(context);
        Memory(context);
        await BitChatLoopback.RunAsync(context).ConfigureAwait(false);
    }

    /// <summary>
    /// One operation a height, all peers on one thread, by processor time. A decision needs 2 votes of each seat and a proposal, each
    /// verified by the others, and the operation; at a post-quantum table a second signature on each precommit.
    /// </summary>
    private static void Decisions(BenchContext context, int seats, bool isPostQuantum)
    {
        var network = Ready(seats, TimeSpan.Zero, loss: 0, isPostQuantum);
        Decide(network, 200);
        var watch = Stopwatch.StartNew();
        var spent = Environment.CpuUsage.TotalTime;
        var decided = 0;
        while (watch.Elapsed < context.Budget * 2)
        {
            decided += Decide(network, 20);
        }

        var perDecision = (Environment.CpuUsage.TotalTime - spent).TotalSeconds / decided;
        var (sign, verify) = Signatures();
        var signatures = (2 * seats) + 2;
        var bare = signatures * (sign + ((seats - 1) * verify));
        var note = $"{seats} peers on one thread, one operation each; sign {sign * 1e6:0.0} us, verify {verify * 1e6:0.0} us";
        if (isPostQuantum)
        {
            var (second, secondVerify) = PostQuantumSignatures();
            bare += seats * (second + ((seats - 1) * secondVerify));
            note += $"; ML-DSA-87 sign {second * 1e6:0.0} us, verify {secondVerify * 1e6:0.0} us";
        }

        context.Report.Add(new BenchResult
        {
            Bench = $"bitchat.decisions.n{seats}{(isPostQuantum ? ".pq" : string.Empty)}",
            Ours = 1 / perDecision,
            Unit = "decisions/s",
            HigherIsBetter = true,
            Peer = $"{signatures} bare signatures, each verified by {seats - 1}{(isPostQuantum ? $", and {seats} of ML-DSA-87" : string.Empty)}",
            PeerValue = 1 / bare,
            Bar = 0.6,
            Note = note,
        });
    }

    private static (double Sign, double Verify) Signatures()
    {
        using var key = Ed25519PrivateKey.FromSeed(new byte[32]);
        var (publicKey, signature, message) = (new byte[32], new byte[64], new byte[100]);
        key.WritePublicKey(publicKey);
        return (Best(() => key.Sign(message, signature)), Best(() => Ed25519.Verify(publicKey, message, signature)));
    }

    private static (double Sign, double Verify) PostQuantumSignatures()
    {
        using var key = MlDsa87PrivateKey.FromSeed(new byte[32]);
        var (publicKey, signature, message) = (new byte[MlDsa87.PublicKeySize], new byte[MlDsa87.SignatureSize], new byte[100]);
        key.WritePublicKey(publicKey);
        return MlDsa87PublicKey.TryImport(publicKey, out var known) && known is not null
            ? (Best(() => key.Sign(message, default, new byte[MlDsa87.RandomnessSize], signature)), Best(() => known.Verify(message, default, signature)))
            : throw new InvalidOperationException("A key is none.");
    }

    private static double Best(Action action)
    {
        var best = double.MaxValue;
        for (var round = 0; round < 7; round++)
        {
            var watch = Stopwatch.StartNew();
            for (var i = 0; i < 200; i++)
            {
                action();
            }

            best = Math.Min(best, watch.Elapsed.TotalSeconds / 200);
        }

        return best;
    }

    private static void Lives(BenchContext context)
    {
        for (ulong warm = 0; warm < WarmUpLives; warm++)
        {
            new Life(new LifeOptions(4, 1, warm)).Run();
        }

        var watch = Stopwatch.StartNew();
        long lives = 0, seed = WarmUpLives;
        Parallel.For(0, 2, _ =>
        {
            while (watch.Elapsed < context.Budget * 3)
            {
                new Life(new LifeOptions(4, 1, (ulong)Interlocked.Increment(ref seed))).Run();
                Interlocked.Increment(ref lives);
            }
        });
        context.Report.Add(new BenchResult { Bench = "bitchat.simulator.n4", Ours = lives / watch.Elapsed.TotalMinutes, Unit = "lives/min", HigherIsBetter = true, Bar = 2_000, Note = "60 virtual seconds each, 1 Byzantine seat, two threads" });
    }

    private static void Radio(BenchContext context)
    {
        var network = Ready(4, TimeSpan.FromMilliseconds(100), loss: 0.1);
        var latencies = new List<double>();
        var arrivals = new List<double>();
        var submitted = new Dictionary<ulong, TimeSpan>();
        var seen = new HashSet<(int, ulong)>();
        network.Received = (to, message) =>
        {
            if (message.Payload is ConsensusPayload.OperationArm { Value: var operation } && submitted.TryGetValue(operation.Sequence, out var at) && to != 0 && seen.Add((to, operation.Sequence)))
            {
                arrivals.Add((network.Now - at).TotalSeconds);
            }
        };
        var sent = network.Sent.Values.Max();
        var start = network.Now;
        for (var i = 0; i < RadioDecisions; i++)
        {
            var height = network.Peers[0].State.Height;
            var at = network.Now;
            if (NextOperation(network, 0) is not { } sequence)
            {
                throw new InvalidOperationException("An operation was refused.");
            }

            submitted[sequence] = at;
            network.RunUntil(() => network.Peers.All(peer => peer.State.Snapshot.Sequences[0].Last >= sequence), TimeSpan.FromMinutes(1));
            latencies.Add((network.Now - at).TotalSeconds);
        }

        var rate = (network.Sent.Values.Max() - sent) / (network.Now - start).TotalSeconds / 1_024;
        const string Link = "4 seats, 100 ms, 10 % loss, virtual time";
        context.Report.Add(Less("bitchat.radio.decision.p99", P99(latencies), "s", 5, $"from a bet to its decision at every seat; {Link}"));
        context.Report.Add(Less("bitchat.radio.propagation.p99", P99(arrivals) * 1_000, "ms", 500, $"an operation at each other seat; {Link}"));
        context.Report.Add(Less("bitchat.radio.bandwidth", rate, "KB/s a peer", 50, $"one bet after another; {Link}"));

        network.Cut = 3;
        var lost = network.Now;
        while (network.Now - lost < TimeSpan.FromMinutes(10))
        {
            NextOperation(network, 0);
            var next = network.Now + TimeSpan.FromSeconds(10);
            network.RunUntil(() => network.Now >= next, TimeSpan.FromSeconds(10));
        }

        network.Cut = null;
        var healed = network.Now;
        network.RunUntil(() => network.Peers[3].State.Height == network.Peers[0].State.Height, TimeSpan.FromMinutes(10));
        context.Report.Add(Less("bitchat.radio.recovery", (network.Now - healed).TotalSeconds, "s", 300, $"after 10 minutes apart; {Link}"));
    }

    private static void Sync(BenchContext context)
    {
        var network = Ready(4, TimeSpan.FromMilliseconds(100), loss: 0.1);
        network.Cut = 3;
        Operations(network, SyncOperations);
        network.Cut = null;
        network.Forget(3);
        var start = network.Now;
        network.RunUntil(() => network.Peers[3].State.Height >= network.Peers[0].State.Height, TimeSpan.FromMinutes(5));
        context.Report.Add(Less("bitchat.radio.sync", (network.Now - start).TotalSeconds, "s", 30, $"{SyncOperations:N0} operations behind, from the first state; 100 ms, 10 % loss, virtual time"));
    }

    private static void Memory(BenchContext context)
    {
        const int Operations = 100_000;
        var network = Ready(4, TimeSpan.Zero, loss: 0);
        var before = Settled();
        BitChatBenches.Operations(network, Operations);
        var grown = (Settled() - before) / 4.0;
        GC.KeepAlive(network);
        context.Report.Add(Less("bitchat.memory", grown / 1_024, "KB a peer", null, $"growth over {Operations:N0} operations, 4 peers in one process; {network.Peers[0].Log.Decided.Count} values kept"));
    }

    private static long Settled()
    {
        GC.Collect(2, GCCollectionMode.Forced, blocking: true, compacting: true);
        return GC.GetTotalMemory(forceFullCollection: true);
    }

    private static BenchResult Less(string bench, double ours, string unit, double? bar, string note) => new() { Bench = bench, Ours = ours, Unit = unit, HigherIsBetter = false, Bar = bar, Note = note };

    private static double P99(List<double> values)
    {
        values.Sort();
        return values[Math.Min(values.Count - 1, (int)(values.Count * 0.99))];
    }

    private static PeerNetwork Ready(int seats, TimeSpan delay, double loss, bool isPostQuantum = false)
    {
        var network = new PeerNetwork(seats, delay, loss, isPostQuantum);
        if (!network.RunUntil(() => network.Peers.All(peer => peer.State.Snapshot.Coin.Ready), TimeSpan.FromMinutes(2)))
        {
            throw new InvalidOperationException("The seats made no coin.");
        }

        return network;
    }

    private static int Decide(PeerNetwork network, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var player = i % 4;
            var height = network.Peers[player].State.Height;
            NextOperation(network, player);
            network.RunUntil(() => network.Peers.All(peer => peer.State.Height > height), TimeSpan.FromMinutes(1));
        }

        return count;
    }

    private static void Operations(PeerNetwork network, int count)
    {
        var done = 0UL;
        var first = network.Peers[0].State.Snapshot.OperationIndex;
        while (done < (ulong)count)
        {
            for (var player = 0; player < 3; player++)
            {
                for (ulong i = 0; i < 8; i++)
                {
                    NextOperation(network, player, i);
                }
            }

            network.RunUntil(() => Enumerable.Range(0, 3).All(player => network.Peers[player].State.Snapshot.OperationIndex >= first + done + 24), TimeSpan.FromMinutes(1));
            done = network.Peers[0].State.Snapshot.OperationIndex - first;
        }
    }

    /// <summary>A bet, or one taken down again once there are many, so that a table can go on for ever without a roll.</summary>
    /// <param name="network">The peers.</param>
    /// <param name="player">Whose.</param>
    /// <param name="waiting">How many of the player's are on their way already, at most 11.</param>
    private static ulong? NextOperation(PeerNetwork network, int player, ulong waiting = 0)
    {
        var table = (CrapsTable)network.Peers[player].State.Game;
        var name = Convert.ToHexString(network.Genesis.Snapshot.Seats[player].Peer.Span);
        var bets = table.Bets.Where(bet => bet.Player == name).ToArray();
        return bets.Length > 12 ? network.TakeDown(player, Convert.FromHexString(bets[(int)((network.Peers[player].State.Snapshot.Sequences[player].Last + waiting) % 12)].Id)) : network.Bet(player);
    }
}
