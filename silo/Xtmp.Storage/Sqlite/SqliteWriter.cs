using SQLitePCL;
using Xtmp.Protocol;

namespace Xtmp.Storage;

/// <summary>
/// The one writing connection on its own thread. Whatever is queued while a transaction is flushed to the disk goes into
/// the next one, so the cost of a flush is shared by all grains that write at the time (group commit).
/// </summary>
internal sealed class SqliteWriter : IDisposable
{
    // Removals of delivered outbox messages ride along with the next commit; alone they wait this long for company.
    private static readonly TimeSpan RemovalPatience = TimeSpan.FromMilliseconds(20);

    // Milliseconds between looks at what the disk has left.
    private const long DiskInterval = 1000;

    private readonly object _lock = new();
    private readonly Queue<PendingCommit> _queue = new();
    private readonly HashSet<OutboxId> _removals = [];
    private readonly HashSet<OutboxId> _removing = [];
    private readonly SqliteConnection _connection;
    private readonly SqliteGrainStoreOptions _options;
    private readonly SqliteCommitStatements _statements;
    private readonly StoreCapacity _capacity;
    private readonly SqliteStatement _pages;
    private readonly SqliteStatement _freePages;
    private readonly DriveInfo? _drive;
    private readonly long _pageSize;
    private readonly Thread _thread;
    private readonly List<PendingCommit> _batch = [];
    private XtmpException? _failure;
    private bool _stopping;
    private bool _hasDisk = true;
    private long _diskLookedAt = -DiskInterval;

    public SqliteWriter(SqliteConnection connection, SqliteGrainStoreOptions options)
    {
        _connection = connection;
        _options = options;
        _statements = new SqliteCommitStatements(connection);
        _pages = connection.Prepare("PRAGMA page_count");
        _freePages = connection.Prepare("PRAGMA freelist_count");
        _pageSize = connection.ReadNumber("PRAGMA page_size");
        _capacity = new StoreCapacity(options.Limits, connection.File);
        _drive = options.MinFreeDiskBytes > 0 ? new DriveInfo(Path.GetDirectoryName(connection.File)!) : null;
        if (_capacity.CountsGrains)
        {
            _capacity.Counted(connection.ReadNumber("SELECT count(*) FROM grain"));
        }

        _thread = new Thread(Run) { Name = "xtmp grain store writer", IsBackground = true };
        _thread.Start();
    }

    public ValueTask<CommitOutcome> CommitAsync(GrainCommit commit)
    {
        var pending = new PendingCommit(commit);
        lock (_lock)
        {
            if (_failure is { } failure)
            {
                throw new XtmpException(failure.Code, failure.Fault, failure.Message, retryable: failure.Retryable);
            }

            if (_stopping)
            {
                throw SqliteErrors.Create(_connection.File, "is closed.", retryable: true);
            }

            if (_queue.Count >= _options.MaxQueuedCommits)
            {
                throw new XtmpException(XtmpErrorCode.Overloaded, Fault.Peer, "The grain store has more to write than it can keep up with.", retryable: true);
            }

            _queue.Enqueue(pending);
            Monitor.Pulse(_lock);
        }

        return new ValueTask<CommitOutcome>(pending.Task);
    }

    public void RemoveOutbox(OutboxId id)
    {
        lock (_lock)
        {
            if (_stopping || _failure is not null)
            {
                return;
            }

            _removals.Add(id);
            Monitor.Pulse(_lock);
        }
    }

    /// <summary>True for a delivered message whose row is not yet gone.</summary>
    public bool IsBeingRemoved(OutboxId id)
    {
        lock (_lock)
        {
            return _removals.Contains(id) || _removing.Contains(id);
        }
    }

    /// <summary>Writes what is queued, then closes.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _stopping = true;
            Monitor.Pulse(_lock);
        }

        _thread.Join();
        _capacity.Dispose();
        _connection.Dispose();
    }

    private void Run()
    {
        while (Take())
        {
            try
            {
                Write();
            }
            catch (XtmpException error)
            {
                Fail(error);
            }
            catch (Exception error) when (error is not OutOfMemoryException)
            {
                // A bug here must not leave callers waiting for ever, nor let later commits be taken for durable.
                Fail(new XtmpException(XtmpErrorCode.StorageUnavailable, Fault.Local, $"The grain store's writer failed: {error.Message}", innerException: error));
            }
        }

        try
        {
            _connection.ReadNumber("PRAGMA wal_checkpoint(TRUNCATE)");
        }
        catch (XtmpException)
        {
            // Everything is durable in the write-ahead log; the next open reads it from there.
        }
    }

    private bool Take()
    {
        _batch.Clear();
        lock (_lock)
        {
            var waitForCompany = true;
            while (_queue.Count == 0)
            {
                if (_removals.Count > 0 && (_stopping || !waitForCompany || _removals.Count >= _options.MaxCommitsPerTransaction))
                {
                    break;
                }

                if (_stopping)
                {
                    return false;
                }

                waitForCompany = Monitor.Wait(_lock, _removals.Count > 0 ? RemovalPatience : Timeout.InfiniteTimeSpan);
            }

            while (_batch.Count < _options.MaxCommitsPerTransaction && _queue.TryDequeue(out var pending))
            {
                _batch.Add(pending);
            }

            _removing.UnionWith(_removals);
            _removals.Clear();
            return true;
        }
    }

    private void Write()
    {
        Measure();
        _statements.Begin.Run();
        _statements.GrainsAdded = 0;
        for (var i = 0; i < _batch.Count; i++)
        {
            var pending = _batch[i];
            if (_capacity.Refuse(pending.Commit, _hasDisk) is { } full)
            {
                // The others of the transaction are not concerned.
                _batch.RemoveAt(i--);
                pending.SetException(full);
                continue;
            }

            pending.Outcome = _statements.Apply(pending.Commit);
            if (pending.Outcome == CommitOutcome.Committed)
            {
                _capacity.Grew(pending.Commit.Size, 0);
            }
        }

        foreach (var id in _removing)
        {
            _statements.Remove(id);
        }

        try
        {
            _statements.Commit.Run();
        }
        catch (XtmpException error)
        {
            if (!_connection.InTransaction && _connection.LastError != raw.SQLITE_FULL)
            {
                // SQLite gave the transaction up in the middle of its commit, so what a later recovery would find in the
                // log is unknown. Writing on could build on a version that vanishes; only a restart can tell.
                // (A full disk is no such case: the frame that ends the commit is written last, and was not.)
                Poison(error);
            }

            throw;
        }

        _capacity.Grew(0, _statements.GrainsAdded);
        lock (_lock)
        {
            _removing.Clear();
        }

        foreach (var pending in _batch)
        {
            pending.SetResult(pending.Outcome);
        }
    }

    // Pages that are free again count as room. What commits add before the next look is estimated.
    private void Measure()
    {
        _capacity.Measured((Number(_pages) - Number(_freePages)) * _pageSize);
        var now = Environment.TickCount64;
        if (_drive is not null && now - _diskLookedAt >= DiskInterval)
        {
            _diskLookedAt = now;
            try
            {
                _hasDisk = _drive.AvailableFreeSpace >= _options.MinFreeDiskBytes;
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // A disk that does not say what it has left is found full when it is.
                _hasDisk = true;
            }
        }
    }

    private static long Number(SqliteStatement statement)
    {
        long number = 0;
        while (statement.Step())
        {
            number = statement.Int64(0);
        }

        statement.Reset();
        return number;
    }

    private void Fail(XtmpException error)
    {
        try
        {
            if (_connection.InTransaction)
            {
                _connection.Execute("ROLLBACK");
            }
        }
        catch (XtmpException rollback)
        {
            Poison(rollback);
        }

        lock (_lock)
        {
            // Delivered messages whose removal failed come back at the next start and are deduplicated by their receivers.
            _removing.Clear();
            while (_failure is not null && _queue.TryDequeue(out var pending))
            {
                _batch.Add(pending);
            }
        }

        foreach (var pending in _batch)
        {
            pending.SetException(new XtmpException(error.Code, error.Fault, error.Message, retryable: error.Retryable, innerException: error.InnerException));
        }
    }

    private void Poison(XtmpException cause)
    {
        lock (_lock)
        {
            _failure ??= new XtmpException(
                XtmpErrorCode.StorageUnavailable,
                Fault.Local,
                $"{cause.Message} The outcome of that commit is unknown; this store takes no more writes until it is opened again.",
                retryable: true);
        }
    }
}
