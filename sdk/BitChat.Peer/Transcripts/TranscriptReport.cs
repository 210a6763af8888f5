using BitChat.Messages;

namespace BitChat.Peer;

/// <summary>A roll of a transcript.</summary>
/// <param name="Roll">Its number.</param>
/// <param name="Height">Where it was decided.</param>
/// <param name="Leader">Who had ended betting.</param>
/// <param name="Randomness">Its outcome, 32 bytes.</param>
/// <param name="IsAborted">True where it had no outcome.</param>
public sealed record TranscriptRoll(ulong Roll, ulong Height, ReadOnlyMemory<byte> Leader, ReadOnlyMemory<byte> Randomness, bool IsAborted);

/// <summary>A player that was expelled.</summary>
/// <param name="Player">Who.</param>
/// <param name="Height">Where.</param>
/// <param name="Evidence">The proof.</param>
public sealed record TranscriptExpulsion(ReadOnlyMemory<byte> Player, ulong Height, Evidence Evidence);

/// <summary>What a transcript says, or where it is wrong.</summary>
/// <param name="Fault">Why it proves nothing; null where all holds.</param>
/// <param name="Offset">Offset of the record that is wrong, in bytes.</param>
/// <param name="State">The last state that holds.</param>
/// <param name="Rolls">Rolls up to it.</param>
/// <param name="Expulsions">Expulsions up to it.</param>
public sealed record TranscriptReport(string? Fault, int Offset, TableState? State, IReadOnlyList<TranscriptRoll> Rolls, IReadOnlyList<TranscriptExpulsion> Expulsions);
