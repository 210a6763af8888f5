namespace BitChat.Peer;

/// <summary>What a timeout is for.</summary>
public enum ConsensusTimeoutKind : byte
{
    Propose = 0,
    Prevote = 1,
    Precommit = 2,
}

/// <summary>A timeout of a step. One that comes when the step is over does nothing.</summary>
public readonly record struct ConsensusTimeout(ConsensusTimeoutKind Kind, ulong Height, uint Round);
