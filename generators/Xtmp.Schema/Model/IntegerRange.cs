using System.Numerics;

namespace Xtmp.Schema;

/// <summary>The values that an integer type, a timestamp or a duration has on the wire.</summary>
/// <param name="Min">Smallest value.</param>
/// <param name="Max">Largest value.</param>
public readonly record struct IntegerRange(BigInteger Min, BigInteger Max)
{
    /// <summary>The range of a built-in type; null where it is no integer.</summary>
    public static IntegerRange? Of(TypeKind kind) => kind switch
    {
        TypeKind.U8 => new(0, byte.MaxValue),
        TypeKind.U16 => new(0, ushort.MaxValue),
        TypeKind.U32 => new(0, uint.MaxValue),
        TypeKind.U64 => new(0, ulong.MaxValue),
        TypeKind.U128 => new(0, (BigInteger.One << 128) - 1),
        TypeKind.I8 => new(sbyte.MinValue, sbyte.MaxValue),
        TypeKind.I16 => new(short.MinValue, short.MaxValue),
        TypeKind.I32 => new(int.MinValue, int.MaxValue),
        TypeKind.I64 => new(long.MinValue, long.MaxValue),
        TypeKind.Timestamp => new(SchemaLimits.EarliestTimestamp, SchemaLimits.LatestTimestamp),
        TypeKind.Duration => new(-SchemaLimits.LongestDuration, SchemaLimits.LongestDuration),
        _ => null,
    };
}
