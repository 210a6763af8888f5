namespace Xtmp.Session;

/// <summary>
/// Numbers seen among the latest <see cref="Size"/> of a growing series: a sliding bitmap. Numbers older than the window
/// count as seen.
/// </summary>
internal struct IdWindow
{
    public const int Size = 4096;
    private const int Words = Size / 64;
    private ulong[]? _bits;
    private ulong _highest;
    private bool _any;

    /// <summary>The highest number marked.</summary>
    public readonly ulong Highest => _highest;

    public readonly bool Any => _any;

    /// <summary>True when the number was marked, or is too old to tell.</summary>
    public readonly bool Contains(ulong number)
    {
        if (!_any || number > _highest)
        {
            return false;
        }

        return _highest - number >= Size || (_bits![WordIndex(number)] & Bit(number)) != 0;
    }

    /// <summary>Marks a number that <see cref="Contains"/> has denied.</summary>
    public void Mark(ulong number)
    {
        _bits ??= new ulong[Words];
        if (!_any)
        {
            _any = true;
            _highest = number;
        }
        else if (number > _highest)
        {
            Slide(number);
        }

        _bits[WordIndex(number)] |= Bit(number);
    }

    private void Slide(ulong number)
    {
        if (number - _highest >= Size)
        {
            Array.Clear(_bits!);
        }
        else
        {
            for (var passed = _highest + 1; passed <= number; passed++)
            {
                // Whole words are cleared at once where a jump spans them.
                if ((passed & 63) == 0 && number - passed >= 63)
                {
                    _bits![WordIndex(passed)] = 0;
                    passed += 63;
                    continue;
                }

                _bits![WordIndex(passed)] &= ~Bit(passed);
            }
        }

        _highest = number;
    }

    private static int WordIndex(ulong number) => (int)((number >> 6) & (Words - 1));

    private static ulong Bit(ulong number) => 1UL << (int)(number & 63);
}
