using Xtmp.Protocol;

namespace Xtmp.Runtime;

/// <summary>
/// Counts what is going on, and tells when nothing is. What is counted here is counted in <paramref name="whole"/> too, so
/// that several kinds of activity which hand over to each other can be waited for as one.
/// </summary>
internal sealed class ActivityCounter(ActivityCounter? whole = null)
{
    private readonly Lock _lock = new();
    private int _count;
    private TaskCompletionSource? _zero;
    private volatile bool _isClosed;

    public int Count => Volatile.Read(ref _count);

    public void Add()
    {
        whole?.Add();
        Interlocked.Increment(ref _count);
    }

    /// <summary>False once closed: nothing is counted.</summary>
    public bool TryAdd()
    {
        // Counted before it is looked at, so that whoever closes and then waits for zero waits for this too.
        Add();
        if (!_isClosed)
        {
            return true;
        }

        Remove();
        return false;
    }

    public void Close() => _isClosed = true;

    public void Remove()
    {
        var left = Interlocked.Decrement(ref _count);
        Invariant.Check(left >= 0);
        if (left == 0)
        {
            TaskCompletionSource? zero;
            lock (_lock)
            {
                zero = _zero;
                _zero = null;
            }

            zero?.TrySetResult();
        }

        whole?.Remove();
    }

    /// <summary>Completes once the count is zero.</summary>
    public async Task WhenZeroAsync()
    {
        while (true)
        {
            Task task;
            lock (_lock)
            {
                _zero ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                task = _zero.Task;
            }

            // Looked at after the waiter is in place, so that a count that reached zero in between is not waited for, and
            // again after the wait, since it may have gone up again.
            if (Count == 0)
            {
                return;
            }

            await task.ConfigureAwait(false);
        }
    }
}
