using BitChat.Messages;

namespace BitChat.Peer;

/// <summary>A vote and the seat that cast it.</summary>
public sealed record SeatVote(int Seat, Vote Vote);
