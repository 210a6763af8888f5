namespace BitChat.Peer;

/// <summary>Now, as a peer knows it.</summary>
/// <param name="Elapsed">Time since any fixed moment; never runs backwards. Timeouts are measured by it.</param>
/// <param name="Clock">The wall clock, which may step. Messages are stamped with it.</param>
public readonly record struct PeerTime(TimeSpan Elapsed, DateTimeOffset Clock);
