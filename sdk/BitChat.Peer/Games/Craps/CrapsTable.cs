using System.Collections.Immutable;
using BitChat.Messages;
using Xtmp.Protocol;

namespace BitChat.Peer;

/// <summary>
/// A craps table as a pure state machine: each operation gives another table, or a fault and the same one. All chips are
/// somewhere: with a player, in escrow on a bet, or in the bank; their sum never changes.
/// </summary>
public sealed partial record CrapsTable
{
    public const int MaxPlayers = 8;
    public const int MaxBetsPerPlayer = 32;

    private CrapsTable()
    {
    }

    /// <summary>Chips of each player that are not on a bet, by the player in hex.</summary>
    public required ImmutableSortedDictionary<string, ulong> Chips { get; init; }

    /// <summary>Chips of the bank.</summary>
    public required ulong Bank { get; init; }

    /// <summary>The bets, in the order in which they were placed.</summary>
    public ValueList<CrapsWager> Bets { get; init; } = [];

    /// <summary>4, 5, 6, 8, 9 or 10 while the table has a point; null before a come-out roll.</summary>
    public byte? Point { get; init; }

    /// <summary>Number of the next roll, from 0.</summary>
    public ulong Roll { get; init; }

    /// <summary>True between the end of betting and the roll.</summary>
    public bool AreBetsFinal { get; init; }

    /// <summary>Players, bets and bank together.</summary>
    public UInt128 TotalChips
    {
        get
        {
            UInt128 sum = Bank;
            foreach (var (_, chips) in Chips)
            {
                sum += chips;
            }

            foreach (var bet in Bets)
            {
                sum += bet.Stake;
            }

            return sum;
        }
    }

    /// <param name="players">Who sits there and with how many chips; 1 to <see cref="MaxPlayers"/>.</param>
    /// <param name="bank">Chips the bank can lose.</param>
    /// <exception cref="ArgumentException">Too few or too many players, or more chips than 2^63 − 1 in all.</exception>
    public static CrapsTable Open(IEnumerable<(ReadOnlyMemory<byte> Player, ulong Chips)> players, ulong bank)
    {
        var chips = players.ToImmutableSortedDictionary(player => Convert.ToHexString(player.Player.Span), player => player.Chips, StringComparer.Ordinal);
        var table = new CrapsTable { Chips = chips, Bank = bank };
        return chips.Count is 0 or > MaxPlayers ? throw new ArgumentException($"A table has 1 to {MaxPlayers} players.", nameof(players))
            : table.TotalChips > long.MaxValue ? throw new ArgumentException("A table has at most 2^63 - 1 chips.", nameof(players))
            : table;
    }

    /// <summary>Puts chips on a bet.</summary>
    public CrapsStep Place(ReadOnlyMemory<byte> player, ReadOnlyMemory<byte> operation, PlaceBet request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var name = Convert.ToHexString(player.Span);
        var wager = new CrapsWager(Convert.ToHexString(operation.Span), name, request.Bet, request.Amount, request.Point);
        if (!Chips.TryGetValue(name, out var chips))
        {
            return Refuse(GameFault.UnknownPlayer);
        }

        // Over all bets at once: they are judged for each operation at each seat.
        var (isRepeated, count, risk) = (false, 0, (UInt128)0);
        foreach (var bet in Bets)
        {
            // Players choose the names of their bets: who hears of another's could take it first.
            isRepeated |= bet.Id == wager.Id && bet.Player == name;
            count += bet.Player == name ? 1 : 0;
            risk += bet.MaxWin;
        }

        var fault = AreBetsFinal ? GameFault.WrongPhase
            : CheckPoint(request) ? CheckMoment(request.Bet) : GameFault.WrongPoint;
        fault = fault != GameFault.None ? fault
            : isRepeated ? GameFault.Repeated
            : count >= MaxBetsPerPlayer ? GameFault.TooManyBets
            : request.Amount == 0 || request.Amount > chips ? GameFault.NotEnoughChips
            : risk + wager.MaxWin > Bank ? GameFault.BankTooSmall
            : GameFault.None;
        return fault != GameFault.None ? Refuse(fault) : Apply(this with { Chips = Chips.SetItem(name, chips - request.Amount), Bets = [.. Bets.AsSpan(), wager] });
    }

    /// <summary>Takes a bet back. Pass line and come stay once they have a point, since from then on they are the better side.</summary>
    public CrapsStep TakeDown(ReadOnlyMemory<byte> player, TakeDown request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var name = Convert.ToHexString(player.Span);
        var id = Convert.ToHexString(request.BetOperation.Span);
        if (AreBetsFinal)
        {
            return Refuse(GameFault.WrongPhase);
        }

        if (Bets.FirstOrDefault(bet => bet.Id == id && bet.Player == name) is not { } wager)
        {
            return Refuse(GameFault.UnknownBet);
        }

        return Stays(wager) ? Refuse(GameFault.BetStays) : Apply(this with { Chips = Chips.SetItem(name, Chips[name] + wager.Stake), Bets = [.. Bets.Where(bet => bet != wager)] });
    }

    /// <summary>Makes all bets final. Only then may anything of the roll's randomness be told.</summary>
    public CrapsStep Close(CloseBets request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return AreBetsFinal ? Refuse(GameFault.WrongPhase)
            : request.Roll != Roll ? Refuse(GameFault.WrongRoll)
            : Apply(this with { AreBetsFinal = true });
    }

    /// <summary>Settles the bets that the dice decide. That the dice are the right ones is checked before, with their proofs.</summary>
    public CrapsStep Settle(ulong roll, byte firstDie, byte secondDie)
    {
        if (!AreBetsFinal)
        {
            return Refuse(GameFault.WrongPhase);
        }

        if (roll != Roll)
        {
            return Refuse(GameFault.WrongRoll);
        }

        if (firstDie is < 1 or > 6 || secondDie is < 1 or > 6)
        {
            return Refuse(GameFault.NoSuchDie);
        }

        var chips = Chips.ToBuilder();
        var bets = new List<CrapsWager>(Bets.Count);
        var bank = Bank;
        foreach (var wager in Bets)
        {
            var (outcome, odds, point) = CrapsRules.Decide(wager, Point, firstDie, secondDie);
            switch (outcome)
            {
                case CrapsOutcome.Stays:
                    bets.Add(wager with { Point = point });
                    break;
                case CrapsOutcome.Loses:
                    bank += wager.Stake;
                    break;
                case CrapsOutcome.Pushes:
                    chips[wager.Player] += wager.Stake;
                    break;
                default:
                    var win = odds.Win(wager.Stake);
                    bank -= win;
                    chips[wager.Player] += wager.Stake + win;
                    break;
            }
        }

        return Apply(this with
        {
            Chips = chips.ToImmutable(),
            Bets = bets,
            Bank = bank,
            Point = CrapsRules.NextPoint(Point, firstDie + secondDie),
            Roll = Roll + 1,
            AreBetsFinal = false,
        });
    }

    private static CrapsStep Apply(CrapsTable table) => new(table, GameFault.None);

    private static bool CheckPoint(PlaceBet request) => request.Bet switch
    {
        CrapsBet.Place => request.Point is 4 or 5 or 6 or 8 or 9 or 10,
        CrapsBet.HardWay => request.Point is 4 or 6 or 8 or 10,
        _ => request.Point is null,
    };

    private GameFault CheckMoment(CrapsBet bet) => bet switch
    {
        CrapsBet.PassLine or CrapsBet.DontPass => Point is null ? GameFault.None : GameFault.NotNow,
        CrapsBet.Come or CrapsBet.DontCome or CrapsBet.Place => Point is null ? GameFault.NotNow : GameFault.None,
        CrapsBet.Field or CrapsBet.HardWay or CrapsBet.AnySeven or CrapsBet.AnyCraps => GameFault.None,
        _ => GameFault.NotNow,
    };

    private bool Stays(CrapsWager wager) => (wager.Bet == CrapsBet.PassLine && Point is not null) || (wager.Bet == CrapsBet.Come && wager.Point is not null);

    private CrapsStep Refuse(GameFault fault) => new(this, fault);
}
