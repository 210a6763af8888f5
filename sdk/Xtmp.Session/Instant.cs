namespace Xtmp.Session;

/// <summary>
/// A point in time as the IO shell read it: a monotonic reading for every timer, and the wall clock for what is dated
/// (certificates, tickets). The two are never compared, so a jump of the wall clock moves no timer.
/// </summary>
/// <param name="Monotonic">Time since an origin that stays the same for the life of the session.</param>
/// <param name="Wall">Wall clock, UTC.</param>
public readonly record struct Instant(TimeSpan Monotonic, DateTimeOffset Wall)
{
    /// <summary>Both readings moved on by <paramref name="span"/>.</summary>
    public static Instant operator +(Instant instant, TimeSpan span) => new(instant.Monotonic + span, instant.Wall + span);

    /// <summary>Monotonic time from <paramref name="earlier"/> to <paramref name="later"/>.</summary>
    public static TimeSpan operator -(Instant later, Instant earlier) => later.Monotonic - earlier.Monotonic;
}
