using Xtmp.Schema;

namespace Xtmp.Generator;

/// <summary>The reader of the JSON view.</summary>
internal static class JsonReaderEmitter
{
    private const string Input = "global::Xtmp.Protocol.JsonInput";

    public static void Emit(CodeWriter code, StructModel shape)
    {
        code.Gap();
        code.Open($"public static {shape.Name} ReadJson({Input} input)");
        code.Line($"input.Allow({string.Join(", ", shape.Fields.Select(f => CSharpText.Literal(f.Name)))});");
        code.Open($"return new {shape.Name}");
        foreach (var field in shape.Fields)
        {
            var local = "f_" + field.Name;
            code.Line(field.Required
                ? $"{field.ClrName} = {Value(field.Type, $"input.Required({CSharpText.Literal(field.Name)})")},"
                : $"{field.ClrName} = input.Optional({CSharpText.Literal(field.Name)}) is {{ }} {local} ? {Value(field.Type, local)} : {(field.Optional ? $"default({Clr.PropertyTypeOf(field)})" : Clr.DefaultOf(field))},");
        }

        code.Line("UnknownFields = input.UnknownFields(),");
        code.Close(";");
        code.Close();
    }

    public static void EmitUnion(CodeWriter code, UnionModel model)
    {
        code.Gap();
        code.Open($"public static {model.Name} ReadJson({Input} input)");
        code.Line($"input.Allow({string.Join(", ", model.Arms.Select(a => a.Name).Concat(new[] { "$tag", "$raw" }).Select(CSharpText.Literal))});");
        foreach (var arm in model.Arms)
        {
            var local = "arm" + Clr.Number(arm.Tag);
            code.Guarded(
                $"if (input.Optional({CSharpText.Literal(arm.Name)}) is {{ }} {local})",
                $"return new {model.Name}.{arm.ClrName}Arm({Clr.CodecOf(arm.Type)}.ReadJson({local}));");
        }

        code.Line($"return new {model.Name}.UnknownArm((int)input.Required(\"$tag\").Unsigned(ushort.MaxValue), input.Required(\"$raw\").Raw());");
        code.Close();
    }

    private static string Value(TypeModel type, string input) => type.Kind switch
    {
        TypeKind.Bool => $"{input}.Boolean()",
        TypeKind.U8 or TypeKind.U16 or TypeKind.U32 => $"({Clr.TypeOf(type)}){input}.Unsigned({Clr.TypeOf(type)}.MaxValue)",
        TypeKind.U64 => $"{input}.Unsigned(ulong.MaxValue)",
        TypeKind.I8 or TypeKind.I16 or TypeKind.I32 => $"({Clr.TypeOf(type)}){input}.Signed({Clr.TypeOf(type)}.MinValue, {Clr.TypeOf(type)}.MaxValue)",
        TypeKind.I64 => $"{input}.Signed(long.MinValue, long.MaxValue)",
        TypeKind.F32 => $"(float){input}.Number()",
        TypeKind.F64 => $"{input}.Number()",
        TypeKind.String => $"{input}.Text()",
        TypeKind.Bytes => $"{input}.Bytes()",
        TypeKind.Uuid => $"{input}.Uuid()",
        TypeKind.Timestamp => $"{input}.Timestamp()",
        TypeKind.Duration => $"{input}.Duration()",
        TypeKind.U128 => $"{input}.Wide()",
        TypeKind.List => $"global::Xtmp.Protocol.ValueList.TakeOver({input}.Items(static item => {Value(type.Element!, "item")}))",
        TypeKind.Map => $"{input}.Entries(static key => {Value(type.Key!, "key")}, static item => {Value(type.Element!, "item")})",
        TypeKind.Enum or TypeKind.Flags => $"{Clr.NameOf(type.Named!)}Names.ReadJson({input})",
        _ => $"{Clr.CodecOf(type.Named!)}.ReadJson({input})",
    };
}
