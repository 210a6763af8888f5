using Orleans.Placement;
using System.Runtime.CompilerServices;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Runtime;

namespace Xtmp.Grains;

/// <summary>
/// A topic that sessions follow: first what stands now, then what changes, each update once and in order. The updates
/// themselves are the business of the grain the topic speaks of.
/// </summary>
[PreferLocalPlacement]
public sealed class StreamGrain : XtmpGrain, IStreamHandler
{
    public IAsyncEnumerable<LiveUpdate> UpdatesAsync(LiveUpdates request, CallContext context = default)
    {
        if (Topics.TryGetBundle(request.Topic, out var bundleId))
        {
            RequireType(request, StreamType.BundleUpdates);
            return Context.OpenStream(async () => Follow(
                Context.Subscribe<LiveUpdate>(request.Topic, SlowSubscribers.Options(request.WhenSlow)), await BundleHistoryAsync(request, bundleId).ConfigureAwait(true), request, context.CancellationToken));
        }

        if (Topics.TryGetWallet(request.Topic, out var walletKey))
        {
            RequireType(request, StreamType.WalletUpdates);
            if (!string.Equals(Convert.ToHexStringLower(context.RequireCaller().Wallet.Span), walletKey, StringComparison.Ordinal))
            {
                throw Refusal.Of(XtmpErrorCode.PermissionDenied, "A wallet's updates are for a session that speaks for it.", "topic");
            }

            return Context.OpenStream(async () => Follow(
                Context.Subscribe<LiveUpdate>(request.Topic, SlowSubscribers.Options(request.WhenSlow)), await WalletSnapshotAsync(request).ConfigureAwait(true), request, context.CancellationToken));
        }

        throw Refusal.Of(XtmpErrorCode.NotFound, "Topics are bundle:<bundle id> and wallet:<64 hex digits>.", "topic");
    }

    public IAsyncEnumerable<EventItem> EventsAsync(EventStream request, CallContext context = default) =>
        throw Refusal.Of(XtmpErrorCode.NotServed, "This silo publishes no events over XTMP; it has no way yet to tell who may read them.", "topic");

    public IAsyncEnumerable<MetricsItem> MetricsAsync(MetricsStream request, CallContext context = default) =>
        throw Refusal.Of(XtmpErrorCode.NotServed, "This silo publishes no metrics over XTMP; it has no way yet to tell who may read them.", "topic");

    private static void RequireType(LiveUpdates request, StreamType type)
    {
        if (request.StreamType != type)
        {
            throw Refusal.Of(XtmpErrorCode.PayloadInvalid, $"The topic speaks of {type}.", "stream_type");
        }
    }

    /// <summary>
    /// The subscription was opened before the snapshot was read, so an update may be in both; its sequence tells.
    /// </summary>
    private static async IAsyncEnumerable<LiveUpdate> Follow(
        IAsyncEnumerable<TopicEvent<LiveUpdate>> live, IReadOnlyList<LiveUpdate> snapshot, LiveUpdates request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var wanted = request.Filter?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var last = request.After ?? 0;

        // A gap happened somewhere after the update before it; nothing knows a better time.
        var at = DateTimeOffset.UnixEpoch;
        foreach (var update in snapshot)
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

    private static bool IsWanted(LiveUpdate update, string[]? wanted) =>
        wanted is null || wanted.Contains(
            update.Body.Match(static _ => "bundle_status", static _ => "wallet_balance", static _ => "gap", static _ => "unknown"),
            StringComparer.Ordinal);

    private async ValueTask<IReadOnlyList<LiveUpdate>> BundleHistoryAsync(LiveUpdates request, string bundleId)
    {
        BundleStatusReply status;
        try
        {
            status = await new BundleClient(Context.Calls).StatusAsync(new BundleStatus { BundleId = bundleId }).ConfigureAwait(true);
        }
        catch (XtmpException error) when (error.Code == XtmpErrorCode.BundleUnknown)
        {
            // Nothing yet: the subscriber will see everything live.
            return [];
        }

        var updates = new List<LiveUpdate>();
        var previous = status.History[0].Status;
        for (var index = 0; index < status.History.Count; index++)
        {
            var step = status.History[index];
            var sequence = (ulong)index + 1;
            if (sequence > (request.After ?? 0))
            {
                updates.Add(new LiveUpdate
                {
                    Topic = request.Topic,
                    Sequence = sequence,
                    At = step.At,
                    Body = new BundleStatusUpdate { BundleId = bundleId, Status = step.Status, Previous = previous, At = step.At, Detail = step.Detail },
                });
            }

            previous = step.Status;
        }

        return updates;
    }

    private async ValueTask<IReadOnlyList<LiveUpdate>> WalletSnapshotAsync(LiveUpdates request)
    {
        var wallet = Convert.FromHexString(request.Topic.AsSpan(request.Topic.IndexOf(':') + 1));
        var snapshot = await new WalletClient(Context.Calls).SnapshotAsync(new WalletSnapshot { Wallet = wallet }).ConfigureAwait(true);
        var after = request.After ?? 0;
        var updates = new List<LiveUpdate>();
        if (request.After is not null && snapshot.Sequence > after + 1)
        {
            updates.Add(new LiveUpdate { Topic = request.Topic, Sequence = snapshot.Sequence - 1, At = snapshot.Update.At, Body = new UpdateGap { Missed = snapshot.Sequence - after - 1 } });
        }

        if (request.After is null || snapshot.Sequence > after)
        {
            updates.Add(new LiveUpdate { Topic = request.Topic, Sequence = snapshot.Sequence, At = snapshot.Update.At, Body = snapshot.Update });
        }

        return updates;
    }
}
