using Xtmp.Protocol;

namespace Xtmp.Engine;

/// <summary>Counts what is going on, and tells when nothing is.</summary>
internal sealed class ActivityCounter
{
    private readonly Lock _lock = new();
    private int _count;
    private TaskCompletionSource? _zero;

    public int Count => Volatile.Read(ref _count);

    public void Add() => Interlocked.Increment(ref _count);

    public void Remove()
    {
        var left = Interlocked.Decrement(ref _count);
        Assertion.Check(left >= 0);
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
    }

    /// <summary>Completes when the count is, or next becomes, zero.</summary>
    public Task WhenZeroAsync()
    {
        Task task;
        lock (_lock)
        {
            _zero ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            task = _zero.Task;
        }

        // Looked at after the waiter is in place, so that a count that reached zero in between is not waited for.
        return Count == 0 ? Task.CompletedTask : task;
    }
}
