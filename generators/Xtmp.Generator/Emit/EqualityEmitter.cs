using Xtmp.Schema;

namespace Xtmp.Generator;

/// <summary>Value equality, hash and text.</summary>
internal static class EqualityEmitter
{
    public static void Emit(CodeWriter code, StructModel shape)
    {
        code.Lines("", "/// <summary>Equal when the encodings are.</summary>");
        code.Open($"public bool Equals({shape.Name}? other)");
        code.Guarded("if (ReferenceEquals(this, other))", "return true;");
        code.Line("return other is not null");
        foreach (var field in shape.Fields)
        {
            code.Indented($"&& {Same(field)}");
        }

        code.Indented("&& global::System.Object.Equals(UnknownFields, other.UnknownFields);");
        code.Close();
        code.Lines("", "/// <inheritdoc/>");
        code.Open("public override int GetHashCode()");
        code.Line("var hash = default(global::System.HashCode);");
        foreach (var field in shape.Fields)
        {
            code.Line($"hash.Add({SourceFile.Protocol}.ValueEquality.GetHashCode({field.ClrName}));");
        }

        code.Line("return hash.ToHashCode();");
        code.Close();
        code.Lines("", "/// <summary>Text for people; secrets are redacted.</summary>");
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

    private static string Same(FieldModel field) => field.Type.Kind switch
    {
        TypeKind.F32 or TypeKind.F64 or TypeKind.Bytes => $"{SourceFile.Protocol}.ValueEquality.Equals({field.ClrName}, other.{field.ClrName})",

        _ => $"{field.ClrName} == other.{field.ClrName}",
    };
}
