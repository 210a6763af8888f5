namespace Xtmp.Schema;

/// <summary>What a value is on the wire. The order is not part of anything.</summary>
public enum TypeKind
{
    Bool,
    U8,
    U16,
    U32,
    U64,
    I8,
    I16,
    I32,
    I64,
    F32,
    F64,
    String,

    /// <summary>bytes, and bytes[N] where <see cref="TypeModel.FixedLength"/> is set.</summary>
    Bytes,
    Uuid,

    /// <summary>µs since the Unix epoch.</summary>
    Timestamp,

    /// <summary>µs.</summary>
    Duration,
    U128,
    List,
    Map,
    Enum,
    Flags,
    Struct,
    Union,
}
