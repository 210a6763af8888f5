using System.Threading.Channels;
using Npgsql;
using Xtmp.Protocol;

namespace Xtmp.Storage;

/// <summary>
/// One transaction after the other. What is queued while a transaction is under way goes into the next one, so that a flush
/// of the server's log is shared by all grains that write at the time (group commit); a commit that loses its version check
/// is reported alone.
/// </summary>
internal sealed class PostgresWriter : IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(5);

    private readonly NpgsqlDataSource _source;
    private readonly string _place;
    private readonly PostgresGrainStoreOptions _options;
    private readonly PostgresCommitBatch _batch;
    private readonly StoreCapacity _capacity;
    private readonly PostgresGauge _gauge;
    private readonly Lock _lock = new();
    private readonly HashSet<OutboxId> _removals = [];
    private readonly HashSet<OutboxId> _removing = [];

    // Null wakes the writer for removals alone.
    private readonly Channel<PendingCommit?> _queue;
    private readonly Task _running;
    private PendingCommit? _held;

    public PostgresWriter(NpgsqlDataSource source, string place, PostgresGrainStoreOptions options, StoreCapacity capacity, PostgresGauge gauge)
    {
        _capacity = capacity;
        _gauge = gauge;
        _source = source;
        _place = place;
        _options = options;
        _batch = new PostgresCommitBatch(options);
        _queue = Channel.CreateBounded<PendingCommit?>(new BoundedChannelOptions(Math.Max(1, options.MaxQueuedCommits / options.Writers)) { SingleReader = true });
        _running = Task.Run(RunAsync);
    }

    public ValueTask<CommitOutcome> CommitAsync(GrainCommit commit)
    {
        var pending = new PendingCommit(commit);
        if (_queue.Writer.TryWrite(pending))
        {
            return new ValueTask<CommitOutcome>(pending.Task);
        }

        throw _queue.Reader.Completion.IsCompleted || _running.IsCompleted
            ? PostgresErrors.Closed(_place)
            : new XtmpException(XtmpErrorCode.Overloaded, Fault.Peer, "The grain store has more to write than it can keep up with.", retryable: true);
    }

    public void RemoveOutbox(OutboxId id)
    {
        lock (_lock)
        {
            _removals.Add(id);
        }

        // A full queue needs no waking.
        _queue.Writer.TryWrite(null);
    }

    /// <summary>Delivered messages whose rows are not yet gone.</summary>
    public OutboxId[] BeingRemoved()
    {
        lock (_lock)
        {
            return [.. _removals, .. _removing];
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

    /// <summary>Writes what is queued, then ends.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _running.ConfigureAwait(false);
    }

    private async Task RunAsync()
    {
        while (await TakeAsync().ConfigureAwait(false))
        {
            try
            {
                await WriteAsync().ConfigureAwait(false);
                foreach (var pending in _batch.Commits)
                {
                    if (pending.Outcome == CommitOutcome.Committed)
                    {
                        _capacity.Grew(pending.Commit.Adds ? pending.Commit.Size : 0, pending.Commit.ExpectedVersion == 0 ? 1 : 0);
                    }

                    pending.SetResult(pending.Outcome);
                }
            }
            catch (XtmpException error)
            {
                Fail(error);
            }
            catch (Exception error) when (error is not OutOfMemoryException)
            {
                // A bug here must not leave callers waiting for ever.
                Fail(new XtmpException(XtmpErrorCode.StorageUnavailable, Fault.Local, $"The grain store's writer failed: {error.Message}", innerException: error));
            }

            lock (_lock)
            {
                // What could not be removed is found by a sweep, delivered again and deduplicated by its receiver.
                _removing.Clear();
            }
        }
    }

    private async ValueTask<bool> TakeAsync()
    {
        _batch.Clear();
        if (_held is null && !await _queue.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            return false;
        }

        var next = _held;
        _held = null;
        while (next is not null || _queue.Reader.TryRead(out next))
        {
            // Two commits of one grain never share a transaction: the second must see whether the first one won.
            if (next is not null && !_batch.TryAdd(next))
            {
                _held = next;
                break;
            }

            next = null;
        }

        lock (_lock)
        {
            _removing.UnionWith(_removals);
            _removals.Clear();
        }

        return true;
    }

    private void Fail(XtmpException error)
    {
        foreach (var pending in _batch.Commits)
        {
            pending.SetException(new XtmpException(error.Code, error.Fault, error.Message, retryable: error.Retryable, innerException: error.InnerException));
        }
    }

    private async Task WriteAsync()
    {
        for (var retries = 0; ; retries++)
        {
            var isCommitting = false;
            try
            {
                await _gauge.MeasureAsync().ConfigureAwait(false);
                _batch.Refuse(_capacity);
                if (_batch.Commits.Count == 0 && _removing.Count == 0)
                {
                    return;
                }

                await using var connection = await _source.OpenConnectionAsync().ConfigureAwait(false);
                if (_batch.IsOnlyState && _removing.Count == 0)
                {
                    // Both statements and the commit in one round trip.
                    isCommitting = true;
                    await _batch.WriteGrainsAsync(connection, null).ConfigureAwait(false);
                    return;
                }

                await using var transaction = await connection.BeginTransactionAsync().ConfigureAwait(false);
                await _batch.WriteGrainsAsync(connection, transaction).ConfigureAwait(false);
                isCommitting = true;
                await _batch.WriteRestAndCommitAsync(connection, transaction, _removing).ConfigureAwait(false);
                return;
            }
            catch (Exception error) when (PostgresErrors.IsLost(error) && retries < _options.MaxRetries)
            {
                await Task.Delay(FirstPause * (1 << retries)).ConfigureAwait(false);
            }
            catch (Exception error) when (PostgresErrors.IsExpected(error))
            {
                var isRefusal = PostgresErrors.IsRefusal(error);
                if (!isRefusal)
                {
                    // The server went: its other connections are as dead as this one.
                    _source.Clear();
                }

                throw PostgresErrors.Create(_place, error, isOutcomeUnknown: isCommitting && !isRefusal);
            }
        }
    }
}
