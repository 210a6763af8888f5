namespace Xtmp.Schema.Reading;

/// <summary>The built-in types: their names, ranges, and what other languages call them.</summary>
internal static class TypeTable
{
    public static readonly IReadOnlyDictionary<string, TypeKind> Primitives = new Dictionary<string, TypeKind>(StringComparer.Ordinal)
    {
        ["bool"] = TypeKind.Bool,
        ["u8"] = TypeKind.U8,
        ["u16"] = TypeKind.U16,
        ["u32"] = TypeKind.U32,
        ["u64"] = TypeKind.U64,
        ["i8"] = TypeKind.I8,
        ["i16"] = TypeKind.I16,
        ["i32"] = TypeKind.I32,
        ["i64"] = TypeKind.I64,
        ["f32"] = TypeKind.F32,
        ["f64"] = TypeKind.F64,
        ["string"] = TypeKind.String,
        ["bytes"] = TypeKind.Bytes,
        ["uuid"] = TypeKind.Uuid,
        ["timestamp"] = TypeKind.Timestamp,
        ["duration"] = TypeKind.Duration,
        ["u128"] = TypeKind.U128,
    };

    /// <summary>Words that people bring from other languages.</summary>
    public static readonly IReadOnlyDictionary<string, string> Foreign = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
    {
        ["boolean"] = "bool",
        ["byte"] = "u8",
        ["uint8"] = "u8",
        ["sbyte"] = "i8",
        ["int8"] = "i8",
        ["short"] = "i16",
        ["int16"] = "i16",
        ["ushort"] = "u16",
        ["uint16"] = "u16",
        ["int"] = "i32",
        ["int32"] = "i32",
        ["integer"] = "i32",
        ["uint"] = "u32",
        ["uint32"] = "u32",
        ["long"] = "i64",
        ["int64"] = "i64",
        ["ulong"] = "u64",
        ["uint64"] = "u64",
        ["float"] = "f32",
        ["single"] = "f32",
        ["float32"] = "f32",
        ["double"] = "f64",
        ["float64"] = "f64",
        ["number"] = "f64",
        ["str"] = "string",
        ["text"] = "string",
        ["binary"] = "bytes",
        ["blob"] = "bytes",
        ["guid"] = "uuid",
        ["datetime"] = "timestamp",
        ["date"] = "timestamp",
        ["time"] = "timestamp",
        ["timespan"] = "duration",
        ["decimal"] = "u128",
        ["money"] = "u128",
        ["array"] = "list<T>",
        ["vec"] = "list<T>",
        ["set"] = "list<T>",
        ["dictionary"] = "map<K, V>",
        ["dict"] = "map<K, V>",
        ["object"] = "map<K, V>",
    };
}
