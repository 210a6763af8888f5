using System.Globalization;
using Xtmp.Schema;

namespace Xtmp.Generator;

/// <summary>Constraints of the schema as C#: for values that people build, and for values that came over the wire.</summary>
internal static class ValidateEmitter
{
    public static void Emit(CodeWriter code, StructModel shape)
    {
        code.Lines("", "/// <inheritdoc/>");
        code.Open($"public bool TryValidate(out {SourceFile.Protocol}.ValidationError error)");
        foreach (var field in shape.Fields)
        {
            Field(code, shape, field);
        }

        code.Line("error = default;");
        code.Line("return true;");
        code.Close();
    }

    private static void Field(CodeWriter code, StructModel shape, FieldModel field)
    {
        if (field.Optional)
        {
            if (!Checks(field.Type))
            {
                return;
            }

            code.Open($"if ({field.ClrName} is {{ }} {Local(field)})");
            Value(code, shape.Name, field.Type, Local(field), CSharpText.Literal(field.Name), field.ClrName, 0);
            code.Close();
            code.Line();
        }
        else
        {
            Value(code, shape.Name, field.Type, field.ClrName, CSharpText.Literal(field.Name), field.ClrName, 0);
        }
    }

    private static string Local(FieldModel field) => "f_" + field.Name;

    private static bool Checks(TypeModel type) =>
        Clr.IsReference(type) || type.Kind is TypeKind.List or TypeKind.Map or TypeKind.Bytes or TypeKind.F32 or TypeKind.F64
        || type.Min is not null || type.Max is not null;

    private static void Value(CodeWriter code, string owner, TypeModel type, string access, string path, string method, int depth)
    {
        if (Clr.IsReference(type))
        {
            Refuse(code, $"{access} is null", path, "is required");
        }

        switch (type.Kind)
        {
            case TypeKind.String:
                Refuse(code, $"!{SourceFile.Protocol}.TextRules.FitsUtf8({access}, {Clr.Number(type.MinLength)}, {Clr.Number(type.MaxLength)})", path,
                    "must be well-formed text of " + Range(type, " bytes of UTF-8"));
                break;
            case TypeKind.Bytes when type.FixedLength is { } length:
                Refuse(code, $"{access}.Length != {Clr.Number(length)}", path, $"must be exactly {Clr.Number(length)} bytes");
                break;
            case TypeKind.Bytes:
                Refuse(code, LengthViolated(type, access + ".Length"), path, "must have " + Range(type, " bytes"));
                break;
            case TypeKind.List or TypeKind.Map:
                Refuse(code, LengthViolated(type, access + ".Count"), path, "must have " + Range(type, type.Kind == TypeKind.List ? " elements" : " entries"));
                break;
            case TypeKind.F32 or TypeKind.F64:
                Refuse(code, $"!{Clr.KeywordOf(type.Kind)}.IsFinite({access})", path, "must be a finite number");
                break;
        }

        if (Violated(type, access, SourceFile.Protocol, method, decoding: false, codec: owner + "Codec.") is { } violated)
        {
            Refuse(code, violated, path, type.Pattern is { } pattern ? "must match the pattern " + pattern.Text : "must be " + NumberRange(type));
        }

        if (type.Kind is TypeKind.Struct or TypeKind.Union)
        {
            code.Open($"if (!{access}.TryValidate(out error))");
            code.Line($"error = error.Within({path});");
            code.Line("return false;");
            code.Close();
            code.Line();
        }

        if (type.Kind is TypeKind.List or TypeKind.Map && (Checks(type.Element!) || (type.Key is not null && Checks(type.Key))))
        {
            var index = "i" + Clr.Number(depth);
            var item = "item" + Clr.Number(depth);
            code.Open($"for (int {index} = 0; {index} < {access}.Count; {index}++)");
            code.Line($"var {item} = {access}.AsSpan()[{index}];");
            var itemPath = $"{path} + \"[\" + {index}.ToString(global::System.Globalization.CultureInfo.InvariantCulture) + \"]\"";
            if (type.Key is not null && Checks(type.Key))
            {
                Value(code, owner, type.Key, item + ".Key", itemPath, method + "_Key", depth + 1);
            }

            if (Checks(type.Element!))
            {
                Value(code, owner, type.Element!, type.Key is null ? item : item + ".Value", itemPath, method + "_Item", depth + 1);
            }

            code.Close();
            code.Line();
        }
    }

    private static void Refuse(CodeWriter code, string condition, string path, string reason)
    {
        if (condition.Length == 0)
        {
            return;
        }

        code.Open($"if ({condition})");
        code.Line($"error = new {SourceFile.Protocol}.ValidationError({path}, {CSharpText.Literal(reason)});");
        code.Line("return false;");
        code.Close();
        code.Line();
    }

    private static string LengthViolated(TypeModel type, string length) =>
        type.MinLength > 0
            ? $"{length} is < {Clr.Number(type.MinLength)} or > {Clr.Number(type.MaxLength)}"
            : $"{length} > {Clr.Number(type.MaxLength)}";

    private static string Range(TypeModel type, string unit) =>
        type.MinLength == type.MaxLength ? "exactly " + Clr.Number(type.MaxLength) + unit
        : type.MinLength > 0 ? Clr.Number(type.MinLength) + " to " + Clr.Number(type.MaxLength) + unit
        : "at most " + Clr.Number(type.MaxLength) + unit;

    private static string NumberRange(TypeModel type)
    {
        var min = type.Min?.ToString(CultureInfo.InvariantCulture) ?? type.MinNumber?.ToString("R", CultureInfo.InvariantCulture);
        var max = type.Max?.ToString(CultureInfo.InvariantCulture) ?? type.MaxNumber?.ToString("R", CultureInfo.InvariantCulture);
        var unit = type.Kind is TypeKind.Timestamp ? " µs since 1970" : type.Kind is TypeKind.Duration ? " µs" : "";
        return (min is null ? "at most " + max : max is null ? "at least " + min : min + " to " + max) + unit;
    }

    /// <summary>
    /// The condition under which a value breaks a constraint that its type and length alone do not express: ranges and
    /// patterns. Null when there is none.
    /// </summary>
    public static string? Violated(TypeModel type, string access, string protocol, string path, bool decoding, string codec = "")
    {
        if (type.Pattern is not null)
        {
            return $"!{codec}{path}Matches({access})";
        }

        var conditions = new List<string>();
        if (type.Kind is TypeKind.F32 or TypeKind.F64)
        {
            Add(type.MinNumber is { } min ? $"{access} < {Clr.Literal(min, type.Kind)}" : null);
            Add(type.MaxNumber is { } max ? $"{access} > {Clr.Literal(max, type.Kind)}" : null);
        }
        else if (Number(type, access) is { } number)
        {
            Add(type.Min is { } min && !(min.IsZero && IsUnsigned(type.Kind)) ? $"{number} < {Clr.Literal(min, type.Kind)}" : null);
            Add(type.Max is { } max ? $"{number} > {Clr.Literal(max, type.Kind)}" : null);
        }

        return conditions.Count == 0 ? null : string.Join(" || ", conditions);

        void Add(string? condition)
        {
            if (condition is not null)
            {
                conditions.Add(condition);
            }
        }
    }

    private static string? Number(TypeModel type, string access) => type.Kind switch
    {
        TypeKind.Timestamp => $"{SourceFile.Size}.UnixMicroseconds({access})",
        TypeKind.Duration => $"({access}.Ticks / global::System.TimeSpan.TicksPerMicrosecond)",
        TypeKind.U128 => access,
        _ => Clr.IsInteger(type.Kind) ? access : null,
    };

    private static bool IsUnsigned(TypeKind kind) => kind is TypeKind.U8 or TypeKind.U16 or TypeKind.U32 or TypeKind.U64 or TypeKind.U128;

    /// <summary>The automatons of patterns, each in a method of its own.</summary>
    public static void Patterns(CodeWriter code, TypeModel type, string path)
    {
        if (type.Pattern is { } pattern)
        {
            PatternEmitter.Emit(code, pattern, path + "Matches");
        }

        if (type.Key is not null)
        {
            Patterns(code, type.Key, path + "_Key");
        }

        if (type.Element is not null)
        {
            Patterns(code, type.Element, path + "_Item");
        }
    }
}
