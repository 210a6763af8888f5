using Xtmp.Protocol;

namespace Xtmp.Storage;

/// <summary>
/// A store for tests and throw-away silos: everything is lost with the process. It outlives the silos that use it, so
/// a test can drop one silo and start another on the same store.
/// </summary>
public sealed class MemoryGrainStore : IGrainStore
{
    // Grains are spread over locks so that turns of different grains commit side by side.
    private const int StripeCount = 64;

    private readonly Stripe[] _stripes = new Stripe[StripeCount];
    private readonly Lock _outboxLock = new();
    private readonly SortedDictionary<OutboxId, OutboxRecord> _outbox = new(OutboxIdComparer.Instance);
    private readonly Lock _remindersLock = new();
    private readonly Dictionary<(GrainId Id, string Name), ReminderRecord> _reminders = [];

    private readonly StoreCapacity _capacity;

    /// <param name="limits">How much it keeps; null: the defaults.</param>
    public MemoryGrainStore(StoreLimits? limits = null)
    {
        _capacity = new StoreCapacity(limits ?? new StoreLimits(), "memory");
        for (var i = 0; i < _stripes.Length; i++)
        {
            _stripes[i] = new Stripe();
        }
    }

    public bool IsShared { get; init; }

    /// <summary>Every grain of a kind that has committed, in no order: for tests that add up what is stored.</summary>
    public IReadOnlyList<(GrainId Id, GrainRecord Record)> ReadAll(string kind)
    {
        var all = new List<(GrainId, GrainRecord)>();
        foreach (var stripe in _stripes)
        {
            lock (stripe.Lock)
            {
                all.AddRange(stripe.Grains.Where(pair => pair.Key.Kind == kind)
                    .Select(pair => (pair.Key, new GrainRecord(pair.Value.Version, pair.Value.State, []))));
            }
        }

        return all;
    }

    public ValueTask<GrainRecord> LoadAsync(GrainId id, CancellationToken cancellationToken = default)
    {
        var stripe = StripeOf(id);
        lock (stripe.Lock)
        {
            if (!stripe.Grains.TryGetValue(id, out var row))
            {
                return new ValueTask<GrainRecord>(GrainRecord.Absent);
            }

            IReadOnlyList<ReminderRecord> reminders = [];
            if (row.HasReminders)
            {
                lock (_remindersLock)
                {
                    reminders = [.. _reminders.Where(pair => pair.Key.Id == id).Select(pair => pair.Value)];
                }
            }

            return new ValueTask<GrainRecord>(new GrainRecord(row.Version, row.State, reminders));
        }
    }

    public ValueTask<long> ReadVersionAsync(GrainId id, CancellationToken cancellationToken = default)
    {
        var stripe = StripeOf(id);
        lock (stripe.Lock)
        {
            return new ValueTask<long>(stripe.Grains.TryGetValue(id, out var row) ? row.Version : 0);
        }
    }

    public ValueTask<CommitOutcome> CommitAsync(GrainCommit commit)
    {
        var stripe = StripeOf(commit.Id);
        lock (stripe.Lock)
        {
            stripe.Grains.TryGetValue(commit.Id, out var row);
            if ((row?.Version ?? 0) != commit.ExpectedVersion)
            {
                return new ValueTask<CommitOutcome>(CommitOutcome.Conflict);
            }

            if (_capacity.Refuse(commit) is { } full)
            {
                return ValueTask.FromException<CommitOutcome>(full);
            }

            if (row is null)
            {
                row = new Row();
                stripe.Grains.Add(commit.Id, row);
                _capacity.Grew(0, 1);
            }

            row.Version++;
            if (commit.Forget)
            {
                Forget(commit, stripe, row);
                return new ValueTask<CommitOutcome>(CommitOutcome.Committed);
            }

            long grown = 0;
            if (commit.State is { } state)
            {
                grown += state.Length - (row.State?.Length ?? 0);
                row.State = (byte[])state.Clone();
            }

            foreach (var entry in commit.Entries)
            {
                grown -= row.Entries?.TryGetValue(entry.Key, out var old) == true ? old.Length : 0;
                if (entry.Removes)
                {
                    row.Entries?.Remove(entry.Key);
                }
                else
                {
                    grown += entry.Value.Length;
                    (row.Entries ??= new SortedDictionary<string, byte[]>(StringComparer.Ordinal))[entry.Key] = entry.Value.ToArray();
                }
            }

            _capacity.Grew(grown, 0);
            WriteOutbox(commit);

            if (commit.Reminders.Count > 0)
            {
                lock (_remindersLock)
                {
                    row.HasReminders = true;
                    foreach (var write in commit.Reminders)
                    {
                        if (write.Reminder is { } reminder)
                        {
                            _reminders[(commit.Id, write.Name)] = reminder;
                        }
                        else
                        {
                            _reminders.Remove((commit.Id, write.Name));
                        }
                    }
                }
            }
        }

        return new ValueTask<CommitOutcome>(CommitOutcome.Committed);
    }

    public ValueTask<byte[]?> ReadEntryAsync(GrainId id, string key, CancellationToken cancellationToken = default)
    {
        var stripe = StripeOf(id);
        lock (stripe.Lock)
        {
            var found = stripe.Grains.TryGetValue(id, out var row) && row.Entries is { } entries && entries.TryGetValue(key, out var value) ? value : null;
            return new ValueTask<byte[]?>(found);
        }
    }

    public ValueTask<IReadOnlyList<GrainEntry>> ReadEntriesAsync(GrainId id, string prefix, string after, int limit, CancellationToken cancellationToken = default)
    {
        var stripe = StripeOf(id);
        lock (stripe.Lock)
        {
            var page = new List<GrainEntry>();
            if (stripe.Grains.TryGetValue(id, out var row) && row.Entries is { } entries)
            {
                page.AddRange(entries
                    .Where(pair => pair.Key.StartsWith(prefix, StringComparison.Ordinal) && string.CompareOrdinal(pair.Key, after) > 0)
                    .Take(limit)
                    .Select(pair => new GrainEntry(pair.Key, pair.Value)));
            }

            return new ValueTask<IReadOnlyList<GrainEntry>>(page);
        }
    }

    public ValueTask<IReadOnlyList<OutboxRecord>> ReadOutboxAsync(OutboxId? after, int limit, CancellationToken cancellationToken = default)
    {
        lock (_outboxLock)
        {
            IEnumerable<OutboxRecord> rest = _outbox.Values;
            if (after is { } last)
            {
                rest = rest.Where(message => OutboxIdComparer.Instance.Compare(message.Id, last) > 0);
            }

            return new ValueTask<IReadOnlyList<OutboxRecord>>(rest.Take(limit).ToList());
        }
    }

    public ValueTask<bool> ContainsOutboxAsync(OutboxId id, CancellationToken cancellationToken = default)
    {
        lock (_outboxLock)
        {
            return new ValueTask<bool>(_outbox.ContainsKey(id));
        }
    }

    public ValueTask RemoveOutboxAsync(OutboxId id)
    {
        lock (_outboxLock)
        {
            TakeOut(id);
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask<IReadOnlyList<DueReminder>> ReadDueRemindersAsync(DateTimeOffset upTo, int limit, CancellationToken cancellationToken = default)
    {
        lock (_remindersLock)
        {
            var due = _reminders.Where(pair => pair.Value.Due <= upTo)
                .OrderBy(pair => pair.Value.Due)
                .Take(limit)
                .Select(pair => new DueReminder(pair.Key.Id, pair.Value))
                .ToList();
            return new ValueTask<IReadOnlyList<DueReminder>>(due);
        }
    }

    public ValueTask<DateTimeOffset?> ReadNextReminderAsync(CancellationToken cancellationToken = default)
    {
        lock (_remindersLock)
        {
            return new ValueTask<DateTimeOffset?>(_reminders.Count == 0 ? null : _reminders.Values.Min(reminder => reminder.Due));
        }
    }

    public ValueTask DisposeAsync()
    {
        _capacity.Dispose();
        return ValueTask.CompletedTask;
    }

    // Under the lock of the outbox.
    private void TakeOut(OutboxId id)
    {
        if (_outbox.Remove(id, out var message))
        {
            _capacity.Grew(-message.Payload.Length, 0);
        }
    }

    private void WriteOutbox(GrainCommit commit)
    {
        if (commit.Outbox.Count + commit.OutboxRemovals.Count == 0)
        {
            return;
        }

        lock (_outboxLock)
        {
            foreach (var message in commit.Outbox)
            {
                _outbox.Add(message.Id, message with { Payload = message.Payload.ToArray() });
                _capacity.Grew(message.Payload.Length, 0);
            }

            foreach (var id in commit.OutboxRemovals)
            {
                TakeOut(id);
            }
        }
    }

    // Under the stripe's lock.
    private void Forget(GrainCommit commit, Stripe stripe, Row row)
    {
        WriteOutbox(commit);
        if (row.HasReminders)
        {
            lock (_remindersLock)
            {
                foreach (var name in _reminders.Keys.Where(key => key.Id == commit.Id).ToList())
                {
                    _reminders.Remove(name);
                }
            }
        }

        _capacity.Grew(-(row.State?.Length ?? 0) - (row.Entries?.Values.Sum(value => (long)value.Length) ?? 0), 0);
        row.State = null;
        row.Entries = null;
        lock (_outboxLock)
        {
            if (!_outbox.Keys.Any(id => id.Source == commit.Id))
            {
                stripe.Grains.Remove(commit.Id);
                _capacity.Grew(0, -1);
            }
        }
    }

    private Stripe StripeOf(GrainId id) => _stripes[(uint)id.GetHashCode() % StripeCount];

    private sealed class Stripe
    {
        public Lock Lock { get; } = new();

        public Dictionary<GrainId, Row> Grains { get; } = [];
    }

    private sealed class Row
    {
        public long Version { get; set; }

        public byte[]? State { get; set; }

        public SortedDictionary<string, byte[]>? Entries { get; set; }

        public bool HasReminders { get; set; }
    }

    private sealed class OutboxIdComparer : IComparer<OutboxId>
    {
        public static OutboxIdComparer Instance { get; } = new();

        public int Compare(OutboxId x, OutboxId y)
        {
            var order = string.CompareOrdinal(x.Source.Kind, y.Source.Kind);
            order = order != 0 ? order : string.CompareOrdinal(x.Source.Key, y.Source.Key);
            order = order != 0 ? order : x.Version.CompareTo(y.Version);
            return order != 0 ? order : x.Ordinal.CompareTo(y.Ordinal);
        }
    }
}
