using BitChat.Messages;

namespace BitChat.Peer;

/// <summary>What a seat is about to sign. Kept until its height is decided.</summary>
/// <param name="Height">Height.</param>
/// <param name="Round">Round.</param>
/// <param name="Kind">The vote; null for a proposal.</param>
/// <param name="ValueId">The value; null for a vote against all.</param>
/// <param name="Value">The whole value, with a proposal, and with a precommit for it, which locks the seat.</param>
/// <param name="ProofOfLockRound">With a proposal, and with a prevote for it: the earlier round with a quorum of prevotes for the value.</param>
/// <param name="Proof">With a lock, the prevotes that it rests on, without which no other seat could follow it.</param>
public sealed record SignedIntent(ulong Height, uint Round, VoteKind? Kind, ReadOnlyMemory<byte>? ValueId, ProposedValue? Value = null, uint? ProofOfLockRound = null, LockProof? Proof = null);
