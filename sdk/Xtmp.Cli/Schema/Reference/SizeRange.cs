using System.Globalization;

namespace Xtmp.Cli.Schema.Reference;

/// <summary>Least and greatest number of bytes of an encoding; without an end where a type can hold itself.</summary>
public readonly record struct SizeRange(long Min, long? Max)
{
    public static SizeRange Exactly(long size) => new(size, size);

    public SizeRange Or(SizeRange other) => new(Math.Min(Min, other.Min), Max is { } a && other.Max is { } b ? Math.Max(a, b) : null);

    public static SizeRange operator +(SizeRange a, SizeRange b) => new(a.Min + b.Min, a.Max + b.Max);

    public override string ToString() => Max is not { } max ? string.Create(CultureInfo.InvariantCulture, $"{Min} and up")
        : Min == max ? Min.ToString(CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{Min}–{max}");
}
