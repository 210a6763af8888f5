namespace Xtmp.Gateway;

/// <summary>
/// A token bucket on the caller's clock. System.Threading.RateLimiting has one too, which reads the system's clock and
/// could not be tested under virtual time.
/// </summary>
internal struct TokenBucket
{
    private double _missing;
    private TimeSpan _asOf;

    /// <summary>Takes a token; where there is none, says when there will be.</summary>
    public bool TryTake(in Rate rate, TimeSpan now, out TimeSpan retryAfter)
    {
        retryAfter = TimeSpan.Zero;
        if (rate.IsUnlimited)
        {
            return true;
        }

        _missing = Math.Max(0, _missing - ((now - _asOf).TotalSeconds * rate.PerSecond));
        _asOf = now;
        if (_missing + 1 <= rate.Burst)
        {
            _missing++;
            return true;
        }

        retryAfter = TimeSpan.FromSeconds((_missing + 1 - rate.Burst) / rate.PerSecond);
        return false;
    }

    /// <summary>Takes tokens that were used elsewhere: as many as there are, and no more.</summary>
    public void Charge(in Rate rate, TimeSpan now, long count)
    {
        _missing = Math.Min(rate.Burst, Math.Max(0, _missing - ((now - _asOf).TotalSeconds * rate.PerSecond)) + count);
        _asOf = now;
    }

    /// <summary>Gives back a token that was not used after all.</summary>
    public void Return() => _missing = Math.Max(0, _missing - 1);

    /// <summary>True where the bucket is full again, so that forgetting it changes nothing.</summary>
    public readonly bool IsFull(in Rate rate, TimeSpan now) => rate.IsUnlimited || (now - _asOf).TotalSeconds * rate.PerSecond >= _missing;
}
