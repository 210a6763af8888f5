using Xtmp.Protocol;

namespace Xtmp.Storage;

/// <summary>One reading connection with its statements. Sees everything committed before a call starts.</summary>
internal sealed class SqliteReader : IDisposable
{
    private readonly Lock _lock = new();
    private readonly SqliteConnection _connection;
    private readonly SqliteStatement _load;
    private readonly SqliteStatement _version;
    private readonly SqliteStatement _entry;
    private readonly SqliteStatement _entries;
    private readonly SqliteStatement _reminders;
    private readonly SqliteStatement _outbox;
    private readonly SqliteStatement _contains;
    private readonly SqliteStatement _dueReminders;
    private readonly SqliteStatement _nextReminder;
    private bool _disposed;

    public SqliteReader(string file)
    {
        _connection = new SqliteConnection(file, write: false);
        _connection.Execute("PRAGMA busy_timeout = 2000");
        _load = _connection.Prepare("SELECT id, version, state, seal, EXISTS (SELECT 1 FROM reminder WHERE grain = id) FROM grain WHERE kind = ? AND key = ?");
        _version = _connection.Prepare("SELECT version FROM grain WHERE kind = ? AND key = ?");
        _entry = _connection.Prepare("SELECT value, entry.seal FROM grain JOIN entry ON grain = id WHERE kind = ? AND grain.key = ? AND entry.key = ?");
        _entries = _connection.Prepare(
            "SELECT entry.key, value, entry.seal FROM grain JOIN entry ON grain = id WHERE kind = ? AND grain.key = ? AND entry.key > ? AND entry.key >= ? AND entry.key < ? ORDER BY entry.key LIMIT ?");
        _reminders = _connection.Prepare("SELECT name, due, period FROM reminder WHERE grain = ?");
        _outbox = _connection.Prepare("""
            SELECT kind, key, outbox.version, ordinal, target_kind, target_key, method, payload, outbox.seal, notify
            FROM outbox JOIN grain ON id = grain
            WHERE (grain, outbox.version, ordinal) > (ifnull((SELECT id FROM grain WHERE kind = ? AND key = ?), -1), ?, ?)
            ORDER BY grain, outbox.version, ordinal LIMIT ?
            """);
        _contains = _connection.Prepare("SELECT 1 FROM outbox WHERE grain = (SELECT id FROM grain WHERE kind = ? AND key = ?) AND version = ? AND ordinal = ?");
        _dueReminders = _connection.Prepare("SELECT kind, key, name, due, period FROM reminder JOIN grain ON id = grain WHERE due <= ? ORDER BY due LIMIT ?");
        _nextReminder = _connection.Prepare("SELECT min(due) FROM reminder");
    }

    public GrainRecord Load(GrainId id)
    {
        lock (_lock)
        {
            var row = Use(_load).Bind(1, id.Kind).Bind(2, id.Key);
            try
            {
                if (!row.Step())
                {
                    return GrainRecord.Absent;
                }

                byte[]? state = null;
                if (!row.IsNull(2))
                {
                    state = row.Bytes(2);
                    RequireChecksum(row.Span(3), id.Kind, id.Key, state, id, "state");
                }

                return new GrainRecord(row.Int64(1), state, row.Int64(4) != 0 ? Reminders(row.Int64(0)) : []);
            }
            finally
            {
                row.Reset();
            }
        }
    }

    public long Version(GrainId id)
    {
        lock (_lock)
        {
            var row = Use(_version).Bind(1, id.Kind).Bind(2, id.Key);
            try
            {
                return row.Step() ? row.Int64(0) : 0;
            }
            finally
            {
                row.Reset();
            }
        }
    }

    public byte[]? Entry(GrainId id, string key)
    {
        lock (_lock)
        {
            var row = Use(_entry).Bind(1, id.Kind).Bind(2, id.Key).Bind(3, key);
            try
            {
                if (!row.Step())
                {
                    return null;
                }

                var value = row.Bytes(0);
                RequireChecksum(row.Span(1), id.Key, key, value, id, "entry");
                return value;
            }
            finally
            {
                row.Reset();
            }
        }
    }

    public IReadOnlyList<GrainEntry> Entries(GrainId id, string prefix, string after, int limit)
    {
        lock (_lock)
        {
            // Keys are printable ASCII, so the character after '~' ends the range of a prefix.
            var rows = Use(_entries).Bind(1, id.Kind).Bind(2, id.Key).Bind(3, after).Bind(4, prefix).Bind(5, prefix + "\u007f").Bind(6, limit);
            try
            {
                var page = new List<GrainEntry>();
                while (rows.Step())
                {
                    var key = rows.Text(0);
                    var value = rows.Bytes(1);
                    RequireChecksum(rows.Span(2), id.Key, key, value, id, "entry");
                    page.Add(new GrainEntry(key, value));
                }

                return page;
            }
            finally
            {
                rows.Reset();
            }
        }
    }

    public IReadOnlyList<OutboxRecord> Outbox(OutboxId? after, int limit)
    {
        lock (_lock)
        {
            var rows = Use(_outbox)
                .Bind(1, after?.Source.Kind ?? "").Bind(2, after?.Source.Key ?? "")
                .Bind(3, after?.Version ?? -1).Bind(4, after?.Ordinal ?? -1).Bind(5, limit);
            try
            {
                var page = new List<OutboxRecord>();
                while (rows.Step())
                {
                    var id = new OutboxId(new GrainId(rows.Text(0), rows.Text(1)), rows.Int64(2), (int)rows.Int64(3));
                    var target = new GrainId(rows.Text(4), rows.Text(5));
                    var method = rows.Text(6);
                    var payload = rows.Bytes(7);
                    RequireChecksum(rows.Span(8), target.Key, method, payload, id.Source, "outbox message");
                    page.Add(new OutboxRecord(id, target, method, payload, rows.Int64(9) != 0));
                }

                return page;
            }
            finally
            {
                rows.Reset();
            }
        }
    }

    public bool ContainsOutbox(OutboxId id)
    {
        lock (_lock)
        {
            var row = Use(_contains).Bind(1, id.Source.Kind).Bind(2, id.Source.Key).Bind(3, id.Version).Bind(4, id.Ordinal);
            try
            {
                return row.Step();
            }
            finally
            {
                row.Reset();
            }
        }
    }

    public IReadOnlyList<DueReminder> DueReminders(DateTimeOffset upTo, int limit)
    {
        lock (_lock)
        {
            var rows = Use(_dueReminders).Bind(1, StoredTime.ToMicroseconds(upTo)).Bind(2, limit);
            try
            {
                var due = new List<DueReminder>();
                while (rows.Step())
                {
                    due.Add(new DueReminder(new GrainId(rows.Text(0), rows.Text(1)), ReadReminder(rows, 2)));
                }

                return due;
            }
            finally
            {
                rows.Reset();
            }
        }
    }

    public DateTimeOffset? NextReminder()
    {
        lock (_lock)
        {
            var row = Use(_nextReminder);
            try
            {
                return row.Step() && !row.IsNull(0) ? StoredTime.FromMicroseconds(row.Int64(0)) : null;
            }
            finally
            {
                row.Reset();
            }
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _connection.Dispose();
        }
    }

    private static ReminderRecord ReadReminder(SqliteStatement row, int column) =>
        new(row.Text(column),
            StoredTime.FromMicroseconds(row.Int64(column + 1)),
            row.IsNull(column + 2) ? null : TimeSpan.FromMicroseconds(row.Int64(column + 2)));

    private List<ReminderRecord> Reminders(long grain)
    {
        var rows = _reminders.Bind(1, grain);
        try
        {
            var reminders = new List<ReminderRecord>();
            while (rows.Step())
            {
                reminders.Add(ReadReminder(rows, 0));
            }

            return reminders;
        }
        finally
        {
            rows.Reset();
        }
    }

    private SqliteStatement Use(SqliteStatement statement) =>
        _disposed ? throw SqliteErrors.Create(_connection.File, "is closed.", retryable: true) : statement;

    private void RequireChecksum(ReadOnlySpan<byte> checksum, string first, string second, ReadOnlySpan<byte> content, GrainId id, string what)
    {
        if (!RowChecksum.Matches(checksum, first, second, content))
        {
            throw SqliteErrors.Create(_connection.File, $"is damaged: the {what} of {id} does not match its checksum. Restore it from a backup.");
        }
    }
}
