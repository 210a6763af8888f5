using Xtmp.Protocol;

namespace Xtmp.Storage;

/// <summary>
/// Grains in one SQLite file, for one process (see the README for why). A commit's task completes when the operating
/// system has the transaction on the disk (write-ahead log, <c>synchronous = FULL</c>).
/// </summary>
public sealed class SqliteGrainStore : IGrainStore
{
    private readonly SqliteFileLock _fileLock;
    private readonly SqliteWriter _writer;
    private readonly SqliteReader[] _readers;
    private int _disposed;

    private SqliteGrainStore(SqliteFileLock fileLock, SqliteWriter writer, SqliteReader[] readers)
    {
        _fileLock = fileLock;
        _writer = writer;
        _readers = readers;
    }

    public bool IsShared => false;

    /// <summary>Opens the file, or creates it in an existing directory.</summary>
    /// <exception cref="XtmpException">
    /// <see cref="XtmpErrorCode.StorageUnavailable"/>: another silo has it, it is damaged, it belongs to another program,
    /// or it cannot be opened. The message says which.
    /// </exception>
    public static SqliteGrainStore Open(string file, SqliteGrainStoreOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        options ??= new SqliteGrainStoreOptions();
        file = Path.GetFullPath(file);
        var fileLock = new SqliteFileLock(file);
        SqliteConnection? writing = null;
        var readers = new List<SqliteReader>();
        try
        {
            writing = new SqliteConnection(file, write: true);
            SqliteSchema.Open(writing, options);
            for (var i = 0; i < Math.Max(1, options.Readers); i++)
            {
                readers.Add(new SqliteReader(file));
            }

            return new SqliteGrainStore(fileLock, new SqliteWriter(writing, options), [.. readers]);
        }
        catch
        {
            readers.ForEach(reader => reader.Dispose());
            writing?.Dispose();
            fileLock.Dispose();
            throw;
        }
    }

    public ValueTask<GrainRecord> LoadAsync(GrainId id, CancellationToken cancellationToken = default) => new(Reader.Load(id));

    public ValueTask<long> ReadVersionAsync(GrainId id, CancellationToken cancellationToken = default) => new(Reader.Version(id));

    public ValueTask<CommitOutcome> CommitAsync(GrainCommit commit) => _writer.CommitAsync(commit);

    public ValueTask<byte[]?> ReadEntryAsync(GrainId id, string key, CancellationToken cancellationToken = default) => new(Reader.Entry(id, key));

    public ValueTask<IReadOnlyList<GrainEntry>> ReadEntriesAsync(GrainId id, string prefix, string after, int limit, CancellationToken cancellationToken = default) =>
        new(Reader.Entries(id, prefix, after, limit));

    public ValueTask<IReadOnlyList<OutboxRecord>> ReadOutboxAsync(OutboxId? after, int limit, CancellationToken cancellationToken = default)
    {
        // A page must not come out empty only because all of it is being removed: that would look like the end.
        while (true)
        {
            var page = Reader.Outbox(after, limit);
            var left = page.Where(message => !_writer.IsBeingRemoved(message.Id)).ToList();
            if (left.Count > 0 || page.Count == 0)
            {
                return new ValueTask<IReadOnlyList<OutboxRecord>>(left);
            }

            after = page[^1].Id;
        }
    }

    public ValueTask<bool> ContainsOutboxAsync(OutboxId id, CancellationToken cancellationToken = default) =>
        new(!_writer.IsBeingRemoved(id) && Reader.ContainsOutbox(id));

    public ValueTask RemoveOutboxAsync(OutboxId id)
    {
        _writer.RemoveOutbox(id);
        return ValueTask.CompletedTask;
    }

    public ValueTask<IReadOnlyList<DueReminder>> ReadDueRemindersAsync(DateTimeOffset upTo, int limit, CancellationToken cancellationToken = default) =>
        new(Reader.DueReminders(upTo, limit));

    public ValueTask<DateTimeOffset?> ReadNextReminderAsync(CancellationToken cancellationToken = default) => new(Reader.NextReminder());

    public ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            foreach (var reader in _readers)
            {
                reader.Dispose();
            }

            _writer.Dispose();
            _fileLock.Dispose();
        }

        return ValueTask.CompletedTask;
    }

    // Reads take microseconds from the page cache, so they run on the caller's thread; spreading by thread keeps two
    // callers off one connection most of the time.
    private SqliteReader Reader => _readers[(uint)Environment.CurrentManagedThreadId % (uint)_readers.Length];
}
