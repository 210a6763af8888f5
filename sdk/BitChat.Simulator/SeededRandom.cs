namespace BitChat.Simulator;

/// <summary>SplitMix64: all of a life's chance, from its seed. Streams of one seed do not disturb each other.</summary>
internal sealed class SeededRandom(ulong seed)
{
    private ulong _state = seed;

    public SeededRandom(ulong seed, ulong stream)
        : this(Mix(seed ^ Mix(stream + 0x632BE59BD9B4E019)))
    {
    }

    public static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }

    public ulong Next() => Mix(_state += 0x9E3779B97F4A7C15);

    /// <summary>From 0 to below <paramref name="end"/>.</summary>
    public int Next(int end) => (int)(Next() % (ulong)end);

    public int Next(int first, int end) => first + Next(end - first);

    public double NextDouble() => (Next() >> 11) * (1.0 / (1UL << 53));

    public bool Chance(double probability) => NextDouble() < probability;

    public TimeSpan Time(int minMilliseconds, int maxMilliseconds) => TimeSpan.FromMilliseconds(Next(minMilliseconds, maxMilliseconds));
}
