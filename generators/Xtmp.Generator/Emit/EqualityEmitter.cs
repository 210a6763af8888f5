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
        code.Line($"public bool Equals({shape.Name}? other) => ReferenceEquals(this, other) || (other is not null{string.Concat(shape.Fields.Select(f => " && " + Same(f)))} && global::System.Object.Equals(UnknownFields, other.UnknownFields));");
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
        var fields = shape.Fields.Select(f => f.Secret ? $".AddSecret({CSharpText.Literal(f.ClrName)})" : $".Add({CSharpText.Literal(f.ClrName)}, {f.ClrName})");
        code.Line($"public override string ToString() => new {SourceFile.Protocol}.TextView({CSharpText.Literal(shape.Name)}){string.Concat(fields)}.Add(UnknownFields).ToString();");
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
