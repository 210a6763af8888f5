using Xtmp.Session;

namespace Xtmp.TestKit;

/// <summary>Time that moves only when a test moves it.</summary>
public sealed class VirtualClock
{
    /// <summary>Where every test begins: a fixed wall time, so that certificates and tickets are reproducible.</summary>
    public static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private TimeSpan _skew;

    public TimeSpan Elapsed { get; private set; }

    public Instant Now => new(TimeSpan.FromHours(1) + Elapsed, Start + Elapsed + _skew);

    public void Advance(TimeSpan span) => Elapsed += span;

    public void AdvanceTo(TimeSpan monotonic)
    {
        var target = monotonic - TimeSpan.FromHours(1);
        if (target > Elapsed)
        {
            Elapsed = target;
        }
    }

    /// <summary>Moves the wall clock alone, as an operator or a time server would.</summary>
    public void JumpWall(TimeSpan by) => _skew += by;
}
