using System.Buffers;
using System.Text.Json.Nodes;
using BitChat.Messages;
using BitChat.Peer;
using BitChat.Peer.Tests;
using Xtmp.Cli.Tests.Schema;

namespace Xtmp.Cli.Tests;

/// <summary><c>xtmp game verify</c> and <c>xtmp game simulate</c>.</summary>
public sealed class GameVerbTests : IClassFixture<GameVerbTests.Played>, IDisposable
{
    private readonly ScratchFolder _scratch = new();
    private readonly Played _played;

    public GameVerbTests(Played played) => _played = played;

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void a_good_transcript_says_who_rolled_and_who_was_paid()
    {
        var (exitCode, output, _) = Verify(_played.Bytes);
        Assert.Equal(0, exitCode);
        Assert.Contains("roll 1 at height", output);
        Assert.Equal(2, output.Split("paid out").Length - 1);
        Assert.Contains($"all of it holds: {_played.Decided.Count} heights, 2 rolls", output);

        var json = JsonNode.Parse(Verify(_played.Bytes, "--json").Output)!;
        Assert.True((bool)json["holds"]!);
        Assert.Equal(2, json["rolls"]!.AsArray().Count);
        Assert.Equal(2, json["paid_out"]!.AsArray().Count);
    }

    public static TheoryData<string> Changes() => ["magic", "length", "game", "first state", "operation", "operation's signature", "dice proof", "outcome", "time", "state root", "certificate's round", "certificate's signature", "tag of a record", "end"];

    [Theory]
    [MemberData(nameof(Changes))]
    public void a_changed_byte_fails_with_its_place(string what)
    {
        var (place, at) = _played.Find(what);
        var changed = _played.Bytes.ToArray();
        changed[at] ^= 1;
        Fails(changed, place);
    }

    [Fact]
    public void no_byte_can_be_changed_unnoticed()
    {
        for (var at = 0; at < _played.Bytes.Length; at++)
        {
            var changed = _played.Bytes.ToArray();
            changed[at] ^= (byte)(1 << (at % 8));
            var report = TranscriptVerifier.Create().Verify(changed);
            Assert.True(report.Fault is not null, $"Byte {at} was changed, and nobody noticed.");
            Assert.InRange(report.Offset, 0, changed.Length);
        }
    }

    [Fact]
    public void what_is_cut_short_left_out_moved_or_added_fails_with_its_place()
    {
        var bytes = _played.Bytes;
        var records = _played.Records;
        Fails(bytes[..(records[3] + 9)], records[3]);
        Fails(bytes[..records[^1]], records[^1]);
        Fails([.. bytes, 0], bytes.Length);
        Fails([.. bytes[..records[2]], .. bytes[records[3]..]], records[2]);
        Fails([.. bytes[..records[2]], .. bytes[records[3]..records[4]], .. bytes[records[2]..records[3]], .. bytes[records[4]..]], records[2]);
        Fails([.. bytes[..records[3]], .. bytes[records[2]..records[3]], .. bytes[records[3]..]], records[3]);
        Fails([], 0);
    }

    [Fact]
    public void what_is_no_file_is_named_as_what_it_is()
    {
        var (exitCode, _, error) = Tool.Run("game", "verify", _scratch.File("nowhere.bin"));
        Assert.Equal(2, exitCode);
        Assert.Contains("nowhere.bin", error);
        var directory = Path.GetDirectoryName(_scratch.File("x"))!;
        (exitCode, _, error) = Tool.Run("game", "verify", directory);
        Assert.Equal(2, exitCode);
        Assert.Contains($"{directory} is a directory", error);
    }

    [Fact]
    public void lives_are_counted_and_a_seed_gives_the_same_again()
    {
        string[] arguments = ["game", "simulate", "--seats", "3", "--seeds", "5..8", "--seconds", "20", "--json"];
        var (first, again) = (Tool.Run(arguments), Tool.Run(arguments));
        Assert.Equal((0, 0), (first.ExitCode, again.ExitCode));
        var (one, other) = (JsonNode.Parse(first.Output)!, JsonNode.Parse(again.Output)!);
        Assert.Equal(4, (int)one["lives"]!);
        Assert.Null(one["violation"]);
        Assert.True((int)one["heights"]! > 0 && (int)one["messages"]! > 0);
        Assert.Equal((int)one["messages"]!, (int)other["messages"]!);
    }

    [Fact]
    public async Task an_interrupted_simulation_says_how_far_it_came()
    {
        using CancellationTokenSource interrupt = new();
        await interrupt.CancelAsync();
        using StringWriter output = new();
        Assert.Equal(130, await XtmpCommandLine.RunAsync(["game", "simulate", "--seeds", "0..1000000"], output, output, interrupt.Token));
        Assert.Contains("lives", output.ToString());
    }

    [Fact]
    public void a_mutant_is_caught_with_its_seed_and_a_schedule()
    {
        Assert.Contains("early-reveal", Tool.Run("game", "simulate", "--mutant", "list").Output);
        var (exitCode, output, _) = Tool.Run("game", "simulate", "--seats", "4", "--seeds", "0..9", "--seconds", "20", "--mutant", "early-reveal");
        Assert.Equal(1, exitCode);
        Assert.Matches(@"seed \d: seat \d told its part of roll \d before bets were final", output);
    }

    [Theory]
    [InlineData("--seats", "9")]
    [InlineData("--faults", "4")]
    [InlineData("--seeds", "5..3")]
    [InlineData("--mutant", "none-such")]
    public void nonsense_is_refused(string option, string value)
    {
        var (exitCode, _, error) = Tool.Run("game", "simulate", option, value);
        Assert.Equal(2, exitCode);
        Assert.Contains("Seats are 2 to 8", error);
    }

    private (int ExitCode, string Output, string Error) Verify(byte[] transcript, params string[] more)
    {
        var file = _scratch.File("transcript.bin");
        File.WriteAllBytes(file, transcript);
        return Tool.Run(["game", "verify", file, .. more]);
    }

    private void Fails(byte[] transcript, int place)
    {
        var (exitCode, output, _) = Verify(transcript);
        Assert.Equal(1, exitCode);
        Assert.Contains($"offset {place}: ", output);
        Assert.DoesNotContain("all of it holds", output);
    }

    /// <summary>Two players, two rolls, and the transcript of it.</summary>
    public sealed class Played
    {
        public Played()
        {
            var table = new TestTable(2);
            var network = new TestNetwork(table);
            for (ulong roll = 0; roll < 2; roll++)
            {
                for (var player = 0; player < 2; player++)
                {
                    network.Do(player, peer => peer.Play(EncodedOperation.Of<CrapsOperation>(new PlaceBet { Bet = CrapsBet.Field, Amount = 10, Point = null }), network.Now));
                }

                Assert.True(network.RunUntil(() => network.Peers.All(peer => peer.State.Game.Roll > roll)));
            }

            network.Do(0, peer => peer.Submit(new SeatLeave(), network.Now));
            Assert.True(network.RunUntil(() => network.Peers.Any(peer => peer.State.Snapshot.Closed)));
            Decided = network.Decided;
            var bytes = new ArrayBufferWriter<byte>();
            var writer = new TranscriptWriter(bytes, table.Genesis);
            Records.Add(8);
            foreach (var decided in Decided)
            {
                Records.Add(bytes.WrittenCount);
                writer.Write(decided);
            }

            Records.Add(bytes.WrittenCount);
            writer.End(network.Peers.First(peer => peer.State.Snapshot.Closed).State);
            Bytes = bytes.WrittenSpan.ToArray();
        }

        public byte[] Bytes { get; }

        /// <summary>Where the records begin: the first state, the heights, the end.</summary>
        public List<int> Records { get; } = [];

        internal List<DecidedValue> Decided { get; }

        /// <summary>Where a thing of that name is, and where the record begins that the verifier is to name.</summary>
        public (int Place, int At) Find(string what)
        {
            var (height, rolls) = (Decided[1], Decided.FindIndex(decided => RollOf(decided) is not null));
            var roll = RollOf(Decided[rolls])!;
            return what switch
            {
                "magic" => (0, 3),
                "length" => (Records[2], Records[2] + 3),
                // No root names the game: the first certificate shows that it is another one.
                "game" => (Records[1], Within(Records[0], Enumerable.Repeat((byte)7, 16).ToArray())),
                "first state" => (Records[0], Records[1] - 3),
                "operation" => (Records[2], Within(Records[2], height.Value.Operations[0].Body)),
                "operation's signature" => (Records[2], Within(Records[2], height.Value.Operations[0].Signature)),
                "dice proof" => (Records[rolls + 1], Within(Records[rolls + 1], ((RandomnessProof.OpeningArm)roll.Reveals[0].Proof).Value.Value)),
                "outcome" => (Records[rolls + 1], Within(Records[rolls + 1], roll.Randomness)),
                "time" => (Records[2], Within(Records[2], height.Value.StateRoot) + 40),
                "state root" => (Records[2], Within(Records[2], height.Value.StateRoot)),
                "certificate's round" => (Records[2], Within(Records[2], height.Certificate.ValueId) - 3),
                "certificate's signature" => (Records[2], Within(Records[2], height.Certificate.Signatures[1].Signature)),
                "tag of a record" => (Records[2], Records[2] + 4),
                "end" => (Records[^1], Bytes.Length - 1),
                _ => throw new ArgumentOutOfRangeException(nameof(what)),
            };
        }

        private static RollOutcome? RollOf(DecidedValue decided) =>
            decided.Value.Operations.Select(operation => EncodedOperation.Parse<TableOperation>(operation.Body.Span)).OfType<TableOperation.RollArm>().FirstOrDefault()?.Value;

        private int Within(int record, ReadOnlyMemory<byte> bytes)
        {
            var at = Bytes.AsSpan(record).IndexOf(bytes.Span);
            Assert.True(at >= 0);
            return record + at;
        }
    }
}
