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

    /// <summary>Takes a token of each bucket that applies, or of none.</summary>
    /// <param name="session">The session's own buckets.</param>
    /// <param name="caller">Who calls.</param>
    /// <param name="address">The peer's address (<see cref="AddressKey"/>).</param>
    /// <param name="cost">The call's class.</param>
    /// <param name="now">Monotonic time.</param>
    /// <param name="retryAfter">When to come back.</param>
    public bool TryTake(CostBuckets session, CallerInfo caller, string address, CallCost cost, TimeSpan now, out TimeSpan retryAfter)
    {
        var isKnown = caller.Level != AuthenticationLevel.None;
        var ofIdentity = isKnown && !limits.Identity.Of(cost).IsUnlimited
            ? Find(_identities, Convert.ToHexString((caller.Wallet.IsEmpty ? caller.IdentityFingerprint : caller.Wallet).Span), limits.Identity, now)
            : null;
        var ofAddress = limits.Address.Of(cost).IsUnlimited ? null : Find(_addresses, address, limits.Address, now);
        if (!session.TryTake(isKnown ? limits.Session : limits.Anonymous, cost, now, out retryAfter))
        {
            return false;
        }

        if (ofIdentity is not null && !ofIdentity.TryTake(limits.Identity, cost, now, out retryAfter))
        {
            session.Return(cost);
            return false;
        }

        if (ofAddress is not null && !ofAddress.TryTake(limits.Address, cost, now, out retryAfter))
        {
            session.Return(cost);
            ofIdentity?.Return(cost);
            return false;
        }

        if (!_total.TryTake(limits.Total, cost, now, out retryAfter))
        {
            session.Return(cost);
            ofIdentity?.Return(cost);
            ofAddress?.Return(cost);
            return false;
        }

        return true;
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
            }

            return all[key] = new CostBuckets();
        }
    }
}
