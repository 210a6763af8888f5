namespace BitChat.Peer;

/// <summary>
/// Whether a seat's parts of rolls come late or never more often than its link explains. The bound for fair play is the measured
/// loss: a part and its repeat both lost, and a hundredth for all else.
/// </summary>
public sealed class LateReveals
{
    private readonly EProcess _process = new();

    public double PValue => _process.PValue;

    public double Statistic => _process.Value;

    public ulong Samples => _process.Samples;

    public bool IsSuspicious => PValue < DiceStatistics.Error;

    /// <param name="isLate">True where the part did not come in time.</param>
    /// <param name="loss">Share of messages lost on the link, measured before.</param>
    public void Add(bool isLate, double loss)
    {
        var fair = Math.Clamp((loss * loss) + 0.01, 0.01, 0.9);
        var alternative = (1 + fair) / 2;
        _process.Add(isLate ? alternative : 1 - alternative, isLate ? fair : 1 - fair);
    }
}
