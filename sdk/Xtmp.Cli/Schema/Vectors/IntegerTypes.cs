using System.Numerics;
using Xtmp.Schema;

namespace Xtmp.Cli.Schema.Vectors;

/// <summary>Ranges of the integer types.</summary>
public static class IntegerTypes
{
    public static (BigInteger Low, BigInteger High) Range(TypeKind kind) => kind switch
    {
        TypeKind.U8 => (0, byte.MaxValue),
        TypeKind.U16 => (0, ushort.MaxValue),
        TypeKind.U32 => (0, uint.MaxValue),
        TypeKind.U64 => (0, ulong.MaxValue),
        TypeKind.I8 => (sbyte.MinValue, sbyte.MaxValue),
        TypeKind.I16 => (short.MinValue, short.MaxValue),
        TypeKind.I32 => (int.MinValue, int.MaxValue),
        TypeKind.I64 => (long.MinValue, long.MaxValue),
        TypeKind.U128 => (0, (BigInteger.One << 128) - 1),
        TypeKind.Timestamp => (SchemaLimits.EarliestTimestamp, SchemaLimits.LatestTimestamp),
        TypeKind.Duration => (-SchemaLimits.LongestDuration, SchemaLimits.LongestDuration),
        _ => throw new InvalidOperationException($"{kind} is no integer type."),
    };
}
