using Npgsql;
using Xtmp.Protocol;

namespace Xtmp.Storage;

/// <summary>
/// Grains in a PostgreSQL database, for the silos of a cluster. A commit's task completes when the server has flushed the
/// transaction (<c>synchronous_commit</c> as the server is configured).
/// </summary>
public sealed class PostgresGrainStore : IGrainStore
{
    private readonly NpgsqlDataSource _source;
    private readonly string _place;
    private readonly PostgresWriter[] _writers;
    private readonly StoreCapacity _capacity;
    private int _disposed;

    private PostgresGrainStore(NpgsqlDataSource source, string place, PostgresGrainStoreOptions options)
    {
        _source = source;
        _place = place;
        _capacity = new StoreCapacity(options.Limits, place);
        var gauge = new PostgresGauge(source, _capacity, options.MeasureInterval);
        _writers = [.. Enumerable.Range(0, options.Writers).Select(_ => new PostgresWriter(source, place, options, _capacity, gauge))];
    }

    public bool IsShared => true;

    /// <summary>Connects, and creates or updates the tables.</summary>
    /// <param name="connectionString">As Npgsql reads it, for example <c>Host=db;Database=xtmp;Username=silo</c>.</param>
    /// <param name="options">Limits; null: the defaults.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ArgumentException">The connection string cannot be read.</exception>
    /// <exception cref="XtmpException">
    /// <see cref="XtmpErrorCode.StorageUnavailable"/>: the database cannot be reached or used, or a newer program has changed
    /// its tables; the message says which, and names no password.
    /// </exception>
    public static async Task<PostgresGrainStore> OpenAsync(string connectionString, PostgresGrainStoreOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new PostgresGrainStoreOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Writers, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxConnections, options.Writers + 1);
        var (source, place) = Connect(connectionString, options.MaxConnections);
        try
        {
            await PostgresSchema.MigrateAsync(source, PostgresSchema.Grains, PostgresSchema.GrainSteps, cancellationToken).ConfigureAwait(false);
            return new PostgresGrainStore(source, place, options);
        }
        catch (Exception error)
        {
            await source.DisposeAsync().ConfigureAwait(false);
            if (PostgresErrors.IsExpected(error))
            {
                throw PostgresErrors.Create(place, error);
            }

            throw;
        }
    }

    public ValueTask<GrainRecord> LoadAsync(GrainId id, CancellationToken cancellationToken = default) => ReadAsync(
        """
        SELECT version, state, r.name, r.due, r.period FROM xtmp_grain AS g LEFT JOIN xtmp_reminder AS r ON r.kind = g.kind AND r.key = g.key
        WHERE g.kind = $1 AND g.key = $2
        """,
        static async (reader, cancellationToken) =>
        {
            var record = GrainRecord.Absent;
            var reminders = new List<ReminderRecord>();
            while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                record = record.Version != 0 ? record : new GrainRecord(reader.GetInt64(0), reader.IsDBNull(1) ? null : reader.GetFieldValue<byte[]>(1), reminders);
                if (!reader.IsDBNull(2))
                {
                    reminders.Add(Reminder(reader, 2));
                }
            }

            return record;
        },
        cancellationToken, Text(id.Kind), Text(id.Key));

    public ValueTask<long> ReadVersionAsync(GrainId id, CancellationToken cancellationToken = default) => ReadAsync(
        "SELECT version FROM xtmp_grain WHERE kind = $1 AND key = $2",
        static async (reader, cancellationToken) => await reader.ReadAsync(cancellationToken).ConfigureAwait(false) ? reader.GetInt64(0) : 0,
        cancellationToken, Text(id.Kind), Text(id.Key));

    public ValueTask<CommitOutcome> CommitAsync(GrainCommit commit)
    {
        ArgumentNullException.ThrowIfNull(commit);
        return WriterOf(commit.Id).CommitAsync(commit);
    }

    public ValueTask<byte[]?> ReadEntryAsync(GrainId id, string key, CancellationToken cancellationToken = default) => ReadAsync(
        "SELECT value FROM xtmp_entry WHERE kind = $1 AND key = $2 AND name = $3",
        static async (reader, cancellationToken) => await reader.ReadAsync(cancellationToken).ConfigureAwait(false) ? reader.GetFieldValue<byte[]>(0) : null,
        cancellationToken, Text(id.Kind), Text(id.Key), Text(key));

    public ValueTask<IReadOnlyList<GrainEntry>> ReadEntriesAsync(GrainId id, string prefix, string after, int limit, CancellationToken cancellationToken = default) =>

        // Keys are printable ASCII, so the character after '~' ends the range of a prefix.
        ListAsync(
            "SELECT name, value FROM xtmp_entry WHERE kind = $1 AND key = $2 AND name > $3 AND name >= $4 AND name < $5 ORDER BY name LIMIT $6",
            static reader => new GrainEntry(reader.GetString(0), reader.GetFieldValue<byte[]>(1)),
            cancellationToken, Text(id.Kind), Text(id.Key), Text(after), Text(prefix), Text(prefix + "\u007f"), new NpgsqlParameter<int> { TypedValue = limit });

    public async ValueTask<IReadOnlyList<OutboxRecord>> ReadOutboxAsync(OutboxId? after, int limit, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            // Looked at before and after: a row that was read may be gone before it is looked up.
            var leaving = _writers.SelectMany(static writer => writer.BeingRemoved()).ToHashSet();
            var page = await ListAsync(
                """
                SELECT kind, key, version, ordinal, target_kind, target_key, method, payload, notify FROM xtmp_outbox
                WHERE (kind, key, version, ordinal) > ($1, $2, $3, $4) ORDER BY kind, key, version, ordinal LIMIT $5
                """,
                static reader => new OutboxRecord(
                    new OutboxId(new GrainId(reader.GetString(0), reader.GetString(1)), reader.GetInt64(2), reader.GetInt32(3)),
                    new GrainId(reader.GetString(4), reader.GetString(5)),
                    reader.GetString(6),
                    reader.GetFieldValue<byte[]>(7),
                    reader.GetBoolean(8)),
                cancellationToken,
                Text(after?.Source.Kind ?? ""), Text(after?.Source.Key ?? ""), Number(after?.Version ?? -1), new NpgsqlParameter<int> { TypedValue = after?.Ordinal ?? -1 },
                new NpgsqlParameter<int> { TypedValue = limit }).ConfigureAwait(false);
            var kept = page.Where(message => !leaving.Contains(message.Id) && !WriterOf(message.Id.Source).IsBeingRemoved(message.Id)).ToArray();
            if (kept.Length > 0 || page.Count == 0)
            {
                return kept;
            }

            // An empty page means the end, and this is not it.
            after = page[^1].Id;
        }
    }

    public ValueTask<bool> ContainsOutboxAsync(OutboxId id, CancellationToken cancellationToken = default) => WriterOf(id.Source).IsBeingRemoved(id)
        ? new(false)
        : ReadAsync(
            "SELECT 1 FROM xtmp_outbox WHERE kind = $1 AND key = $2 AND version = $3 AND ordinal = $4",
            static async (reader, cancellationToken) => await reader.ReadAsync(cancellationToken).ConfigureAwait(false),
            cancellationToken, Text(id.Source.Kind), Text(id.Source.Key), Number(id.Version), new NpgsqlParameter<int> { TypedValue = id.Ordinal });

    public ValueTask RemoveOutboxAsync(OutboxId id)
    {
        WriterOf(id.Source).RemoveOutbox(id);
        return ValueTask.CompletedTask;
    }

    public ValueTask<IReadOnlyList<DueReminder>> ReadDueRemindersAsync(DateTimeOffset upTo, int limit, CancellationToken cancellationToken = default) => ListAsync(
        "SELECT kind, key, name, due, period FROM xtmp_reminder WHERE due <= $1 ORDER BY due LIMIT $2",
        static reader => new DueReminder(new GrainId(reader.GetString(0), reader.GetString(1)), Reminder(reader, 2)),
        cancellationToken, Number(StoredTime.ToMicroseconds(upTo)), new NpgsqlParameter<int> { TypedValue = limit });

    public ValueTask<DateTimeOffset?> ReadNextReminderAsync(CancellationToken cancellationToken = default) => ReadAsync<DateTimeOffset?>(
        "SELECT due FROM xtmp_reminder ORDER BY due LIMIT 1",
        static async (reader, cancellationToken) => await reader.ReadAsync(cancellationToken).ConfigureAwait(false) ? StoredTime.FromMicroseconds(reader.GetInt64(0)) : null,
        cancellationToken);

    /// <summary>Writes what is queued, then closes the connections.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        foreach (var writer in _writers)
        {
            await writer.DisposeAsync().ConfigureAwait(false);
        }

        _capacity.Dispose();
        await _source.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>A pool of connections with prepared statements, and the database's name without its password.</summary>
    private static (NpgsqlDataSource Source, string Place) Connect(string connectionString, int maxConnections)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString) { MaxPoolSize = maxConnections, MaxAutoPrepare = 64, AutoPrepareMinUsages = 2 };

        // Every statement here has one good plan, by the primary key. A plan that is prepared while a table is small must not
        // read it whole when it has grown.
        builder.Options = $"{builder.Options} -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off".Trim();
        builder.ApplicationName ??= "xtmp-silo";
        return (NpgsqlDataSource.Create(builder), $"{builder.Host}:{builder.Port}/{builder.Database}");
    }

    private PostgresWriter WriterOf(GrainId id) => _writers[(uint)id.GetHashCode() % (uint)_writers.Length];

    private ValueTask<IReadOnlyList<T>> ListAsync<T>(string text, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken, params NpgsqlParameter[] parameters) =>
        ReadAsync<IReadOnlyList<T>>(
            text,
            async (reader, cancellationToken) =>
            {
                var rows = new List<T>();
                while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    rows.Add(read(reader));
                }

                return rows;
            },
            cancellationToken,
            parameters);

    private async ValueTask<T> ReadAsync<T>(
        string text, Func<NpgsqlDataReader, CancellationToken, Task<T>> read, CancellationToken cancellationToken, params NpgsqlParameter[] parameters)
    {
        if (Volatile.Read(ref _disposed) != 0)
        {
            throw PostgresErrors.Closed(_place);
        }

        for (var retries = 0; ; retries++)
        {
            try
            {
                await using var command = _source.CreateCommand(text);
                foreach (var parameter in parameters)
                {
                    command.Parameters.Add(retries == 0 ? parameter : parameter.Clone());
                }

                await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
                return await read(reader, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception error) when (PostgresErrors.IsExpected(error) && !cancellationToken.IsCancellationRequested)
            {
                if (!PostgresErrors.IsRefusal(error))
                {
                    _source.Clear();
                }

                // A connection that the server closed while it was idle says so only when it is used.
                if (retries > 0 || PostgresErrors.IsRefusal(error))
                {
                    throw PostgresErrors.Create(_place, error);
                }
            }
        }
    }

    private static NpgsqlParameter Text(string value) => new NpgsqlParameter<string> { TypedValue = value };

    private static NpgsqlParameter Number(long value) => new NpgsqlParameter<long> { TypedValue = value };

    private static ReminderRecord Reminder(NpgsqlDataReader reader, int column) =>
        new(reader.GetString(column), StoredTime.FromMicroseconds(reader.GetInt64(column + 1)), reader.IsDBNull(column + 2) ? null : TimeSpan.FromTicks(reader.GetInt64(column + 2) * TimeSpan.TicksPerMicrosecond));
}
