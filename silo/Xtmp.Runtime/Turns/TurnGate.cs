namespace Xtmp.Runtime;

/// <summary>
/// One turn at a time. The turns of one session follow each other in order; sessions take turns with each other, so that one
/// that sends much waits longer itself and nobody else does. At most so many wait, and of one session a part of that.
/// </summary>
internal sealed class TurnGate(int capacity, int sessionCapacity)
{
    private readonly Lock _lock = new();

    // The sessions that wait, in the order in which they are served next.
    private Queue<Line>? _lines;
    private Dictionary<ulong, Line>? _bySession;
    private int _waiting;
    private bool _busy;

    /// <summary>Null where too many wait already; completed where the turn may begin at once.</summary>
    /// <param name="session">The session whose call it is; 0 for calls from within the silo, which share one place and the whole capacity.</param>
    /// <param name="isInternal">A turn of the silo itself, which is never refused: their number is bounded elsewhere.</param>
    public Task? Enter(ulong session, bool isInternal)
    {
        lock (_lock)
        {
            if (!_busy)
            {
                _busy = true;
                return Task.CompletedTask;
            }

            _bySession ??= [];
            var exists = _bySession.TryGetValue(session, out var line);
            if (!isInternal && (_waiting >= capacity || (session != 0 && exists && line!.Waiting.Count >= sessionCapacity)))
            {
                return null;
            }

            if (!exists)
            {
                line = new Line(session);
                _bySession.Add(session, line);
                (_lines ??= new Queue<Line>()).Enqueue(line);
            }

            // Asynchronous continuations: what queued up is not the leaving caller's to run.
            var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            line!.Waiting.Enqueue(turn);
            _waiting++;
            return turn.Task;
        }
    }

    /// <summary>Lets the next turn in.</summary>
    public void Leave()
    {
        TaskCompletionSource next;
        lock (_lock)
        {
            // Looked at and released under one lock: a turn that came in between would wait for ever.
            if (_lines is null || !_lines.TryDequeue(out var line))
            {
                _busy = false;
                return;
            }

            next = line.Waiting.Dequeue();
            _waiting--;
            if (line.Waiting.Count > 0)
            {
                _lines.Enqueue(line);
            }
            else
            {
                _bySession!.Remove(line.Session);
            }
        }

        next.SetResult();
    }

    private sealed class Line(ulong session)
    {
        public ulong Session { get; } = session;

        public Queue<TaskCompletionSource> Waiting { get; } = new();
    }
}
