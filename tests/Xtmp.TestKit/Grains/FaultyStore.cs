using Xtmp.Protocol;
using Xtmp.Runtime;
using Xtmp.Storage;

namespace Xtmp.TestKit;

/// <summary>
/// A store in front of another that fails, stalls, forgets to answer or dies as the test says. After <see cref="Crash"/>
/// nothing that the silo above still does reaches the store below, which a new silo can then be started on.
/// </summary>
public sealed class FaultyStore(IGrainStore inner) : IGrainStore
{
    private volatile bool _crashed;

    /// <summary>Runs before each commit; throws or waits.</summary>
    public Func<GrainCommit, ValueTask>? BeforeCommit { get; set; }

    /// <summary>Runs after each commit was stored and before the silo hears of it; throws or waits.</summary>
    public Func<GrainCommit, ValueTask>? AfterCommit { get; set; }

    /// <summary>Runs before each load.</summary>
    public Func<GrainId, ValueTask>? BeforeLoad { get; set; }

    public bool IsShared => inner.IsShared;

    public static XtmpException Unavailable() => new(XtmpErrorCode.StorageUnavailable, Fault.Local, "The disk at /secret/path is on fire.", retryable: true);

    public void Crash() => _crashed = true;

    public async ValueTask<GrainRecord> LoadAsync(GrainId id, CancellationToken cancellationToken = default)
    {
        Live();
        if (BeforeLoad is { } before)
        {
            await before(id);
        }

        return await inner.LoadAsync(id, cancellationToken);
    }

    public ValueTask<long> ReadVersionAsync(GrainId id, CancellationToken cancellationToken = default)
    {
        Live();
        return inner.ReadVersionAsync(id, cancellationToken);
    }

    public async ValueTask<CommitOutcome> CommitAsync(GrainCommit commit)
    {
        Live();
        if (BeforeCommit is { } before)
        {
            await before(commit);
            Live();
        }

        var outcome = await inner.CommitAsync(commit);
        if (AfterCommit is { } after)
        {
            await after(commit);
        }

        Live();
        return outcome;
    }

    public ValueTask<byte[]?> ReadEntryAsync(GrainId id, string key, CancellationToken cancellationToken = default)
    {
        Live();
        return inner.ReadEntryAsync(id, key, cancellationToken);
    }

    public ValueTask<IReadOnlyList<GrainEntry>> ReadEntriesAsync(GrainId id, string prefix, string after, int limit, CancellationToken cancellationToken = default)
    {
        Live();
        return inner.ReadEntriesAsync(id, prefix, after, limit, cancellationToken);
    }

    public ValueTask<IReadOnlyList<OutboxRecord>> ReadOutboxAsync(OutboxId? after, int limit, CancellationToken cancellationToken = default)
    {
        Live();
        return inner.ReadOutboxAsync(after, limit, cancellationToken);
    }

    public ValueTask<bool> ContainsOutboxAsync(OutboxId id, CancellationToken cancellationToken = default)
    {
        Live();
        return inner.ContainsOutboxAsync(id, cancellationToken);
    }

    public ValueTask RemoveOutboxAsync(OutboxId id)
    {
        Live();
        return inner.RemoveOutboxAsync(id);
    }

    public ValueTask<IReadOnlyList<DueReminder>> ReadDueRemindersAsync(DateTimeOffset upTo, int limit, CancellationToken cancellationToken = default)
    {
        Live();
        return inner.ReadDueRemindersAsync(upTo, limit, cancellationToken);
    }

    public ValueTask<DateTimeOffset?> ReadNextReminderAsync(CancellationToken cancellationToken = default)
    {
        Live();
        return inner.ReadNextReminderAsync(cancellationToken);
    }

    /// <summary>The store below stays the test's.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private void Live()
    {
        if (_crashed)
        {
            throw new XtmpException(XtmpErrorCode.StorageUnavailable, Fault.Local, "The process is dead.", retryable: true);
        }
    }
}
