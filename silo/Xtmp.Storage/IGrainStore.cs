using Xtmp.Protocol;

namespace Xtmp.Storage;

/// <summary>
/// Durable storage of grains. A commit is atomic, durable when its task completes, and happens only when the grain still
/// has the version the writer loaded: two writers can never overwrite each other. Any thread may call any member.
/// Failures are <see cref="XtmpException"/>s: <see cref="XtmpErrorCode.StorageUnavailable"/> where the store cannot
/// read or write (corrupt, gone), <see cref="XtmpErrorCode.StorageFull"/> where it has reached a limit (<see cref="StoreLimits"/>)
/// or its disk is full, <see cref="XtmpErrorCode.Overloaded"/> where its bounded queue is full; after any of them, nothing of that commit is stored unless the error's message says that the outcome is unknown.
/// </summary>
public interface IGrainStore : IAsyncDisposable
{
    /// <summary>
    /// True where other processes may write to the same store. A silo then checks a grain's version also after
    /// turns that only read.
    /// </summary>
    bool IsShared { get; }

    /// <summary>State, version and reminders of a grain; version 0 where it has none.</summary>
    ValueTask<GrainRecord> LoadAsync(GrainId id, CancellationToken cancellationToken = default);

    /// <summary>The committed version; 0 where the grain has never committed.</summary>
    ValueTask<long> ReadVersionAsync(GrainId id, CancellationToken cancellationToken = default);

    /// <summary>Commits everything in it, or nothing. The store reads <paramref name="commit"/> until the task completes.</summary>
    ValueTask<CommitOutcome> CommitAsync(GrainCommit commit);

    /// <summary>One entry, or null.</summary>
    ValueTask<byte[]?> ReadEntryAsync(GrainId id, string key, CancellationToken cancellationToken = default);

    /// <summary>Entries with the prefix that come after <paramref name="after"/> in ordinal order.</summary>
    ValueTask<IReadOnlyList<GrainEntry>> ReadEntriesAsync(GrainId id, string prefix, string after, int limit, CancellationToken cancellationToken = default);

    /// <summary>
    /// Undelivered outbox messages in a stable order, after <paramref name="after"/> (null: from the first). Every
    /// message that stays in the store is reached by paging to the end and starting over.
    /// </summary>
    ValueTask<IReadOnlyList<OutboxRecord>> ReadOutboxAsync(OutboxId? after, int limit, CancellationToken cancellationToken = default);

    /// <summary>True while the message is in the outbox. Sees every commit that has completed.</summary>
    ValueTask<bool> ContainsOutboxAsync(OutboxId id, CancellationToken cancellationToken = default);

    /// <summary>
    /// Takes a delivered message out of the outbox. Need not be durable when it returns: a message that comes back after
    /// a crash is delivered again, which its receiver expects.
    /// </summary>
    ValueTask RemoveOutboxAsync(OutboxId id);

    /// <summary>Reminders due at or before <paramref name="upTo"/>, earliest first.</summary>
    ValueTask<IReadOnlyList<DueReminder>> ReadDueRemindersAsync(DateTimeOffset upTo, int limit, CancellationToken cancellationToken = default);

    /// <summary>When the earliest reminder is due, or null.</summary>
    ValueTask<DateTimeOffset?> ReadNextReminderAsync(CancellationToken cancellationToken = default);
}
