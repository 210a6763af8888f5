namespace Xtmp.Grains;

/// <summary>The owner of locks, as long as its lease runs.</summary>
internal sealed class LockSession(Guid id, ReadOnlyMemory<byte> wallet, ulong born)
{
    /// <summary>Grants that are remembered, so that a repeated request is answered as the first.</summary>
    public const int MaxRemembered = 16;

    public Guid Id { get; } = id;

    public ReadOnlyMemory<byte> Wallet { get; } = wallet;

    /// <summary>Its age: the higher, the younger.</summary>
    public ulong Born { get; } = born;

    public TimeSpan Lease { get; set; }

    /// <summary>Reading of the monotonic clock.</summary>
    public TimeSpan ExpiresAt { get; set; }

    /// <summary>When the table looks whether it has expired; not later than it does.</summary>
    public TimeSpan LooksAt { get; set; }

    /// <summary>It gets nothing and is not renewed until it holds nothing.</summary>
    public bool IsWounded { get; set; }

    public bool IsGone { get; set; }

    /// <summary>Resources with their fencing tokens.</summary>
    public SortedDictionary<string, ulong> Held { get; } = new(StringComparer.Ordinal);

    public List<LockWait> Waits { get; } = [];

    /// <summary>The place of its last request that ran out of time.</summary>
    public ulong? KeptPlace { get; set; }

    /// <summary>Its latest grants, the oldest first.</summary>
    public List<LockGrant> Granted { get; } = [];

    public void Remember(LockWait wait)
    {
        KeptPlace = null;
        if (Granted.Count == MaxRemembered)
        {
            Granted.RemoveAt(0);
        }

        Granted.Add(new LockGrant(wait.Operation, [.. wait.Resources.Select(resource => (resource, Held[resource]))]));
    }
}

/// <summary>What a request was given.</summary>
internal sealed record LockGrant(ReadOnlyMemory<byte> Operation, IReadOnlyList<(string Resource, ulong Token)> Held);

/// <summary>A request for locks.</summary>
internal sealed class LockWait(LockSession session, ReadOnlyMemory<byte> operation, IReadOnlyList<string> resources, ulong place)
{
    public LockSession Session { get; } = session;

    public ReadOnlyMemory<byte> Operation { get; } = operation;

    public IReadOnlyList<string> Resources { get; } = resources;

    /// <summary>Its place among all requests of the space.</summary>
    public ulong Place { get; } = place;

    public TimeSpan Deadline { get; init; }

    /// <summary>Null while it waits.</summary>
    public LockVerdict? Outcome { get; set; }
}

/// <summary>How a request ended.</summary>
internal enum LockVerdict : byte
{
    Granted,
    TimedOut,
    Wounded,
    SessionGone,
}
