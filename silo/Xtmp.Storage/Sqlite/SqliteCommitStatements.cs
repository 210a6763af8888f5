namespace Xtmp.Storage;

/// <summary>The writer's statements: one commit becomes rows.</summary>
internal sealed class SqliteCommitStatements
{
    private readonly SqliteStatement _insert;
    private readonly SqliteStatement _updateState;
    private readonly SqliteStatement _updateVersion;
    private readonly SqliteStatement _updateStateAlone;
    private readonly SqliteConnection _connection;
    private readonly SqliteStatement _putEntry;
    private readonly SqliteStatement _removeEntry;
    private readonly SqliteStatement _addOutbox;
    private readonly SqliteStatement _removeOutbox;
    private readonly SqliteStatement _putReminder;
    private readonly SqliteStatement _removeReminder;
    private readonly SqliteStatement _forgetEntries;
    private readonly SqliteStatement _forgetReminders;
    private readonly SqliteStatement _forgetState;
    private readonly SqliteStatement _forgetGrain;

    public SqliteCommitStatements(SqliteConnection connection)
    {
        _connection = connection;
        Begin = connection.Prepare("BEGIN IMMEDIATE");
        Commit = connection.Prepare("COMMIT");
        _insert = connection.Prepare("INSERT INTO grain (kind, key, version, state, seal) VALUES (?, ?, 1, ?, ?) ON CONFLICT DO NOTHING RETURNING id");
        _updateState = connection.Prepare("UPDATE grain SET version = version + 1, state = ?, seal = ? WHERE kind = ? AND key = ? AND version = ? RETURNING id");
        _updateVersion = connection.Prepare("UPDATE grain SET version = version + 1 WHERE kind = ? AND key = ? AND version = ? RETURNING id");

        // RETURNING costs as much as the rest of the statement; where no other row needs the id, the number of changed rows will do.
        _updateStateAlone = connection.Prepare("UPDATE grain SET version = version + 1, state = ?, seal = ? WHERE kind = ? AND key = ? AND version = ?");
        _putEntry = connection.Prepare("INSERT INTO entry (grain, key, value, seal) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value, seal = excluded.seal");
        _removeEntry = connection.Prepare("DELETE FROM entry WHERE grain = ? AND key = ?");
        _addOutbox = connection.Prepare("INSERT INTO outbox (grain, version, ordinal, target_kind, target_key, method, payload, notify, seal) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
        _removeOutbox = connection.Prepare("DELETE FROM outbox WHERE grain = (SELECT id FROM grain WHERE kind = ? AND key = ?) AND version = ? AND ordinal = ?");
        _putReminder = connection.Prepare("INSERT INTO reminder (grain, name, due, period) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET due = excluded.due, period = excluded.period");
        _removeReminder = connection.Prepare("DELETE FROM reminder WHERE grain = ? AND name = ?");
        _forgetEntries = connection.Prepare("DELETE FROM entry WHERE grain = ?");
        _forgetReminders = connection.Prepare("DELETE FROM reminder WHERE grain = ?");
        _forgetState = connection.Prepare("UPDATE grain SET state = NULL, seal = NULL WHERE id = ?");
        _forgetGrain = connection.Prepare("DELETE FROM grain WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM outbox WHERE grain = ?1) RETURNING id");
    }

    /// <summary>Grains that the commits since <see cref="Begin"/> have added, less those they have removed.</summary>
    public long GrainsAdded { get; set; }

    public SqliteStatement Begin { get; }

    public SqliteStatement Commit { get; }

    public CommitOutcome Apply(GrainCommit commit)
    {
        if (commit is { State: { } state, ExpectedVersion: not 0, HasNoRows: true })
        {
            return TryReplaceState(commit, state) ? CommitOutcome.Committed : CommitOutcome.Conflict;
        }

        if (WriteGrain(commit) is not { } grain)
        {
            return CommitOutcome.Conflict;
        }

        GrainsAdded += commit.ExpectedVersion == 0 ? 1 : 0;

        Span<byte> checksum = stackalloc byte[RowChecksum.Size];
        foreach (var entry in commit.Entries)
        {
            if (entry.Removes)
            {
                _removeEntry.Bind(1, grain).Bind(2, entry.Key).Run();
            }
            else
            {
                RowChecksum.Write(checksum, commit.Id.Key, entry.Key, entry.Value.Span);
                _putEntry.Bind(1, grain).Bind(2, entry.Key).Bind(3, entry.Value.Span).Bind(4, checksum).Run();
            }
        }

        foreach (var message in commit.Outbox)
        {
            RowChecksum.Write(checksum, message.Target.Key, message.Method, message.Payload.Span);
            _addOutbox.Bind(1, grain).Bind(2, message.Id.Version).Bind(3, message.Id.Ordinal)
                .Bind(4, message.Target.Kind).Bind(5, message.Target.Key).Bind(6, message.Method)
                .Bind(7, message.Payload.Span).Bind(8, message.Notify ? 1 : 0).Bind(9, checksum).Run();
        }

        foreach (var id in commit.OutboxRemovals)
        {
            Remove(id);
        }

        if (commit.Forget)
        {
            _forgetEntries.Bind(1, grain).Run();
            _forgetReminders.Bind(1, grain).Run();
            _forgetState.Bind(1, grain).Run();
            _forgetGrain.Bind(1, grain);
            while (_forgetGrain.Step())
            {
                GrainsAdded--;
            }

            _forgetGrain.Reset();
            return CommitOutcome.Committed;
        }

        foreach (var write in commit.Reminders)
        {
            if (write.Reminder is { } reminder)
            {
                _putReminder.Bind(1, grain).Bind(2, write.Name).Bind(3, StoredTime.ToMicroseconds(reminder.Due));
                (reminder.Period is { } period ? _putReminder.Bind(4, period.Ticks / TimeSpan.TicksPerMicrosecond) : _putReminder.BindNull(4)).Run();
            }
            else
            {
                _removeReminder.Bind(1, grain).Bind(2, write.Name).Run();
            }
        }

        return CommitOutcome.Committed;
    }

    public void Remove(OutboxId id) =>
        _removeOutbox.Bind(1, id.Source.Kind).Bind(2, id.Source.Key).Bind(3, id.Version).Bind(4, id.Ordinal).Run();

    private bool TryReplaceState(GrainCommit commit, byte[] state)
    {
        Span<byte> checksum = stackalloc byte[RowChecksum.Size];
        RowChecksum.Write(checksum, commit.Id.Kind, commit.Id.Key, state);
        _updateStateAlone.Bind(1, state).Bind(2, checksum).Bind(3, commit.Id.Kind).Bind(4, commit.Id.Key).Bind(5, commit.ExpectedVersion).Run();
        return _connection.Changes == 1;
    }

    // The row id, or null where the version is not the expected one. The checksum leaves the version out, so that a commit
    // without a new state need not read the old one.
    private long? WriteGrain(GrainCommit commit)
    {
        Span<byte> checksum = stackalloc byte[RowChecksum.Size];
        if (commit.State is { } state)
        {
            RowChecksum.Write(checksum, commit.Id.Kind, commit.Id.Key, state);
        }

        SqliteStatement statement;
        if (commit.ExpectedVersion == 0)
        {
            statement = _insert.Bind(1, commit.Id.Kind).Bind(2, commit.Id.Key);
            _ = commit.State is { } first ? statement.Bind(3, first).Bind(4, checksum) : statement.BindNull(3).BindNull(4);
        }
        else if (commit.State is { } next)
        {
            statement = _updateState.Bind(1, next).Bind(2, checksum).Bind(3, commit.Id.Kind).Bind(4, commit.Id.Key).Bind(5, commit.ExpectedVersion);
        }
        else
        {
            statement = _updateVersion.Bind(1, commit.Id.Kind).Bind(2, commit.Id.Key).Bind(3, commit.ExpectedVersion);
        }

        long? id = null;
        while (statement.Step())
        {
            id = statement.Int64(0);
        }

        statement.Reset();
        return id;
    }
}
