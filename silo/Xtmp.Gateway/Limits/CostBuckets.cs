using Xtmp.Protocol;

namespace Xtmp.Gateway;

/// <summary>The buckets of one caller, a bucket a cost class. Safe for concurrent use.</summary>
internal sealed class CostBuckets
{
    private readonly Lock _lock = new();
    private TokenBucket _read;
    private TokenBucket _verify;
    private TokenBucket _create;
    private CallUsage _used;

    public bool TryTake(CostRates rates, CallCost cost, TimeSpan now, out TimeSpan retryAfter)
    {
        var rate = rates.Of(cost);
        if (rate.IsUnlimited)
        {
            retryAfter = default;
            return true;
        }

        lock (_lock)
        {
            if (!Of(cost).TryTake(in rate, now, out retryAfter))
            {
                return false;
            }

            _used = _used.Add(cost, 1);
            return true;
        }
    }

    public void Return(CallCost cost)
    {
        lock (_lock)
        {
            Of(cost).Return();
            _used = _used.Add(cost, -1);
        }
    }

    /// <summary>What was taken since the last time this was asked.</summary>
    public CallUsage TakeUsage()
    {
        lock (_lock)
        {
            var used = _used;
            _used = default;
            return used;
        }
    }

    /// <summary>Takes what was used at another silo.</summary>
    public void Charge(CostRates rates, CallUsage usage, TimeSpan now)
    {
        lock (_lock)
        {
            _read.Charge(rates.Read, now, usage.Read);
            _verify.Charge(rates.Verify, now, usage.Verify);
            _create.Charge(rates.Create, now, usage.Create);
        }
    }

    public bool IsFull(CostRates rates, TimeSpan now)
    {
        lock (_lock)
        {
            return _read.IsFull(rates.Read, now) && _verify.IsFull(rates.Verify, now) && _create.IsFull(rates.Create, now);
        }
    }

    private ref TokenBucket Of(CallCost cost)
    {
        switch (cost)
        {
            case CallCost.Create:
                return ref _create;
            case CallCost.Verify:
                return ref _verify;
            default:
                return ref _read;
        }
    }
}
