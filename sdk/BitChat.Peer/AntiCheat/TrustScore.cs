namespace BitChat.Peer;

/// <summary>
/// How far this peer trusts another, from 0 to 1. What lowers it is forgotten by half every ten minutes, so there is a way back.
/// Local: it decides whom this peer asks, never whose votes count.
/// </summary>
public sealed class TrustScore
{
    public static readonly TimeSpan HalfLife = TimeSpan.FromMinutes(10);

    private double _penalty;
    private TimeSpan _since;

    public double At(TimeSpan now) => Math.Clamp(1 - Remaining(now), 0, 1);

    /// <param name="amount">From 0, nothing, to 1, all.</param>
    /// <param name="now">Now.</param>
    public void Lower(double amount, TimeSpan now)
    {
        _penalty = Math.Min(1, Remaining(now) + amount);
        _since = now;
    }

    private double Remaining(TimeSpan now) => _penalty * Math.Pow(0.5, Math.Max(0, (now - _since) / HalfLife));
}
