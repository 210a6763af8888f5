namespace Xtmp.Schema.Patterns;

/// <summary>A set of ASCII characters as two words of bits.</summary>
internal readonly record struct AsciiSet(ulong Low, ulong High)
{
    public static AsciiSet All => new(ulong.MaxValue, ulong.MaxValue);

    public bool IsEmpty => (Low | High) == 0;

    public static AsciiSet Range(char first, char last)
    {
        var set = default(AsciiSet);
        for (var c = (int)first; c <= last; c++)
        {
            set |= c < 64 ? new(1UL << c, 0) : new(0, 1UL << (c - 64));
        }
        return set;
    }

    public bool Contains(int c) => ((c < 64 ? Low >> c : High >> (c - 64)) & 1) != 0;

    public AsciiSet Complement() => new(~Low, ~High);

    public static AsciiSet operator |(AsciiSet a, AsciiSet b) => new(a.Low | b.Low, a.High | b.High);
}
