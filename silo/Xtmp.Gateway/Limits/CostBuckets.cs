using Xtmp.Protocol;

namespace Xtmp.Gateway;

/// <summary>The buckets of one caller, a bucket a cost class. Safe for concurrent use.</summary>
internal sealed class CostBuckets
{
    private readonly Lock _lock = new();
    private TokenBucket _read;
    private TokenBucket _verify;
    private TokenBucket _create;

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
            return Of(cost).TryTake(in rate, now, out retryAfter);
        }
    }

    public void Return(CallCost cost)
    {
        lock (_lock)
        {
            Of(cost).Return();
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
