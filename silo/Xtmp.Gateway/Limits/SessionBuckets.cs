using Xtmp.Protocol;

namespace Xtmp.Gateway;

/// <summary>The buckets of one session, and where those of its caller and address were found last. For one thread at a time.</summary>
internal sealed class SessionBuckets
{
    /// <summary>The session's own, once they have counted something.</summary>
    public CostBuckets? Own { get; set; }

    /// <summary>Whose <see cref="Identity"/> is.</summary>
    public CallerInfo? Caller { get; set; }

    public CostBuckets? Identity { get; set; }

    public CostBuckets? Address { get; set; }

    /// <summary>How often callers had been forgotten when these were found.</summary>
    public int Forgotten { get; set; }
}
