using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Xtmp.Runtime;

/// <summary>
/// Where the grains of this silo are found. Calls to a grain that is being activated wait in the order in which they came, and
/// go on in that order, so that the calls of one caller keep theirs.
/// </summary>
internal sealed class ActivationQueue(LocalActivations local, GrainReferences references)
{
    private readonly ConcurrentDictionary<GrainId, Pending> _pending = new();
    private int _count;

    /// <summary>False where the grain is not active in this silo, or calls before this one wait for it.</summary>
    public bool TryFind(GrainId id, [NotNullWhen(true)] out Activation? activation)
    {
        activation = Volatile.Read(ref _count) == 0 || !_pending.ContainsKey(id) ? local.Find(id) : null;
        return activation is not null;
    }

    /// <summary>Makes the call in this silo, the grain active where it is nowhere; null where it is in another silo.</summary>
    public async ValueTask<ValueTask<XtmpReply>?> CallAsync(GrainId id, XtmpCall call)
    {
        if (TryFind(id, out var known))
        {
            return known.CallAsync(call);
        }

        return references.IsElsewhere(id) ? null : await WaitAsync(id, call).ConfigureAwait(false) is { Activation: not null } found ? found.Reply : null;
    }

    /// <summary>The grain's activation, made where there is none; null where the grain is in another silo.</summary>
    public async ValueTask<Activation?> FindAsync(GrainId id)
    {
        if (TryFind(id, out var known))
        {
            return known;
        }

        return references.IsElsewhere(id) ? null : (await WaitAsync(id, call: null).ConfigureAwait(false)).Activation;
    }

    private Task<Found> WaitAsync(GrainId id, XtmpCall? call)
    {
        while (true)
        {
            var pending = _pending.GetOrAdd(id, static _ => new Pending());
            if (pending.Join(call, out var isFirst) is { } ticket)
            {
                if (isFirst)
                {
                    Interlocked.Increment(ref _count);
                    _ = ActivateAsync(id, pending);
                }

                return ticket;
            }
        }
    }

    private async Task ActivateAsync(GrainId id, Pending pending)
    {
        Activation? made = null;
        Exception? failed = null;
        try
        {
            await references.Get(id).ActivateAsync().ConfigureAwait(false);
            made = local.Find(id);
            if (made is null)
            {
                references.MarkElsewhere(id);
            }
        }
        catch (Exception error)
        {
            failed = error;
        }

        while (pending.Next(() => _pending.TryRemove(new KeyValuePair<GrainId, Pending>(id, pending))) is { } ticket)
        {
            if (failed is not null)
            {
                ticket.SetException(failed);
            }
            else
            {
                // The call takes its place at the grain's gate before the next one does; its caller goes on elsewhere.
                ticket.SetResult(new Found(made, made is null || ticket.Call is null ? default : made.CallAsync(ticket.Call)));
            }
        }

        Interlocked.Decrement(ref _count);
    }

    /// <param name="Activation">Null where the grain is in another silo.</param>
    /// <param name="Reply">The reply to the call that waited, where one did.</param>
    private readonly record struct Found(Activation? Activation, ValueTask<XtmpReply> Reply);

    /// <summary>A call that waits, or with none somebody who looks for the activation.</summary>
    private sealed class Ticket(XtmpCall? call) : TaskCompletionSource<Found>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public XtmpCall? Call { get; } = call;
    }

    private sealed class Pending
    {
        private readonly Lock _lock = new();
        private readonly Queue<Ticket> _tickets = new();
        private bool _hasBegun;
        private bool _isClosed;

        /// <summary>Null where the last ticket has gone on.</summary>
        public Task<Found>? Join(XtmpCall? call, out bool isFirst)
        {
            lock (_lock)
            {
                isFirst = !_hasBegun;
                if (_isClosed)
                {
                    return null;
                }

                _hasBegun = true;
                var ticket = new Ticket(call);
                _tickets.Enqueue(ticket);
                return ticket.Task;
            }
        }

        public Ticket? Next(Action close)
        {
            lock (_lock)
            {
                if (_tickets.TryDequeue(out var ticket))
                {
                    return ticket;
                }

                _isClosed = true;
                close();
                return null;
            }
        }
    }
}
