using BitChat.Messages;

namespace BitChat.Peer;

/// <summary>A bet on the table. Its stake is in escrow.</summary>
/// <param name="Id">Hex of the operation that placed it.</param>
/// <param name="Player">Hex of who placed it.</param>
/// <param name="Bet">What it is on.</param>
/// <param name="Stake">Chips.</param>
/// <param name="Point">The number of a place or hard-way bet; the point of a come or don't-come bet once it has one.</param>
public sealed record CrapsWager(string Id, string Player, CrapsBet Bet, ulong Stake, byte? Point)
{
    /// <summary>Chips the bank adds at most, if it wins.</summary>
    public ulong MaxWin
    {
        get
        {
            var odds = Bet switch
            {
                CrapsBet.Field => new CrapsOdds(3, 1),
                CrapsBet.Place => CrapsOdds.OfPlace(Point!.Value),
                CrapsBet.HardWay => CrapsOdds.OfHardWay(Point!.Value),
                CrapsBet.AnySeven => CrapsOdds.AnySeven,
                CrapsBet.AnyCraps => CrapsOdds.AnyCraps,
                _ => CrapsOdds.Even,
            };
            return odds.Win(Stake);
        }
    }
}
