namespace Xtmp.Session;

/// <summary>What became of a stream item.</summary>
public enum SendItemResult : byte
{
    Sent = 0,

    /// <summary>The peer has given no credit for it: wait for <see cref="SessionEventKind.CreditAvailable"/>.</summary>
    NoCredit = 1,

    /// <summary>The exchange is over, or was cancelled.</summary>
    Gone = 2,
}
