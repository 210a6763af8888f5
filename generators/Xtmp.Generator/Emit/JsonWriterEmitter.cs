using Xtmp.Schema;

namespace Xtmp.Generator;

/// <summary>The JSON view: an object of schema names.</summary>
internal static class JsonWriterEmitter
{
    public static void Emit(CodeWriter code, StructModel shape)
    {
        code.Lines("", "/// <inheritdoc/>");
        code.Open("public void WriteJson(global::System.Text.Json.Utf8JsonWriter writer)");
        code.Line("writer.WriteStartObject();");
        foreach (var field in shape.Fields)
        {
            Field(code, field);
        }

        code.Line($"{SourceFile.Protocol}.JsonView.Write(writer, UnknownFields);");
        code.Line("writer.WriteEndObject();");
        code.Close();
    }

    private static void Field(CodeWriter code, FieldModel field)
    {
        var access = field.ClrName;
        if (field.Optional)
        {
            access = "f_" + field.Name;
            code.Open($"if ({field.ClrName} is {{ }} {access})");
        }

        code.Line($"writer.WritePropertyName({CSharpText.Literal(field.Name)});");
        if (field.Secret)
        {
            code.Line($"{SourceFile.Protocol}.JsonView.WriteRedacted(writer);");
        }
        else
        {
            Value(code, field.Type, access, 0);
        }

        if (field.Optional)
        {
            code.Close();
            code.Line();
        }
    }

    private static void Value(CodeWriter code, TypeModel type, string access, int depth)
    {
        var item = "item" + Clr.Number(depth);
        switch (type.Kind)
        {
            case TypeKind.List:
                code.Line("writer.WriteStartArray();");
                code.Open($"foreach (var {item} in {access})");
                Value(code, type.Element!, item, depth + 1);
                code.Close();
                code.Line();
                code.Line("writer.WriteEndArray();");
                break;
            case TypeKind.Map:
                code.Line("writer.WriteStartObject();");
                code.Open($"foreach (var {item} in {access})");
                code.Line(type.Key!.Kind is TypeKind.Enum or TypeKind.Flags
                    ? $"writer.WritePropertyName({Clr.NameOf(type.Key.Named!)}Names.ToText({item}.Key));"
                    : $"writer.WritePropertyName({SourceFile.Protocol}.JsonView.KeyOf({item}.Key));");
                Value(code, type.Element!, item + ".Value", depth + 1);
                code.Close();
                code.Line();
                code.Line("writer.WriteEndObject();");
                break;
            case TypeKind.Struct or TypeKind.Union:
                code.Line($"{access}.WriteJson(writer);");
                break;
            case TypeKind.Enum or TypeKind.Flags:
                code.Line($"{Clr.NameOf(type.Named!)}Names.WriteJson(writer, {access});");
                break;
            default:
                code.Line($"{SourceFile.Protocol}.JsonView.Write(writer, {access});");
                break;
        }
    }
}
