using BitChat.Messages;

namespace BitChat.Peer;

/// <summary>
/// How a table that its seats have left is settled, by whoever holds its last certified state: a silo, or a judge. Stakes of a roll
/// without an outcome go back, but for those of seats that kept it from one, which the bank takes. Bets without a roll go back as
/// far as they may be taken down.
/// </summary>
/// <param name="Chips">What each player is owed.</param>
/// <param name="Bank">What is left to the bank.</param>
/// <param name="AtFault">Who kept the last roll from an outcome.</param>
public sealed record Settlement(IReadOnlyList<PlayerChips> Chips, ulong Bank, IReadOnlyCollection<ReadOnlyMemory<byte>> AtFault)
{
    /// <summary>Settles.</summary>
    /// <param name="rules">The rules.</param>
    /// <param name="state">The last state that is certified.</param>
    /// <param name="reveals">Parts of the roll in progress that came.</param>
    public static Settlement Of(TableRules rules, TableState state, IReadOnlyList<RandomnessReveal> reveals)
    {
        ArgumentNullException.ThrowIfNull(rules);
        ArgumentNullException.ThrowIfNull(state);
        var game = state.Game;
        IReadOnlyCollection<ReadOnlyMemory<byte>> atFault = [];
        if (game.AwaitsRoll)
        {
            atFault = rules.AtFault(state, reveals) ?? [];
            game = game.Abort(atFault).Game;
        }

        var chips = new List<PlayerChips>();
        foreach (var player in game.Players)
        {
            var step = game.Leave(player.Player, forfeits: false);
            game = step.Game;
            chips.Add(new PlayerChips { Player = player.Player, Chips = step.PaidOut });
        }

        return new Settlement(chips, (ulong)game.TotalChips, atFault);
    }
}
