using Xtmp.Protocol;

namespace Xtmp.Runtime;

/// <summary>How a subscription is buffered.</summary>
public sealed record SubscriptionOptions
{
    public static SubscriptionOptions Default { get; } = new();

    /// <summary>Items queued for this subscriber before the policy applies.</summary>
    public int Capacity { get; init; } = 256;

    public SlowConsumerPolicy Policy { get; init; }

    /// <summary>With <see cref="SlowConsumerPolicy.Coalesce"/>: what an item is the latest of. Null: of its topic.</summary>
    public Func<IXtmpMessage, string>? KeyOf { get; init; }
}
