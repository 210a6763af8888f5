using System.Runtime.InteropServices;
using Npgsql;
using NpgsqlTypes;

namespace Xtmp.Storage;

/// <summary>
/// The commits of one transaction as a fixed number of statements over arrays, so that they are prepared once and cost the
/// same few round trips whatever their number.
/// </summary>
internal sealed class PostgresCommitBatch(PostgresGrainStoreOptions options)
{
    private readonly Dictionary<GrainId, PendingCommit> _commits = [];
    private long _bytes;

    public IReadOnlyCollection<PendingCommit> Commits => _commits.Values;

    /// <summary>True where no commit has entries, messages, reminders, or forgets.</summary>
    public bool IsOnlyState { get; private set; } = true;

    public void Clear()
    {
        _commits.Clear();
        _bytes = 0;
        IsOnlyState = true;
    }

    /// <summary>False where the batch is full, or already has a commit of that grain.</summary>
    public bool TryAdd(PendingCommit pending)
    {
        if ((_bytes > 0 && _bytes >= options.MaxTransactionBytes) || (_commits.Count > 0 && _commits.Count >= options.MaxCommitsPerTransaction) || !_commits.TryAdd(pending.Commit.Id, pending))
        {
            return false;
        }

        var commit = pending.Commit;
        _bytes += commit.State?.Length ?? 0;
        foreach (var entry in commit.Entries)
        {
            _bytes += entry.Value.Length;
        }

        foreach (var message in commit.Outbox)
        {
            _bytes += message.Payload.Length;
        }

        IsOnlyState &= commit.HasNoRows;
        return true;
    }

    /// <summary>Takes out, and answers, what the store has no room for.</summary>
    public void Refuse(StoreCapacity capacity)
    {
        foreach (var pending in _commits.Values.ToArray())
        {
            if (capacity.Refuse(pending.Commit) is { } full)
            {
                _commits.Remove(pending.Commit.Id);
                pending.SetException(full);
            }
        }
    }

    /// <summary>Writes states and versions. Sets the outcome of each commit.</summary>
    public async Task WriteGrainsAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction)
    {
        // Rows are locked in one order everywhere, so that transactions of two silos wait for each other rarely.
        var ordered = _commits.Values.OrderBy(pending => pending.Commit.Id.Kind, StringComparer.Ordinal).ThenBy(pending => pending.Commit.Id.Key, StringComparer.Ordinal).ToArray();
        Array.ForEach(ordered, pending => pending.Outcome = CommitOutcome.Conflict);
        await using var batch = new NpgsqlBatch(connection, transaction);
        var known = ordered.Select(pending => pending.Commit).Where(commit => commit.ExpectedVersion != 0).ToArray();
        if (known.Length > 0)
        {
            batch.BatchCommands.Add(Command(
                """
                UPDATE xtmp_grain AS g SET version = g.version + 1, state = CASE WHEN c.forget THEN NULL ELSE coalesce(c.state, g.state) END
                FROM unnest($1, $2, $3, $4, $5) AS c(kind, key, expected, state, forget)
                WHERE g.kind = c.kind AND g.key = c.key AND g.version = c.expected
                RETURNING g.kind, g.key
                """,
                Texts(known, commit => commit.Id.Kind),
                Texts(known, commit => commit.Id.Key),
                Column(known, NpgsqlDbType.Bigint, commit => commit.ExpectedVersion),
                Column(known, NpgsqlDbType.Bytea, commit => commit.State),
                Column(known, NpgsqlDbType.Boolean, commit => commit.Forget)));
        }

        var fresh = ordered.Select(pending => pending.Commit).Where(commit => commit.ExpectedVersion == 0).ToArray();
        if (fresh.Length > 0)
        {
            batch.BatchCommands.Add(Command(
                """
                INSERT INTO xtmp_grain (kind, key, version, state) SELECT kind, key, 1, state FROM unnest($1, $2, $3) AS c(kind, key, state)
                ON CONFLICT DO NOTHING RETURNING kind, key
                """,
                Texts(fresh, commit => commit.Id.Kind),
                Texts(fresh, commit => commit.Id.Key),
                Column(fresh, NpgsqlDbType.Bytea, commit => commit.Forget ? null : commit.State)));
        }

        if (batch.BatchCommands.Count == 0)
        {
            return;
        }

        await using var reader = await batch.ExecuteReaderAsync().ConfigureAwait(false);
        do
        {
            while (await reader.ReadAsync().ConfigureAwait(false))
            {
                _commits[new GrainId(reader.GetString(0), reader.GetString(1))].Outcome = CommitOutcome.Committed;
            }
        }
        while (await reader.NextResultAsync().ConfigureAwait(false));
    }

    /// <summary>
    /// Writes what else the commits that won have, takes delivered messages out, and commits: in one round trip. After a statement
    /// that fails the server skips those behind it, the COMMIT among them.
    /// </summary>
    public async Task WriteRestAndCommitAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, IEnumerable<OutboxId> delivered)
    {
        var won = _commits.Values.Where(pending => pending.Outcome == CommitOutcome.Committed).Select(pending => pending.Commit).ToArray();
        var kept = won.Where(commit => !commit.Forget).ToArray();
        await using var batch = new NpgsqlBatch(connection, transaction);
        var entries = kept.SelectMany(commit => commit.Entries.Select(entry => (commit.Id, Entry: entry))).ToArray();
        Add(batch, entries.Where(row => !row.Entry.Removes).ToArray(), rows => Command(
            """
            INSERT INTO xtmp_entry (kind, key, name, value) SELECT * FROM unnest($1, $2, $3, $4)
            ON CONFLICT (kind, key, name) DO UPDATE SET value = excluded.value
            """,
            Texts(rows, row => row.Id.Kind), Texts(rows, row => row.Id.Key), Texts(rows, row => row.Entry.Key), Column(rows, NpgsqlDbType.Bytea, row => Bytes(row.Entry.Value))));
        Add(batch, entries.Where(row => row.Entry.Removes).ToArray(), rows => Command(
            "DELETE FROM xtmp_entry AS e USING unnest($1, $2, $3) AS c(kind, key, name) WHERE e.kind = c.kind AND e.key = c.key AND e.name = c.name",
            Texts(rows, row => row.Id.Kind), Texts(rows, row => row.Id.Key), Texts(rows, row => row.Entry.Key)));
        Add(batch, won.SelectMany(commit => commit.Outbox).ToArray(), rows => Command(
            """
            INSERT INTO xtmp_outbox (kind, key, version, ordinal, target_kind, target_key, method, payload, notify)
            SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9)
            """,
            Texts(rows, row => row.Id.Source.Kind),
            Texts(rows, row => row.Id.Source.Key),
            Column(rows, NpgsqlDbType.Bigint, row => row.Id.Version),
            Column(rows, NpgsqlDbType.Integer, row => row.Id.Ordinal),
            Texts(rows, row => row.Target.Kind),
            Texts(rows, row => row.Target.Key),
            Texts(rows, row => row.Method),
            Column(rows, NpgsqlDbType.Bytea, row => Bytes(row.Payload)),
            Column(rows, NpgsqlDbType.Boolean, row => row.Notify)));
        Add(batch, won.SelectMany(commit => commit.OutboxRemovals).Concat(delivered).ToArray(), rows => Command(
            """
            DELETE FROM xtmp_outbox AS o USING unnest($1, $2, $3, $4) AS c(kind, key, version, ordinal)
            WHERE o.kind = c.kind AND o.key = c.key AND o.version = c.version AND o.ordinal = c.ordinal
            """,
            Texts(rows, row => row.Source.Kind), Texts(rows, row => row.Source.Key), Column(rows, NpgsqlDbType.Bigint, row => row.Version), Column(rows, NpgsqlDbType.Integer, row => row.Ordinal)));
        var reminders = kept.SelectMany(commit => commit.Reminders.Select(write => (commit.Id, Write: write))).ToArray();
        Add(batch, reminders.Where(row => row.Write.Reminder is not null).ToArray(), rows => Command(
            """
            INSERT INTO xtmp_reminder (kind, key, name, due, period) SELECT * FROM unnest($1, $2, $3, $4, $5)
            ON CONFLICT (kind, key, name) DO UPDATE SET due = excluded.due, period = excluded.period
            """,
            Texts(rows, row => row.Id.Kind),
            Texts(rows, row => row.Id.Key),
            Texts(rows, row => row.Write.Name),
            Column(rows, NpgsqlDbType.Bigint, row => StoredTime.ToMicroseconds(row.Write.Reminder!.Due)),
            Column(rows, NpgsqlDbType.Bigint, row => row.Write.Reminder!.Period?.Ticks / TimeSpan.TicksPerMicrosecond)));
        Add(batch, reminders.Where(row => row.Write.Reminder is null).ToArray(), rows => Command(
            "DELETE FROM xtmp_reminder AS r USING unnest($1, $2, $3) AS c(kind, key, name) WHERE r.kind = c.kind AND r.key = c.key AND r.name = c.name",
            Texts(rows, row => row.Id.Kind), Texts(rows, row => row.Id.Key), Texts(rows, row => row.Write.Name)));
        var forgotten = won.Where(commit => commit.Forget).Select(commit => commit.Id).ToArray();
        foreach (var text in forgotten.Length > 0 ? Forget : [])
        {
            batch.BatchCommands.Add(Command(text, Texts(forgotten, id => id.Kind), Texts(forgotten, id => id.Key)));
        }

        batch.BatchCommands.Add(new NpgsqlBatchCommand("COMMIT"));
        await batch.ExecuteNonQueryAsync().ConfigureAwait(false);
    }

    // The grain's row stays while messages of it are on their way: their ids must not be given out again.
    private static string[] Forget { get; } =
    [
        "DELETE FROM xtmp_entry AS e USING unnest($1, $2) AS c(kind, key) WHERE e.kind = c.kind AND e.key = c.key",
        "DELETE FROM xtmp_reminder AS r USING unnest($1, $2) AS c(kind, key) WHERE r.kind = c.kind AND r.key = c.key",
        """
        DELETE FROM xtmp_grain AS g USING unnest($1, $2) AS c(kind, key)
        WHERE g.kind = c.kind AND g.key = c.key AND NOT EXISTS (SELECT 1 FROM xtmp_outbox AS o WHERE o.kind = g.kind AND o.key = g.key)
        """,
    ];

    private static void Add<T>(NpgsqlBatch batch, T[] rows, Func<T[], NpgsqlBatchCommand> make)
    {
        if (rows.Length > 0)
        {
            batch.BatchCommands.Add(make(rows));
        }
    }

    private static NpgsqlBatchCommand Command(string text, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlBatchCommand(text);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(parameter);
        }

        return command;
    }

    private static NpgsqlParameter Texts<T>(T[] rows, Func<T, string> value) => Column(rows, NpgsqlDbType.Text, value);

    private static NpgsqlParameter Column<T, TValue>(T[] rows, NpgsqlDbType type, Func<T, TValue> value) =>
        new NpgsqlParameter<TValue[]> { TypedValue = Array.ConvertAll(rows, row => value(row)), NpgsqlDbType = NpgsqlDbType.Array | type };

    private static byte[] Bytes(ReadOnlyMemory<byte> value) =>
        MemoryMarshal.TryGetArray(value, out var segment) && segment.Offset == 0 && segment.Count == segment.Array!.Length ? segment.Array : value.ToArray();
}
