using System.Buffers;
using BitChat.Messages;
using Xtmp.Protocol;

namespace BitChat.Peer.Tests.Table;

/// <summary>What a file, a clock or the order of operations can say that the rules of a table must not believe.</summary>
public sealed class RulesForgeryTests
{
    private readonly TestTable _table = new(4);

    public static TheoryData<string> Lies { get; } =
    [
        "a player twice", "a bet without its number", "a bet of nobody", "no such bet", "a bank that cannot pay", "a bet twice", "a point that is none",
        "more chips than were brought", "a leader beyond the seats", "a dealing that is none", "an epoch near the end", "operations that nobody decided", "a roll that nobody closed",
    ];

    [Theory]
    [MemberData(nameof(Lies))]
    public void a_transcript_begins_with_a_table_that_somebody_could_have_opened(string lie)
    {
        var genesis = _table.Genesis.Encoded;
        var game = EncodedOperation.Parse<CrapsState>(genesis.Game.Span)!;
        var bet = new CrapsWagerState { Operation = new byte[16], Player = game.Players[0].Player, Bet = CrapsBet.Field, Stake = 1, Point = null };
        TableSnapshot Of(CrapsState other) => genesis with { Game = EncodedOperation.Of(other), BroughtIn = (ulong)other.Players.Aggregate((UInt128)other.Bank, (sum, player) => sum + player.Chips) + (ulong)other.Bets.Count };
        var state = lie switch
        {
            "a player twice" => Of(game with { Players = [game.Players[0], game.Players[0] with { Chips = 7 }] }),
            "a bet without its number" => Of(game with { Bets = [bet with { Bet = CrapsBet.HardWay }] }),
            "a bet of nobody" => Of(game with { Bets = [bet with { Player = new byte[32] }] }),
            "no such bet" => Of(game with { Bets = [bet with { Bet = (CrapsBet)77 }] }),
            "a bank that cannot pay" => Of(game with { Bank = 0, Bets = [bet] }),
            "a bet twice" => Of(game with { Bets = [bet, bet] }),
            "a point that is none" => Of(game with { Point = 200 }),
            "more chips than were brought" => genesis with { BroughtIn = 3 },
            "a leader beyond the seats" => genesis with { Leader = 7 },
            "a dealing that is none" => genesis with { Coin = genesis.Coin with { Dealings = [new SeatDealing { Seat = 7, Dealing = new CoinDealing { Commitments = [new byte[33]], EphemeralKey = new byte[33], MaskedShares = [new byte[32]] } }] } },
            "an epoch near the end" => genesis with { Epoch = ulong.MaxValue },
            "operations that nobody decided" => genesis with { OperationIndex = ulong.MaxValue },
            _ => Of(game with { Final = true, Roll = ulong.MaxValue }),
        };
        var bytes = new ArrayBufferWriter<byte>();
        _ = new TranscriptWriter(bytes, _table.Genesis);
        Assert.Equal("it has no end", TranscriptVerifier.Create().Verify(bytes.WrittenSpan).Fault);
        var record = EncodedOperation.Of<TranscriptRecord>(new TranscriptStart { GameId = _table.Genesis.GameId, State = state });
        var report = TranscriptVerifier.Create().Verify([.. "BITCHAT1"u8, .. (byte[])[0, 0, (byte)(record.Length >> 8), (byte)record.Length], .. record]);
        Assert.Equal("the first state is none", report.Fault);
    }

    [Fact]
    public void a_toss_that_no_bank_can_pay_is_no_table()
    {
        var genesis = new TestTable(4, CoinTossTable.Kind).Genesis;
        var game = EncodedOperation.Parse<TossState>(genesis.Encoded.Game.Span)!;
        var stake = new TossStake { Player = game.Players[0].Player, Heads = true, Stake = 5 };
        Assert.NotNull(CoinTossTable.Kind.Parse(EncodedOperation.Of(game with { Stakes = [stake] })));
        foreach (var lie in new[]
        {
            game with { Stakes = [stake], Bank = 4 },
            game with { Stakes = [stake, stake] },
            game with { Stakes = [stake with { Player = new byte[32] }] },
            game with { Bank = ulong.MaxValue },
            game with { Players = [game.Players[0], game.Players[0]] },
        })
        {
            Assert.Null(CoinTossTable.Kind.Parse(EncodedOperation.Of(lie)));
        }
    }
}
