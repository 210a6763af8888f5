using System.Runtime.CompilerServices;
using Xtmp.Messages;
using Xtmp.Runtime;

namespace Xtmp.Grains;

/// <summary>Joins what was before a subscription with what comes by it. An update may be in both; its sequence tells.</summary>
internal static class UpdateFollower
{
    public static async IAsyncEnumerable<LiveUpdate> FollowAsync(
        IAsyncEnumerable<TopicEvent<LiveUpdate>> live, List<LiveUpdate> past, LiveUpdates request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var wanted = request.Filter?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var last = request.After ?? 0;

        // A gap happened somewhere after the update before it; nothing knows a better time.
        var at = DateTimeOffset.UnixEpoch;
        foreach (var update in past)
        {
            last = update.Sequence;
            at = update.At;
            if (IsWanted(update, wanted))
            {
                yield return update;
            }
        }

        await foreach (var (item, missed) in live.WithCancellation(cancellationToken).ConfigureAwait(true))
        {
            if (item is null)
            {
                yield return new LiveUpdate { Topic = request.Topic, Sequence = last, At = at, Body = new UpdateGap { Missed = (ulong)missed } };
            }
            else if (item.Sequence > last)
            {
                last = item.Sequence;
                at = item.At;
                if (IsWanted(item, wanted))
                {
                    yield return item;
                }
            }
        }
    }

    // The names of the union's arms in the schema.
    private static bool IsWanted(LiveUpdate update, string[]? wanted) =>
        wanted is null || wanted.Contains(
            update.Body.Match(static _ => "bundle_status", static _ => "wallet_balance", static _ => "gap", static _ => "registry_record", static _ => "session", static _ => "unknown"),
            StringComparer.Ordinal);
}
