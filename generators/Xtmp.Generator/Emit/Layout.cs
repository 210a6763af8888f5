using Xtmp.Schema;

namespace Xtmp.Generator;

/// <summary>What follows from a struct's ids: slots, gaps, which of them must be there.</summary>
internal static class Layout
{
    /// <summary>Number of array elements this schema knows: greatest id + 1, fields and gaps.</summary>
    public static int Slots(StructModel shape) => shape.Fields.Count == 0 ? 0 : shape.Fields[shape.Fields.Count - 1].Id + 1;

    /// <summary>Greatest id of a required field, or -1.</summary>
    public static int LastRequired(StructModel shape) => shape.Fields.Where(f => f.Required).Select(f => f.Id).DefaultIfEmpty(-1).Max();

    /// <summary>One entry an id: the field, or null for a gap.</summary>
    public static FieldModel?[] All(StructModel shape)
    {
        var slots = new FieldModel?[Slots(shape)];
        foreach (var field in shape.Fields)
        {
            slots[field.Id] = field;
        }

        return slots;
    }

    public static IEnumerable<int> Gaps(StructModel shape) => All(shape).Select((slot, id) => (slot, id)).Where(pair => pair.slot is null).Select(pair => pair.id);

    /// <summary>
    /// Required byte fields of short constant length, where there are several: the reader copies them into one array.
    /// Secrets stay apart, so that whoever zeroes one touches nothing else.
    /// </summary>
    public static IReadOnlyList<FieldModel> Shared(StructModel shape)
    {
        var fields = shape.Fields.Where(f => f.Required && !f.Secret && f.Type.FixedLength is <= SharedLength).ToList();
        return fields.Count > 1 ? fields : new List<FieldModel>();
    }

    /// <summary>Longest field that is copied together with others, in bytes.</summary>
    private const int SharedLength = 128;

    /// <summary>The condition under which the field is written as something other than nil.</summary>
    public static string IsPresent(FieldModel field, string access)
    {
        if (field.Optional)
        {
            return access + " is not null";
        }

        return field.Type.Kind is TypeKind.F32 or TypeKind.F64
            ? $"!{SourceFile.Protocol}.ValueEquality.Equals({access}, {Clr.DefaultOf(field)})"
            : $"{access} != {Clr.DefaultOf(field)}";
    }

    /// <summary>The value inside an optional that is known to be present.</summary>
    public static string Value(FieldModel field, string access) =>
        field.Optional && !Clr.IsReference(field.Type) ? access + ".GetValueOrDefault()" : access;

    /// <summary>Most bytes of a type whose encoding is bounded whatever its value, else null.</summary>
    public static long? MaxConstant(TypeModel type) => (type.Kind is TypeKind.Enum or TypeKind.Flags ? type.Named!.Underlying!.Value : type.Kind) switch
    {
        TypeKind.Bool => 1,
        TypeKind.U8 or TypeKind.I8 => 2,
        TypeKind.U16 or TypeKind.I16 => 3,
        TypeKind.U32 or TypeKind.I32 or TypeKind.F32 => 5,
        TypeKind.U64 or TypeKind.I64 or TypeKind.F64 or TypeKind.Timestamp or TypeKind.Duration => 9,
        TypeKind.Uuid or TypeKind.U128 => 18,
        _ => null,
    };
}
