using System.Collections.Immutable;
using BitChat.Messages;
using Xtmp.Protocol;

namespace BitChat.Peer;

/// <summary>Craps as a table plays it.</summary>
public sealed partial record CrapsTable : IGame
{
    public static GameKind Kind { get; } = new("craps", (players, bank) => Open(players.Select(player => (player.Player, player.Chips)), bank), Parse);

    bool IGame.AwaitsRoll => AreBetsFinal;

    ReadOnlyMemory<byte>? IGame.Close => Bets.IsEmpty ? null : EncodedOperation.Of<CrapsOperation>(new CloseBets { Roll = Roll });

    IReadOnlyList<PlayerChips> IGame.Players => [.. Chips.Select(player => new PlayerChips { Player = Convert.FromHexString(player.Key), Chips = player.Value })];

    GameStep IGame.Play(ReadOnlyMemory<byte> player, ReadOnlyMemory<byte> operation, ReadOnlySpan<byte> body) => EncodedOperation.Parse<CrapsOperation>(body) switch
    {
        CrapsOperation.PlaceBetArm arm => Wrap(Place(player, operation, arm.Value)),
        CrapsOperation.TakeDownArm arm => Wrap(TakeDown(player, arm.Value)),
        CrapsOperation.CloseBetsArm arm => Wrap(Close(arm.Value)),
        _ => new GameStep(this, GameFault.Malformed),
    };

    GameStep IGame.Settle(ReadOnlySpan<byte> randomness)
    {
        var (first, second) = Dice.Of(randomness);
        return Wrap(Settle(Roll, first, second));
    }

    GameStep IGame.Abort(IReadOnlyCollection<ReadOnlyMemory<byte>> atFault)
    {
        if (!AreBetsFinal)
        {
            return new GameStep(this, GameFault.WrongPhase);
        }

        var losers = atFault.Select(player => Convert.ToHexString(player.Span)).ToHashSet();
        var chips = Chips.ToBuilder();
        var bank = Bank;
        foreach (var bet in Bets)
        {
            if (losers.Contains(bet.Player))
            {
                bank += bet.Stake;
            }
            else
            {
                chips[bet.Player] += bet.Stake;
            }
        }

        return new GameStep(this with { Chips = chips.ToImmutable(), Bank = bank, Bets = [], Point = null, Roll = Roll + 1, AreBetsFinal = false });
    }

    GameStep IGame.Sit(ReadOnlyMemory<byte> player, ulong chips)
    {
        var name = Convert.ToHexString(player.Span);
        return Chips.ContainsKey(name) || Chips.Count >= MaxPlayers ? new GameStep(this, GameFault.NoPlace)
            : TotalChips + chips > long.MaxValue ? new GameStep(this, GameFault.NotEnoughChips)
            : new GameStep(this with { Chips = Chips.Add(name, chips) });
    }

    GameStep IGame.Leave(ReadOnlyMemory<byte> player, bool forfeits)
    {
        var name = Convert.ToHexString(player.Span);
        if (AreBetsFinal)
        {
            return new GameStep(this, GameFault.WrongPhase);
        }

        if (!Chips.TryGetValue(name, out var chips))
        {
            return new GameStep(this, GameFault.UnknownPlayer);
        }

        ulong back = forfeits ? 0 : chips;
        var bank = Bank + (forfeits ? chips : 0);
        foreach (var bet in Bets.Where(bet => bet.Player == name))
        {
            if (forfeits || Stays(bet))
            {
                bank += bet.Stake;
            }
            else
            {
                back += bet.Stake;
            }
        }

        return new GameStep(this with { Chips = Chips.Remove(name), Bank = bank, Bets = [.. Bets.Where(bet => bet.Player != name)] }, PaidOut: back);
    }

    byte[] IGame.ToBytes()
    {
        string[] names = [.. Chips.Keys];
        PlayerChips[] players = [.. ((IGame)this).Players];
        var bets = new CrapsWagerState[Bets.Count];
        for (var i = 0; i < bets.Length; i++)
        {
            var bet = Bets[i];

            // The bytes of a player's name that is in the list already are the same.
            var player = Array.IndexOf(names, bet.Player) is >= 0 and var index ? players[index].Player : Convert.FromHexString(bet.Player);
            bets[i] = new CrapsWagerState { Operation = Convert.FromHexString(bet.Id), Player = player, Bet = bet.Bet, Stake = bet.Stake, Point = bet.Point };
        }

        return ((IXtmpStruct)new CrapsState
        {
            Players = ValueList.TakeOver(players),
            Bank = Bank,
            Bets = ValueList.TakeOver(bets),
            Point = Point,
            Roll = Roll,
            Final = AreBetsFinal,
        }).ToBytes();
    }

    private static CrapsTable? Parse(ReadOnlyMemory<byte> bytes)
    {
        if (EncodedOperation.Parse<CrapsState>(bytes.Span) is not { } state || state.Players.Select(player => Convert.ToHexString(player.Player.Span)).Distinct().Count() != state.Players.Count)
        {
            return null;
        }

        var table = new CrapsTable
        {
            Chips = state.Players.ToImmutableSortedDictionary(player => Convert.ToHexString(player.Player.Span), player => player.Chips, StringComparer.Ordinal),
            Bank = state.Bank,
            Bets = [.. state.Bets.Select(bet => new CrapsWager(Convert.ToHexString(bet.Operation.Span), Convert.ToHexString(bet.Player.Span), bet.Bet, bet.Stake, bet.Point))],
            Point = state.Point,
            Roll = state.Roll,
            AreBetsFinal = state.Final,
        };
        return table.IsSound() ? table : null;
    }

    /// <summary>What holds of every table that is played: each bet can be settled, and the bank can pay.</summary>
    private bool IsSound() =>
        (Point is null || IsPoint(Point))
        && TotalChips <= long.MaxValue
        && Bets.All(bet => bet.Stake > 0 && Chips.ContainsKey(bet.Player) && bet.Bet switch
        {
            CrapsBet.Place => IsPoint(bet.Point),
            CrapsBet.HardWay => bet.Point is 4 or 6 or 8 or 10,
            CrapsBet.Come or CrapsBet.DontCome => bet.Point is null || IsPoint(bet.Point),
            _ => bet.Point is null && Enum.IsDefined(bet.Bet),
        })
        && Bets.Select(bet => (bet.Player, bet.Id)).Distinct().Count() == Bets.Count
        && Bets.Aggregate(UInt128.Zero, (sum, bet) => sum + bet.MaxWin) <= Bank;

    private static bool IsPoint(byte? number) => number is 4 or 5 or 6 or 8 or 9 or 10;

    private static GameStep Wrap(CrapsStep step) => new(step.Table, step.Fault);
}
