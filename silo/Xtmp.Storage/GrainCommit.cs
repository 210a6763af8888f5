namespace Xtmp.Storage;

/// <summary>
/// All that one turn changes. The grain's version becomes <see cref="ExpectedVersion"/> + 1, also where the state itself
/// stays: whatever belongs to the grain is protected by its one version.
/// </summary>
public sealed class GrainCommit
{
    public required GrainId Id { get; init; }

    /// <summary>The version the turn started from; 0 for a grain that has never committed.</summary>
    public required long ExpectedVersion { get; init; }

    /// <summary>The new encoded state, or null where it stays as it is (and stays absent where there is none).</summary>
    public byte[]? State { get; init; }

    /// <summary>
    /// True removes state, entries and reminders, whatever else is in here but the outbox. The grain itself goes too,
    /// unless messages of it are on their way; those need to know where they come from.
    /// </summary>
    public bool Forget { get; init; }

    /// <summary>At most one write for a key.</summary>
    public IReadOnlyList<EntryWrite> Entries { get; init; } = [];

    /// <summary>Messages to send; their ids carry this grain and the new version.</summary>
    public IReadOnlyList<OutboxRecord> Outbox { get; init; } = [];

    /// <summary>Messages of this grain that are done with, because this turn compensated them.</summary>
    public IReadOnlyList<OutboxId> OutboxRemovals { get; init; } = [];

    /// <summary>At most one write for a name.</summary>
    public IReadOnlyList<ReminderWrite> Reminders { get; init; } = [];

    /// <summary>
    /// True where it ends what is already on its way (a delivery, the news of one, a reminder): it may use what a full store
    /// keeps in reserve.
    /// </summary>
    public bool Settles { get; init; }

    /// <summary>True where anything is stored that was not there, or is other than it was.</summary>
    internal bool Adds => !Forget && (State is not null || ExpectedVersion == 0 || AddsRows);

    /// <summary>True where a grain that is there gets another state, and nothing beside it.</summary>
    internal bool OnlyReplacesState => ExpectedVersion != 0 && !AddsRows;

    /// <summary>True where it is about the grain's own row and no other.</summary>
    internal bool HasNoRows => !Forget && Entries.Count + Outbox.Count + OutboxRemovals.Count + Reminders.Count == 0;

    private bool AddsRows
    {
        get
        {
            if (Outbox.Count > 0)
            {
                return true;
            }

            // Counted, not enumerated: each commit passes here.
            for (var i = 0; i < Entries.Count; i++)
            {
                if (!Entries[i].Removes)
                {
                    return true;
                }
            }

            for (var i = 0; i < Reminders.Count; i++)
            {
                if (Reminders[i].Reminder is not null)
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>About the bytes it adds, if nothing that it replaces is counted.</summary>
    internal long Size
    {
        get
        {
            const int RowBytes = 64;
            long size = RowBytes + (2L * Id.Key.Length) + (State?.Length ?? 0) + ((long)RowBytes * Reminders.Count);
            for (var i = 0; i < Entries.Count; i++)
            {
                var entry = Entries[i];
                size += entry.Removes ? 0 : RowBytes + entry.Key.Length + entry.Value.Length;
            }

            for (var i = 0; i < Outbox.Count; i++)
            {
                var message = Outbox[i];
                size += RowBytes + (2L * message.Target.Key.Length) + message.Payload.Length;
            }

            return size;
        }
    }
}

/// <summary>An entry to add or replace, or to remove.</summary>
public readonly record struct EntryWrite
{
    private EntryWrite(string key, ReadOnlyMemory<byte> value, bool removes)
    {
        Key = key;
        Value = value;
        Removes = removes;
    }

    public string Key { get; }

    /// <summary>The new value; empty in a removal.</summary>
    public ReadOnlyMemory<byte> Value { get; }

    public bool Removes { get; }

    public static EntryWrite Put(string key, ReadOnlyMemory<byte> value) => new(key, value, removes: false);

    public static EntryWrite Remove(string key) => new(key, default, removes: true);
}

/// <summary>A reminder to set, or with a null record to remove.</summary>
public readonly record struct ReminderWrite(string Name, ReminderRecord? Reminder);

/// <summary>How a commit ended, where the store worked.</summary>
public enum CommitOutcome : byte
{
    Committed = 0,

    /// <summary>The grain has another version; nothing was written.</summary>
    Conflict = 1,
}
