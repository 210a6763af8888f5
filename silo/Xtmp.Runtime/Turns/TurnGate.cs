namespace Xtmp.Runtime;

/// <summary>One turn at a time, the others in order behind it, at most so many.</summary>
internal sealed class TurnGate(int capacity)
{
    private readonly Lock _lock = new();
    private Queue<TaskCompletionSource>? _waiting;
    private bool _busy;

    /// <summary>Null where too many wait already; completed where the turn may begin at once.</summary>
    /// <param name="isInternal">A turn of the silo itself, which is never refused: their number is bounded elsewhere.</param>
    public Task? Enter(bool isInternal)
    {
        lock (_lock)
        {
            if (!_busy)
            {
                _busy = true;
                return Task.CompletedTask;
            }

            _waiting ??= new Queue<TaskCompletionSource>();
            if (_waiting.Count >= capacity && !isInternal)
            {
                return null;
            }

            // Asynchronous continuations: what queued up is not the leaving caller's to run.
            var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue(turn);
            return turn.Task;
        }
    }

    /// <summary>Lets the next turn in.</summary>
    public void Leave()
    {
        TaskCompletionSource? next;
        lock (_lock)
        {
            // Looked at and released under one lock: a turn that came in between would wait for ever.
            if (_waiting is null || !_waiting.TryDequeue(out next))
            {
                _busy = false;
                return;
            }
        }

        next.SetResult();
    }
}
