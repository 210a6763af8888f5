namespace Xtmp.Gateway;

/// <summary>How often something may happen.</summary>
/// <param name="PerSecond">Times a second in the long run; 0 for no limit.</param>
/// <param name="Burst">Times at once after a pause.</param>
public readonly record struct Rate(double PerSecond, double Burst)
{
    public static Rate Unlimited => default;

    public bool IsUnlimited => PerSecond <= 0;
}
