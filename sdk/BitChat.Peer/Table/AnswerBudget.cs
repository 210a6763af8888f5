namespace BitChat.Peer;

/// <summary>How often a seat is answered: so many times at once, and once more each interval. An answer may be a thousand times the question.</summary>
internal struct AnswerBudget
{
    public const int Burst = 64;

    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    private TimeSpan _spentUntil;

    /// <summary>False where the seat has asked too often.</summary>
    public bool Take(TimeSpan now)
    {
        var from = _spentUntil > now ? _spentUntil : now;
        if (from - now > Interval * (Burst - 1))
        {
            return false;
        }

        _spentUntil = from + Interval;
        return true;
    }
}
