using System.Numerics;

namespace Xtmp.Schema;

/// <summary>A default value; exactly one property is set, the one that fits the field's type.</summary>
public sealed record DefaultModel
{
    public bool? Boolean { get; init; }

    /// <summary>Integers, u128, timestamps and durations (µs).</summary>
    public BigInteger? Integer { get; init; }

    /// <summary>f32 and f64.</summary>
    public double? Number { get; init; }

    public string? Text { get; init; }

    /// <summary>Schema name of an enum or flags value.</summary>
    public string? Member { get; init; }
}
