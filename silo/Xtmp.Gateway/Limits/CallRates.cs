using Xtmp.Protocol;

namespace Xtmp.Gateway;

/// <summary>Rates of all callers of a gateway. Callers whose buckets are full again are forgotten.</summary>
internal sealed class CallRates(RateLimits limits)
{
    // Callers remembered at one time. Beyond it those with full buckets are forgotten, then all: a flood of callers must
    // not grow the process.
    private const int MaxCallers = 65_536;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, CostBuckets> _identities = new(StringComparer.Ordinal);
    private readonly Dictionary<string, CostBuckets> _addresses = new(StringComparer.Ordinal);
    private readonly CostBuckets _total = new();

    // Rises when callers are forgotten: sessions then look for their buckets again, or a caller would have two.
    private volatile int _forgotten;
    private volatile RateLimits _limits = limits;

    /// <summary>Takes other limits from now on. What was taken before counts on.</summary>
    public void Apply(RateLimits limits) => _limits = limits;

    /// <summary>Takes a token of each bucket that applies, or of none.</summary>
    /// <param name="session">The session's buckets.</param>
    /// <param name="caller">Who calls.</param>
    /// <param name="address">The peer's address (<see cref="AddressKey"/>).</param>
    /// <param name="cost">The call's class.</param>
    /// <param name="now">Monotonic time.</param>
    /// <param name="retryAfter">When to come back.</param>
    public bool TryTake(SessionBuckets session, CallerInfo caller, string address, CallCost cost, TimeSpan now, out TimeSpan retryAfter)
    {
        var limits = _limits;
        Refresh(session, caller);
        var isKnown = caller.Level != AuthenticationLevel.None;
        var ofIdentity = isKnown && !limits.Identity.Of(cost).IsUnlimited
            ? session.Identity ??= Find(_identities, Convert.ToHexString((caller.Wallet.IsEmpty ? caller.IdentityFingerprint : caller.Wallet).Span), limits.Identity, now)
            : null;
        var ofAddress = limits.Address.Of(cost).IsUnlimited ? null : session.Address ??= Find(_addresses, address, limits.Address, now);
        var own = isKnown ? limits.Session : limits.Anonymous;
        retryAfter = default;
        if (!own.Of(cost).IsUnlimited && !(session.Own ??= new()).TryTake(own, cost, now, out retryAfter))
        {
            return false;
        }

        if (ofIdentity is not null && !ofIdentity.TryTake(limits.Identity, cost, now, out retryAfter))
        {
            session.Own?.Return(cost);
            return false;
        }

        if (ofAddress is not null && !ofAddress.TryTake(limits.Address, cost, now, out retryAfter))
        {
            session.Own?.Return(cost);
            ofIdentity?.Return(cost);
            return false;
        }

        if (!_total.TryTake(limits.Total, cost, now, out retryAfter))
        {
            session.Own?.Return(cost);
            ofIdentity?.Return(cost);
            ofAddress?.Return(cost);
            return false;
        }

        return true;
    }

    /// <summary>What callers used since this was last asked: all together, and those that used most.</summary>
    /// <param name="max">How many to name; the others' usage is not shared.</param>
    public IReadOnlyList<CallerUsage> TakeUsage(int max)
    {
        List<CallerUsage> used = [];
        lock (_lock)
        {
            Take(_identities, CallerUsageKind.Identity);
            Take(_addresses, CallerUsageKind.Address);
        }

        if (used.Count > max)
        {
            used.Sort(static (a, b) => b.Usage.Sum.CompareTo(a.Usage.Sum));
            used.RemoveRange(max, used.Count - max);
        }

        if (_total.TakeUsage() is { Sum: > 0 } total)
        {
            used.Add(new CallerUsage(CallerUsageKind.Total, "", total));
        }

        return used;

        void Take(Dictionary<string, CostBuckets> all, CallerUsageKind kind)
        {
            foreach (var (key, buckets) in all)
            {
                if (buckets.TakeUsage() is { Sum: > 0 } usage)
                {
                    used.Add(new CallerUsage(kind, key, usage));
                }
            }
        }
    }

    /// <summary>A caller used this much at another gateway: it has that much less here.</summary>
    public void Charge(in CallerUsage used, TimeSpan now)
    {
        switch (used.Kind)
        {
            case CallerUsageKind.Identity:
                Find(_identities, used.Key, _limits.Identity, now).Charge(_limits.Identity, used.Usage, now);
                break;
            case CallerUsageKind.Address:
                Find(_addresses, used.Key, _limits.Address, now).Charge(_limits.Address, used.Usage, now);
                break;
            case CallerUsageKind.Total:
                _total.Charge(_limits.Total, used.Usage, now);
                break;
        }
    }

    private void Refresh(SessionBuckets session, CallerInfo caller)
    {
        var forgotten = _forgotten;
        if (session.Forgotten != forgotten || !ReferenceEquals(session.Caller, caller))
        {
            session.Forgotten = forgotten;
            session.Caller = caller;
            session.Identity = null;
            session.Address = null;
        }
    }

    private CostBuckets Find(Dictionary<string, CostBuckets> all, string key, CostRates rates, TimeSpan now)
    {
        lock (_lock)
        {
            if (all.TryGetValue(key, out var found))
            {
                return found;
            }

            if (all.Count >= MaxCallers)
            {
                foreach (var full in all.Where(pair => pair.Value.IsFull(rates, now)).Select(pair => pair.Key).ToArray())
                {
                    all.Remove(full);
                }

                if (all.Count >= MaxCallers)
                {
                    all.Clear();
                }

                _forgotten++;
            }

            return all[key] = new CostBuckets();
        }
    }
}
