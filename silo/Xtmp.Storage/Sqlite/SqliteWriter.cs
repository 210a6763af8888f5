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

    private readonly object _lock = new();
    private readonly Queue<PendingCommit> _queue = new();
    private readonly HashSet<OutboxId> _removals = [];
    private readonly HashSet<OutboxId> _removing = [];
    private readonly SqliteConnection _connection;
    private readonly SqliteGrainStoreOptions _options;
    private readonly SqliteCommitStatements _statements;
    private readonly Thread _thread;
    private readonly List<PendingCommit> _batch = [];
    private XtmpException? _failure;
    private bool _stopping;

    public SqliteWriter(SqliteConnection connection, SqliteGrainStoreOptions options)
    {
        _connection = connection;
        _options = options;
        _statements = new SqliteCommitStatements(connection);
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
        _statements.Begin.Run();
        foreach (var pending in _batch)
        {
            pending.Outcome = _statements.Apply(pending.Commit);
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

        lock (_lock)
        {
            _removing.Clear();
        }

        foreach (var pending in _batch)
        {
            pending.SetResult(pending.Outcome);
        }
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
