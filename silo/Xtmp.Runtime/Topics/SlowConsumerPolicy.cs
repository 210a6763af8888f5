namespace Xtmp.Runtime;

/// <summary>What happens to a subscriber that reads too slowly.</summary>
public enum SlowConsumerPolicy : byte
{
    /// <summary>The oldest items are dropped; a gap notice counts them where they were.</summary>
    DropOldest = 0,

    /// <summary>What comes while there is no room is dropped; a gap notice counts it behind what is queued.</summary>
    DropNewest = 1,

    /// <summary>
    /// An item takes the place of the queued one of the same key (<see cref="SubscriptionOptions.KeyOf"/>), so that the
    /// reader gets the latest of each. Where there are more keys than room the oldest item is dropped and counted.
    /// </summary>
    Coalesce = 2,

    /// <summary>The subscription ends with <see cref="XtmpErrorCode.SlowConsumer"/> after what is queued.</summary>
    Disconnect = 3,
}
