using Microsoft.Extensions.DependencyInjection;
using Orleans.Concurrency;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Runtime;

namespace Xtmp.Grains;

/// <summary>
/// A topic that sessions follow: first what stands now or what was missed, then what changes, each update once and in order. The
/// updates themselves are the business of the grain the topic speaks of. It keeps nothing, so that there is one in each silo that
/// follows the topic: streams are served by the silo their session is with, tell of that silo, and outlive the others.
/// </summary>
[StatelessWorker(1, removeIdleWorkers: false)]
public sealed class StreamGrain : XtmpGrain, IStreamHandler
{
    // Updates of a wallet that are sent again to a subscriber that was away; of the others as many as their grains keep.
    private const int MaxReplay = 64;

    private readonly MeterReadings _readings;
    private readonly TimeProvider _time;

    public StreamGrain(MeterReadings readings, [FromKeyedServices(Orleans.Runtime.TimeProviderNames.Grains)] TimeProvider time)
    {
        _readings = readings;
        _time = time;
    }

    public IAsyncEnumerable<LiveUpdate> UpdatesAsync(LiveUpdates request, CallContext context = default)
    {
        if (Topics.TryGetBundle(request.Topic, out var bundleId))
        {
            RequireType(request, StreamType.BundleUpdates);
            return Open(request, context, () => ReplayBundleAsync(request, bundleId));
        }

        if (Topics.TryGetWallet(request.Topic, out var walletKey))
        {
            RequireType(request, StreamType.WalletUpdates);
            if (!string.Equals(Convert.ToHexStringLower(context.RequireCaller().Wallet.Span), walletKey, StringComparison.Ordinal))
            {
                throw Refusal.Of(XtmpErrorCode.PermissionDenied, "A wallet's updates are for a session that speaks for it.", "topic");
            }

            return Open(request, context, () => ReplayWalletAsync(request, Convert.FromHexString(walletKey)));
        }

        if (Topics.TryGetName(request.Topic, out var name) && new RegistryQuery { Name = name }.TryValidate(out _))
        {
            RequireType(request, StreamType.RegistryUpdates);
            return Open(request, context, () => ReplayNameAsync(request, name));
        }

        if (Topics.TryGetSession(request.Topic, out var sessionKey) && ulong.TryParse(sessionKey, out var sessionId) && Topics.OfSession(GrainKey.Of(sessionId)) == request.Topic)
        {
            RequireType(request, StreamType.SessionUpdates);
            var caller = context.RequireCaller();
            if (caller.SessionId != sessionId && !caller.Roles.HasFlag(CallerRoles.Operator))
            {
                throw Refusal.Of(XtmpErrorCode.PermissionDenied, "A session's updates are for itself and for operators.", "topic");
            }

            return Open(request, context, () => ReplaySessionAsync(request, sessionId));
        }

        throw Refusal.Of(XtmpErrorCode.NotFound, "Topics are bundle:<bundle id>, wallet:<64 hex digits>, registry:<name> and session:<session id>.", "topic");
    }

    public IAsyncEnumerable<EventItem> EventsAsync(EventStream request, CallContext context = default) => request.Topic == Topics.Events
        ? EventFollower.FollowAsync(Context.Subscribe<EventItem>(Topics.Events, SlowSubscribers.Options(request.WhenSlow)), request, context.CancellationToken)
        : throw Refusal.Of(XtmpErrorCode.NotFound, $"Events have the topic {Topics.Events}.", "topic");

    public IAsyncEnumerable<MetricsItem> MetricsAsync(MetricsStream request, CallContext context = default) => request.Topic == Topics.Metrics
        ? MetricsFollower.FollowAsync(_readings, _time, request, context.CancellationToken)
        : throw Refusal.Of(XtmpErrorCode.NotFound, $"Metrics have the topic {Topics.Metrics}.", "topic");

    private static void RequireType(LiveUpdates request, StreamType type)
    {
        if (request.StreamType != type)
        {
            throw Refusal.Of(XtmpErrorCode.PayloadInvalid, $"The topic speaks of {type}.", "stream_type");
        }
    }

    private static LiveUpdate Gap(LiveUpdates request, ulong last, ulong missed, DateTimeOffset at) =>
        new() { Topic = request.Topic, Sequence = last, At = at, Body = new UpdateGap { Missed = missed } };

    /// <summary>The subscription is in place before the past is read, so that nothing falls between.</summary>
    private IAsyncEnumerable<LiveUpdate> Open(LiveUpdates request, CallContext context, Func<ValueTask<List<LiveUpdate>>> replay) => Context.OpenStream(async () =>
        UpdateFollower.FollowAsync(Context.Subscribe<LiveUpdate>(request.Topic, SlowSubscribers.Options(request.WhenSlow)), await replay().ConfigureAwait(true), request, context.CancellationToken));

    private async ValueTask<List<LiveUpdate>> ReplayBundleAsync(LiveUpdates request, string bundleId)
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

        // All steps, whenever it comes: a bundle's life is short.
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

    private async ValueTask<List<LiveUpdate>> ReplayWalletAsync(LiveUpdates request, byte[] wallet)
    {
        var client = new WalletClient(Context.Calls);
        var snapshot = await client.SnapshotAsync(new WalletSnapshot { Wallet = wallet }).ConfigureAwait(true);
        var now = new LiveUpdate { Topic = request.Topic, Sequence = snapshot.Sequence, At = snapshot.Update.At, Body = snapshot.Update };
        if (request.After is not { } after)
        {
            return [now];
        }

        if (snapshot.Sequence <= after)
        {
            return [];
        }

        var history = await client.HistoryAsync(new WalletHistory { Wallet = wallet, Limit = MaxReplay }).ConfigureAwait(true);
        List<LiveUpdate> missed =
        [
            .. history.Entries.Where(line => line.Sequence > after).Reverse().Select(line => new LiveUpdate
            {
                Topic = request.Topic,
                Sequence = line.Sequence,
                At = line.At,
                Body = new WalletBalanceUpdate
                {
                    Wallet = wallet,
                    Balance = line.Balance,
                    Currency = snapshot.Update.Currency,
                    OperationId = line.OperationId,
                    At = line.At,
                    Held = line.Held,
                },
            }),
        ];
        return WithGap(request, after, missed.Count > 0 ? missed : [now]);
    }

    private async ValueTask<List<LiveUpdate>> ReplayNameAsync(LiveUpdates request, string name)
    {
        var kept = await new RegistryClient(Context.Calls).RevisionsAsync(new RegistryRevisions { Name = name, After = request.After ?? 0 }).ConfigureAwait(true);
        List<LiveUpdate> updates =
        [
            .. kept.Updates.Select((update, index) => new LiveUpdate { Topic = request.Topic, Sequence = kept.First + (ulong)index, At = update.At, Body = update }),
        ];
        return request.After is { } after ? WithGap(request, after, updates) : [.. updates.TakeLast(1)];
    }

    private async ValueTask<List<LiveUpdate>> ReplaySessionAsync(LiveUpdates request, ulong sessionId)
    {
        var snapshot = await new SessionClient(Context.Calls).SnapshotAsync(new SessionSnapshot { SessionId = sessionId }).ConfigureAwait(true);
        return snapshot.Update is { } update && snapshot.Sequence > (request.After ?? 0)
            ? WithGap(request, request.After ?? snapshot.Sequence - 1, [new LiveUpdate { Topic = request.Topic, Sequence = snapshot.Sequence, At = update.At, Body = update }])
            : [];
    }

    private static List<LiveUpdate> WithGap(LiveUpdates request, ulong after, List<LiveUpdate> updates)
    {
        if (updates.Count > 0 && updates[0].Sequence > after + 1)
        {
            updates.Insert(0, Gap(request, after, updates[0].Sequence - after - 1, updates[0].At));
        }

        return updates;
    }
}
