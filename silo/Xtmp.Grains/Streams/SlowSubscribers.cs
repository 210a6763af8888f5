using System.Globalization;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Runtime;

namespace Xtmp.Grains;

/// <summary>What a subscriber wants to happen when it reads too slowly, as the runtime understands it.</summary>
internal static class SlowSubscribers
{
    public static SubscriptionOptions Options(WhenSlow wish) => new()
    {
        Policy = wish switch
        {
            WhenSlow.DropNewest => SlowConsumerPolicy.DropNewest,
            WhenSlow.KeepLatest => SlowConsumerPolicy.Coalesce,
            WhenSlow.Disconnect => SlowConsumerPolicy.Disconnect,
            _ => SlowConsumerPolicy.DropOldest,
        },
        KeyOf = KeyOf,
    };

    // An update is the latest of its arm, an event of its name.
    private static string KeyOf(IXtmpMessage item) => item switch
    {
        LiveUpdate update => update.Body.Tag.ToString(CultureInfo.InvariantCulture),
        EventItem happened => happened.Name,
        _ => "",
    };
}
