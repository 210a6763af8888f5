using BitChat.Messages;

namespace BitChat.Peer;

/// <summary>
/// The bets of the table. Place bets are off while the table has no point; hard ways always work. A bet that wins is over:
/// who wants it again places it again.
/// </summary>
internal static class CrapsRules
{
    /// <summary>The table's point after a roll.</summary>
    public static byte? NextPoint(byte? point, int total) =>
        point is null ? (total is 4 or 5 or 6 or 8 or 9 or 10 ? (byte)total : null)
        : total == 7 || total == point ? null
        : point;

    /// <summary>What the dice do to a bet; the odds where it wins, and its point where it stays.</summary>
    public static (CrapsOutcome Outcome, CrapsOdds Odds, byte? Point) Decide(CrapsWager wager, byte? tablePoint, byte firstDie, byte secondDie)
    {
        var total = firstDie + secondDie;
        return wager.Bet switch
        {
            CrapsBet.PassLine => (OfLine(tablePoint, total), CrapsOdds.Even, null),
            CrapsBet.DontPass => (OfDont(tablePoint, total), CrapsOdds.Even, null),
            CrapsBet.Come => (OfLine(wager.Point, total), CrapsOdds.Even, wager.Point ?? (byte)total),
            CrapsBet.DontCome => (OfDont(wager.Point, total), CrapsOdds.Even, wager.Point ?? (byte)total),
            CrapsBet.Field => (total is 2 or 3 or 4 or 9 or 10 or 11 or 12 ? CrapsOutcome.Wins : CrapsOutcome.Loses, CrapsOdds.OfField(total), null),
            CrapsBet.Place => (OfPlace(wager.Point!.Value, tablePoint, total), CrapsOdds.OfPlace(wager.Point.Value), wager.Point),
            CrapsBet.HardWay => (OfHardWay(wager.Point!.Value, firstDie, secondDie), CrapsOdds.OfHardWay(wager.Point.Value), wager.Point),
            CrapsBet.AnySeven => (total == 7 ? CrapsOutcome.Wins : CrapsOutcome.Loses, CrapsOdds.AnySeven, null),
            CrapsBet.AnyCraps => (total is 2 or 3 or 12 ? CrapsOutcome.Wins : CrapsOutcome.Loses, CrapsOdds.AnyCraps, null),
            _ => throw new InvalidOperationException($"There is no bet {wager.Bet}."),
        };
    }

    private static CrapsOutcome OfLine(byte? point, int total) => point is { } number
        ? total == number ? CrapsOutcome.Wins : total == 7 ? CrapsOutcome.Loses : CrapsOutcome.Stays
        : total switch
        {
            7 or 11 => CrapsOutcome.Wins,
            2 or 3 or 12 => CrapsOutcome.Loses,
            _ => CrapsOutcome.Stays,
        };

    private static CrapsOutcome OfDont(byte? point, int total) => point is { } number
        ? total == 7 ? CrapsOutcome.Wins : total == number ? CrapsOutcome.Loses : CrapsOutcome.Stays
        : total switch
        {
            7 or 11 => CrapsOutcome.Loses,
            2 or 3 => CrapsOutcome.Wins,
            12 => CrapsOutcome.Pushes,
            _ => CrapsOutcome.Stays,
        };

    private static CrapsOutcome OfPlace(byte point, byte? tablePoint, int total) =>
        tablePoint is null ? CrapsOutcome.Stays
        : total == point ? CrapsOutcome.Wins
        : total == 7 ? CrapsOutcome.Loses
        : CrapsOutcome.Stays;

    private static CrapsOutcome OfHardWay(byte point, byte firstDie, byte secondDie) =>
        firstDie + secondDie == point ? (firstDie == secondDie ? CrapsOutcome.Wins : CrapsOutcome.Loses)
        : firstDie + secondDie == 7 ? CrapsOutcome.Loses
        : CrapsOutcome.Stays;
}
