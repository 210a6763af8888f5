namespace Xtmp.Grains;

/// <summary>
/// The locks of one space: who holds what, who waits, and who waits for whom. All times are readings of one monotonic clock.
/// <para>
/// A request takes all of its resources or none. Requests wait in the order in which they came: one that came later passes an
/// earlier one over a resource that both want only when it already holds something that the earlier one needs, since waiting
/// would then be for itself. So a request waits for holders, and for requests before it, and the graph of these waits shows
/// every deadlock. One that closes a ring is resolved as wound-wait resolves it: the youngest session of the ring is wounded. A
/// session keeps its age until it ends, so that it is wounded only as long as older ones are about.
/// </para>
/// </summary>
internal sealed class LockTable
{
    private readonly Dictionary<Guid, LockSession> _sessions = [];
    private readonly Dictionary<string, LockSession> _holders = new(StringComparer.Ordinal);
    private readonly SortedList<ulong, LockWait> _waits = [];
    private readonly PriorityQueue<LockSession, TimeSpan> _leases = new();
    private readonly PriorityQueue<LockWait, TimeSpan> _deadlines = new();
    private ulong _places;

    /// <summary>The last fencing token given out. Every grant of every resource takes the next one.</summary>
    public ulong LastToken { get; private set; }

    /// <summary>Sessions opened so far, which is the age of the youngest.</summary>
    public ulong Births { get; private set; }

    public IReadOnlyCollection<LockSession> Sessions => _sessions.Values;

    /// <summary>Requests that wait.</summary>
    public int WaitCount => _waits.Count;

    /// <summary>Sessions whose record differs from what is stored, and sessions that are gone.</summary>
    public HashSet<LockSession> Changed { get; } = [];

    /// <summary>When something happens by itself at the earliest: a lease or a wait that runs out; null where nothing will.</summary>
    public TimeSpan? NextEvent
    {
        get
        {
            // What was renewed or answered meanwhile is looked at again.
            while (_leases.TryPeek(out var session, out var due) && (session.IsGone || session.ExpiresAt != due))
            {
                _leases.Dequeue();
                if (!session.IsGone && session.LooksAt == due)
                {
                    Look(session);
                }
            }

            while (_deadlines.TryPeek(out var wait, out _) && wait.Outcome is not null)
            {
                _deadlines.Dequeue();
            }

            var lease = _leases.TryPeek(out _, out var first) ? first : (TimeSpan?)null;
            var deadline = _deadlines.TryPeek(out _, out var next) ? next : (TimeSpan?)null;
            return lease is null || deadline < lease ? deadline ?? lease : lease;
        }
    }

    /// <summary>Where the space stands after a load; its sessions follow.</summary>
    public void Restore(ulong lastToken, ulong births)
    {
        LastToken = lastToken;
        Births = births;
    }

    public void Restore(LockSession session)
    {
        Add(session);
        foreach (var (resource, _) in session.Held)
        {
            _holders.Add(resource, session);
        }
    }

    public LockSession? Find(Guid id) => _sessions.GetValueOrDefault(id);

    public LockSession? HolderOf(string resource) => _holders.GetValueOrDefault(resource);

    /// <summary>Sessions with a request that wants the resource.</summary>
    public int WaitersOf(string resource) => _waits.Values.Where(wait => wait.Resources.Contains(resource)).Select(wait => wait.Session).Distinct().Count();

    public LockSession Open(Guid id, ReadOnlyMemory<byte> wallet, TimeSpan lease, TimeSpan now)
    {
        var session = new LockSession(id, wallet, ++Births) { Lease = lease, ExpiresAt = now + lease };
        Add(session);
        Changed.Add(session);
        return session;
    }

    /// <summary>False for a wounded session, which must first give back what it holds.</summary>
    public bool TryRenew(LockSession session, TimeSpan lease, TimeSpan now)
    {
        if (session.IsWounded)
        {
            return false;
        }

        session.Lease = lease;
        session.ExpiresAt = now + lease;
        if (session.ExpiresAt < session.LooksAt)
        {
            Look(session);
        }

        Changed.Add(session);
        return true;
    }

    /// <summary>
    /// Asks for all of the resources. The request that comes back has its outcome, or waits until one of the calls after this
    /// one gives it.
    /// </summary>
    /// <param name="session">Who asks.</param>
    /// <param name="operation">The request's id; one that waits already is not made again.</param>
    /// <param name="resources">Resources, each once.</param>
    /// <param name="wait">How long to wait.</param>
    /// <param name="now">The time.</param>
    public LockWait Acquire(LockSession session, ReadOnlyMemory<byte> operation, IReadOnlyList<string> resources, TimeSpan wait, TimeSpan now)
    {
        if (session.Waits.Find(known => known.Operation.Span.SequenceEqual(operation.Span)) is { } waiting)
        {
            return waiting;
        }

        // A session that was turned away for want of time keeps its place for its next request.
        var place = session.KeptPlace ?? ++_places;
        session.KeptPlace = null;
        while (_waits.ContainsKey(place))
        {
            place = ++_places;
        }

        var request = new LockWait(session, operation, resources, place) { Deadline = now + wait };
        if (session.IsWounded)
        {
            request.Outcome = LockVerdict.Wounded;
            return request;
        }

        _waits.Add(place, request);
        session.Waits.Add(request);
        if (IsFree(request))
        {
            Grant(request);
            Settle();
        }
        else if (wait <= TimeSpan.Zero)
        {
            End(request, LockVerdict.TimedOut);
        }
        else
        {
            _deadlines.Enqueue(request, request.Deadline);
            Settle();
        }

        return request;
    }

    /// <summary>Gives back what is held under exactly that token, and says what it was.</summary>
    public List<string> Release(LockSession session, IEnumerable<(string Resource, ulong Token)> held)
    {
        var released = new List<string>();
        foreach (var (resource, token) in held)
        {
            if (session.Held.TryGetValue(resource, out var current) && current == token)
            {
                session.Held.Remove(resource);
                _holders.Remove(resource);
                released.Add(resource);
            }
        }

        if (released.Count > 0)
        {
            Changed.Add(session);
            session.IsWounded &= session.Held.Count > 0;
            Settle();
        }

        return released;
    }

    /// <summary>Nobody waits for the request any more.</summary>
    public void GiveUp(LockWait wait)
    {
        End(wait, LockVerdict.TimedOut);
        Settle();
    }

    /// <summary>Ends what has run out.</summary>
    public void Advance(TimeSpan now)
    {
        var freed = false;
        while (NextEvent <= now)
        {
            if (_deadlines.TryPeek(out var wait, out var deadline) && deadline <= now)
            {
                _deadlines.Dequeue();
                End(wait, LockVerdict.TimedOut);
                freed = true;
            }
            else
            {
                var session = _leases.Dequeue();
                Close(session);
                freed = true;
            }
        }

        if (freed)
        {
            Settle();
        }
    }

    /// <summary>A ring of sessions that wait for each other; null where there is none.</summary>
    public IReadOnlyList<LockSession>? FindRing()
    {
        // Depth first. What has been left without a ring is not looked at again.
        var path = new List<LockSession>();
        var left = new HashSet<LockSession>();
        foreach (var wait in _waits.Values)
        {
            if (Follow(wait.Session) is { } ring)
            {
                return ring;
            }
        }

        return null;

        List<LockSession>? Follow(LockSession at)
        {
            if (path.IndexOf(at) is >= 0 and var start)
            {
                return path[start..];
            }

            if (!left.Add(at))
            {
                return null;
            }

            path.Add(at);
            foreach (var next in WaitsFor(at))
            {
                if (Follow(next) is { } ring)
                {
                    return ring;
                }
            }

            path.RemoveAt(path.Count - 1);
            return null;
        }
    }

    private void Add(LockSession session)
    {
        _sessions.Add(session.Id, session);
        Look(session);
    }

    private void Look(LockSession session)
    {
        session.LooksAt = session.ExpiresAt;
        _leases.Enqueue(session, session.ExpiresAt);
    }

    private void Close(LockSession session)
    {
        session.IsGone = true;
        _sessions.Remove(session.Id);
        foreach (var (resource, _) in session.Held)
        {
            _holders.Remove(resource);
        }

        session.Held.Clear();
        foreach (var wait in session.Waits.ToArray())
        {
            End(wait, LockVerdict.SessionGone);
        }

        Changed.Add(session);
    }

    private void Wound(LockSession session)
    {
        foreach (var wait in session.Waits.ToArray())
        {
            End(wait, LockVerdict.Wounded);
        }

        session.IsWounded = session.Held.Count > 0;
        Changed.Add(session);
    }

    private void End(LockWait wait, LockVerdict verdict)
    {
        wait.Outcome = verdict;
        _waits.Remove(wait.Place);
        wait.Session.Waits.Remove(wait);
        if (verdict == LockVerdict.TimedOut)
        {
            wait.Session.KeptPlace ??= wait.Place;
        }
    }

    private void Grant(LockWait wait)
    {
        End(wait, LockVerdict.Granted);
        var session = wait.Session;
        foreach (var resource in wait.Resources)
        {
            if (session.Held.TryAdd(resource, LastToken + 1))
            {
                LastToken++;
                _holders.Add(resource, session);
            }
        }

        session.Remember(wait);
        Changed.Add(session);
    }

    /// <summary>
    /// Gives what is free, and resolves rings. One may come about without a new request: what is given back may have let its
    /// session pass another request.
    /// </summary>
    private void Settle()
    {
        GrantWaiting();
        while (FindRing() is { } ring)
        {
            Wound(ring.MaxBy(member => member.Born)!);
            GrantWaiting();
        }
    }

    private void GrantWaiting()
    {
        // A grant frees nothing, so that one look at each request, in order, is enough.
        foreach (var wait in _waits.Values.ToArray())
        {
            if (wait.Outcome is null && IsFree(wait))
            {
                Grant(wait);
            }
        }
    }

    private bool IsFree(LockWait wait) =>
        wait.Resources.All(resource => !_holders.TryGetValue(resource, out var holder) || holder == wait.Session) && !Before(wait).Any();

    /// <summary>Requests that the given one may not pass.</summary>
    private IEnumerable<LockWait> Before(LockWait wait)
    {
        foreach (var earlier in _waits.Values)
        {
            if (earlier.Place >= wait.Place)
            {
                yield break;
            }

            if (earlier.Session != wait.Session
                && earlier.Resources.Any(resource => wait.Resources.Contains(resource) && !wait.Session.Held.ContainsKey(resource))
                && !earlier.Resources.Any(wait.Session.Held.ContainsKey))
            {
                yield return earlier;
            }
        }
    }

    private IEnumerable<LockSession> WaitsFor(LockSession session)
    {
        foreach (var wait in session.Waits)
        {
            foreach (var resource in wait.Resources)
            {
                if (_holders.TryGetValue(resource, out var holder) && holder != session)
                {
                    yield return holder;
                }
            }

            foreach (var earlier in Before(wait))
            {
                yield return earlier.Session;
            }
        }
    }
}
