using BitChat.Messages;

namespace BitChat.Peer;

/// <summary>
/// A game as a table sees it: an immutable state, and operations that make another of it. Nothing but the arguments goes in,
/// so that every seat comes to the same. The sum of players, stakes and bank never changes but by <see cref="Sit"/> and
/// <see cref="Leave"/>.
/// </summary>
public interface IGame
{
    /// <summary>Number of the next roll, from 0.</summary>
    ulong Roll { get; }

    /// <summary>True while bets are final and the roll's outcome is awaited. Only then may anything of its randomness be told.</summary>
    bool AwaitsRoll { get; }

    /// <summary>Players, stakes and bank together.</summary>
    UInt128 TotalChips { get; }

    /// <summary>The operation that makes bets final; null while there is nothing to roll for.</summary>
    ReadOnlyMemory<byte>? Close { get; }

    /// <summary>Chips of each player that are on no bet.</summary>
    IReadOnlyList<PlayerChips> Players { get; }

    /// <summary>An operation of the game.</summary>
    /// <param name="player">Who, 32 bytes.</param>
    /// <param name="operation">Its id, 16 bytes.</param>
    /// <param name="body">What, in the game's encoding.</param>
    GameStep Play(ReadOnlyMemory<byte> player, ReadOnlyMemory<byte> operation, ReadOnlySpan<byte> body);

    /// <summary>The roll's outcome.</summary>
    /// <param name="randomness">32 bytes that nobody could choose.</param>
    GameStep Settle(ReadOnlySpan<byte> randomness);

    /// <summary>The roll ends without an outcome: players at fault lose their stakes to the bank, the others get theirs back.</summary>
    GameStep Abort(IReadOnlyCollection<ReadOnlyMemory<byte>> atFault);

    /// <summary>A player comes with chips.</summary>
    GameStep Sit(ReadOnlyMemory<byte> player, ulong chips);

    /// <summary>A player goes, with what is on no bet and the stakes that may be taken back, or with nothing; the rest is the bank's.</summary>
    GameStep Leave(ReadOnlyMemory<byte> player, bool forfeits);

    /// <summary>The canonical encoding.</summary>
    byte[] ToBytes();
}

/// <summary>What an operation makes of a game.</summary>
/// <param name="Game">The game afterwards; the one before where there is a fault.</param>
/// <param name="Fault">Why nothing changed, or <see cref="GameFault.None"/>.</param>
/// <param name="PaidOut">Chips that left with a player.</param>
public readonly record struct GameStep(IGame Game, GameFault Fault = GameFault.None, ulong PaidOut = 0);
