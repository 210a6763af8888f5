using Xtmp.Schema;

namespace Xtmp.Generator;

/// <summary>Value equality, hash and text.</summary>
internal static class EqualityEmitter
{
    /// <summary>Most values that HashCode.Combine takes.</summary>
    private const int MaxCombined = 8;

    public static void Emit(CodeWriter code, StructModel shape)
    {
        code.Line();
        code.Line($"public bool Equals({shape.Name}? other) =>");
        code.Indented("ReferenceEquals(this, other) || (other is not null");
        foreach (var field in shape.Fields)
        {
            code.Indented($"&& {Same(field)}");
        }

        code.Indented("&& global::System.Object.Equals(UnknownFields, other.UnknownFields));");
        code.Line();
        if (shape.Fields.Count is > 0 and <= MaxCombined)
        {
            code.Line($"public override int GetHashCode() => global::System.HashCode.Combine({string.Join(", ", shape.Fields.Select(f => $"{SourceFile.Protocol}.ValueEquality.GetHashCode({f.ClrName})"))});");
        }
        else
        {
            HashOfMany(code, shape);
        }

        code.Line();
        code.Open("public override string ToString()");
        code.Line($"var text = new {SourceFile.Protocol}.TextView({CSharpText.Literal(shape.Name)});");
        foreach (var field in shape.Fields)
        {
            code.Line(field.Secret
                ? $"text.AddSecret({CSharpText.Literal(field.ClrName)});"
                : $"text.Add({CSharpText.Literal(field.ClrName)}, {field.ClrName});");
        }

        code.Line("text.Add(UnknownFields);");
        code.Line("return text.ToString();");
        code.Close();
    }

    private static void HashOfMany(CodeWriter code, StructModel shape)
    {
        code.Open("public override int GetHashCode()");
        code.Line("var hash = default(global::System.HashCode);");
        foreach (var field in shape.Fields)
        {
            code.Line($"hash.Add({SourceFile.Protocol}.ValueEquality.GetHashCode({field.ClrName}));");
        }

        code.Line("return hash.ToHashCode();");
        code.Close();
    }

    private static string Same(FieldModel field) => field.Type.Kind switch
    {
        TypeKind.F32 or TypeKind.F64 or TypeKind.Bytes => $"{SourceFile.Protocol}.ValueEquality.Equals({field.ClrName}, other.{field.ClrName})",

        _ => $"{field.ClrName} == other.{field.ClrName}",
    };
}
