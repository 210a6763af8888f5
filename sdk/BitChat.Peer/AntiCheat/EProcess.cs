namespace BitChat.Peer;

/// <summary>
/// Evidence against fair play that may be looked at after every sample: under fair play its expected value never exceeds 1, so
/// it ever reaches 1/p with a probability of at most p (Ville). Kept as a logarithm.
/// </summary>
public sealed class EProcess
{
    private double _log;

    /// <summary>Samples taken.</summary>
    public ulong Samples { get; private set; }

    /// <summary>The value, at most about 1.8e308.</summary>
    public double Value => Math.Exp(Math.Min(_log, 709));

    /// <summary>Anytime-valid bound on the probability of this or more under fair play, by the greatest value so far.</summary>
    public double PValue { get; private set; } = 1;

    /// <summary>Takes a sample.</summary>
    /// <param name="likelihood">How likely the alternative, chosen before the sample was seen, found it.</param>
    /// <param name="fair">How likely fair play finds it; above 0.</param>
    public void Add(double likelihood, double fair)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(fair);
        Samples++;
        _log += Math.Log(Math.Max(likelihood, double.Epsilon) / fair);
        PValue = Math.Min(PValue, Math.Exp(-Math.Max(0, _log)));
    }
}
