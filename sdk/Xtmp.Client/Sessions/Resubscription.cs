using Xtmp.Messages;
using Xtmp.Protocol;

namespace Xtmp.Client;

/// <summary>
/// How a stream goes on with the session that follows a lost one. Updates carry a sequence: the silo is told where to go on,
/// and reports itself what it has not kept. Events and metrics begin anew, behind a notice. What was missed of any other
/// stream nobody could tell.
/// </summary>
internal static class Resubscription
{
    public static bool IsPossible(IXtmpMessage request) => request is LiveUpdates or EventStream or MetricsStream;

    /// <summary>The request that asks for what follows <paramref name="item"/>.</summary>
    public static IXtmpMessage After(IXtmpMessage request, IXtmpMessage item) =>
        request is LiveUpdates updates && item is LiveUpdate update ? updates with { After = update.Sequence } : request;

    /// <summary>What a reader is told before a stream begins anew: an item with the sequence 0, which no silo sends. Null where the silo tells it.</summary>
    public static IXtmpMessage? Notice(IXtmpMessage request, DateTimeOffset now) => request switch
    {
        EventStream events => new EventItem
        {
            Topic = events.Topic,
            Sequence = 0,
            At = now,
            Severity = EventSeverity.Warning,
            Name = "gap",
            Detail = "The connection was lost. Events until now may be missing.",
            Attributes = default,
        },
        MetricsStream metrics => new MetricsItem { Topic = metrics.Topic, Sequence = 0, At = now, Samples = [] },
        _ => null,
    };
}
