using Xtmp.Schema;

namespace Xtmp.Generator;

/// <summary>The strict reader.</summary>
internal static class DecodeEmitter
{
    public static void Emit(CodeWriter code, StructModel shape)
    {
        Read(code, shape);
        foreach (var field in shape.Fields)
        {
            Collections(code, field.Type, field.ClrName);
        }

        foreach (var field in shape.Fields)
        {
            ValidateEmitter.Patterns(code, field.Type, field.ClrName);
        }
    }

    private static void Read(CodeWriter code, StructModel shape)
    {
        var lastRequired = Layout.LastRequired(shape);
        var slots = Layout.Slots(shape);
        code.Gap();
        code.Doc("Reads a value; returns the offset behind it, or a negative number with the reason in the state.");
        code.Line(SourceFile.NotInlined);
        code.Open($"public static int Read(global::System.ReadOnlySpan<byte> source, int offset, ref {SourceFile.Protocol}.DecodeState state, out {shape.Name}? value)");
        code.Line("value = null;");
        code.Line($"int at = {SourceFile.Reader}.ReadArrayHeader(source, offset, out int count);");
        code.Guarded("if (at < 0)", "return state.Fail(at, offset);");
        if (lastRequired >= 0)
        {
            code.Open($"if (count < {Clr.Number(lastRequired + 1)})");
            code.Open("return state.FailMissing(offset, count switch");
            var required = shape.Fields.Where(f => f.Required).ToList();
            for (int i = 0; i < required.Count; i++)
            {
                var bound = i == required.Count - 1 ? "_" : "<= " + Clr.Number(required[i].Id);
                code.Line($"{bound} => {CSharpText.Literal(required[i].Name)},");
            }

            code.Close(");");
            code.Close();
            code.Line();
        }

        code.Guarded("if (!state.TryEnter())", $"return state.Fail(-(int){SourceFile.Protocol}.DecodeStatus.LimitExceeded, offset);");
        if (slots > 0)
        {
            code.Line("int next;");
        }

        foreach (var (slot, id) in Layout.All(shape).Select((slot, id) => (slot, id)))
        {
            if (slot is null)
            {
                Gap(code, id, id > lastRequired);
            }
            else
            {
                Field(code, slot, id > lastRequired, Layout.Shared(shape).Contains(slot));
            }
        }

        code.Line($"{SourceFile.Protocol}.UnknownFields? unknown = null;");
        code.Open($"if (count > {Clr.Number(slots)})");
        code.Line($"at = state.ReadUnknown(source, at, count - {Clr.Number(slots)}, out unknown);");
        code.Guarded("if (at < 0)", "return at;");
        code.Close();
        code.Line();
        code.Line("state.Leave();");
        var shared = Layout.Shared(shape);
        if (shared.Count > 0)
        {
            code.Line("// One array holds the short fields of constant length: fewer objects, and no field keeps a long message alive.");
            code.Line($"var bytes = new byte[{Clr.Number(shared.Sum(f => f.Type.FixedLength!.Value))}];");
            int start = 0;
            foreach (var field in shared)
            {
                var length = field.Type.FixedLength!.Value;
                code.Line($"source.Slice({Local(field)}, {Clr.Number(length)}).CopyTo(global::System.MemoryExtensions.AsSpan(bytes, {Clr.Number(start)}, {Clr.Number(length)}));");
                start += length;
            }
        }

        code.Open($"value = new {shape.Name}");
        int at = 0;
        foreach (var field in shape.Fields)
        {
            if (shared.Contains(field))
            {
                var length = field.Type.FixedLength!.Value;
                code.Line($"{field.ClrName} = new global::System.ReadOnlyMemory<byte>(bytes, {Clr.Number(at)}, {Clr.Number(length)}),");
                at += length;
            }
            else
            {
                code.Line($"{field.ClrName} = {Local(field)}{(field.Required ? Sure(field.Type) : "")},");
            }
        }

        code.Line("UnknownFields = unknown,");
        code.Close(";");
        code.Line("return at;");
        code.Close();
    }

    private static string Local(FieldModel field) => "f_" + field.Name;

    private static void Gap(CodeWriter code, int id, bool mayEnd)
    {
        code.Line($"// Id {Clr.Number(id)} has no field: nil.");
        if (mayEnd)
        {
            code.Open($"if (count > {Clr.Number(id)})");
            code.Guarded($"if (count == {Clr.Number(id + 1)} && {SourceFile.Reader}.IsNil(source, at))", NotCanonical("at"));
        }

        code.Line($"next = {SourceFile.Reader}.ReadNil(source, at);");
        code.Guarded("if (next < 0)", "return state.Fail(next, at);");
        code.Line("at = next;");
        if (mayEnd)
        {
            code.Close();
            code.Line();
        }
    }

    private static string NotCanonical(string at) => $"return state.Fail(-(int){SourceFile.Protocol}.DecodeStatus.NotCanonical, {at});";

    private static string Fail(string status, FieldModel field) =>
        $"return state.Fail(-(int){SourceFile.Protocol}.DecodeStatus.{status}, source, at, {CSharpText.Literal(field.Name)});";

    private static void Field(CodeWriter code, FieldModel field, bool mayEnd, bool shared)
    {
        var local = Local(field);
        if (shared)
        {
            var length = Clr.Number(field.Type.FixedLength!.Value);
            code.Line($"next = {SourceFile.Reader}.SkipFixedBinary(source, at, {length});");
            code.Guarded("if (next < 0)", $"return state.Fail(next, source, at, {CSharpText.Literal(field.Name)});");
            code.Line($"int {local} = next - {length};");
            code.Line("at = next;");
            return;
        }

        if (field.Required)
        {
            ReadInto(code, field, local);
            return;
        }

        code.Line($"{Clr.PropertyTypeOf(field)} {local} = {(field.Default is null ? "null" : Clr.DefaultOf(field))};");
        if (mayEnd)
        {
            code.Open($"if (count > {Clr.Number(field.Id)})");
        }

        code.Open($"if ({SourceFile.Reader}.IsNil(source, at))");
        if (mayEnd)
        {
            code.Guarded($"if (count == {Clr.Number(field.Id + 1)})", Fail("NotCanonical", field));
        }

        code.Line("at++;");
        code.Close();
        code.Open("else");
        ReadInto(code, field, "given");
        if (field.Default is not null)
        {
            // Absent is the one way to say the default.
            code.Guarded($"if (!({Layout.IsPresent(field, "given")}))", Fail("NotCanonical", field));
        }

        code.Line($"{local} = given;");
        code.Close();
        if (mayEnd)
        {
            code.Close();
        }

        code.Line();
    }

    private static void ReadInto(CodeWriter code, FieldModel field, string local)
    {
        var type = field.Type;
        var fail = $"return state.Fail(next, source, at, {CSharpText.Literal(field.Name)});";
        code.Line($"next = {ReadExpression(type, "at", field.ClrName, $"out {Declared(type)} {local}")};");
        code.Guarded("if (next < 0)", fail);
        if (ValidateEmitter.Violated(type, local, SourceFile.Protocol, field.ClrName, decoding: true) is { } violated)
        {
            code.Guarded($"if ({violated})", Fail("ConstraintViolated", field));
        }

        code.Line("at = next;");
    }

    /// <summary>A reader that succeeded has set its value, which the compiler can't know of a return value of int.</summary>
    private static string Sure(TypeModel type) => type.Kind is TypeKind.Struct or TypeKind.Union ? "!" : "";

    private static string Declared(TypeModel type) => Clr.TypeOf(type) + (type.Kind is TypeKind.Struct or TypeKind.Union ? "?" : "");

    /// <summary>An expression that reads a value of the type at an offset and gives the offset behind it or a failure.</summary>
    private static string ReadExpression(TypeModel type, string at, string path, string result) => type.Kind switch
    {
        TypeKind.String => $"{SourceFile.Reader}.ReadString(source, {at}, {Clr.Number(type.MinLength)}, {Clr.Number(type.MaxLength)}, {result})",
        TypeKind.Bytes when type.FixedLength is { } length => $"{SourceFile.Reader}.ReadFixedBinary(source, {at}, {Clr.Number(length)}, {result})",
        TypeKind.Bytes => $"{SourceFile.Reader}.ReadBinary(source, {at}, {Clr.Number(type.MinLength)}, {Clr.Number(type.MaxLength)}, {result})",
        TypeKind.Struct or TypeKind.Union => $"{Clr.CodecOf(type.Named!)}.Read(source, {at}, ref state, {result})",
        TypeKind.List or TypeKind.Map => $"Read{path}(source, {at}, ref state, {result})",
        TypeKind.Enum or TypeKind.Flags => $"{Clr.NameOf(type.Named!)}Names.Read(source, {at}, {result})",
        _ => $"{SourceFile.Reader}.{Clr.ReaderOf(type.Kind)}(source, {at}, {result})",
    };

    private static void Collections(CodeWriter code, TypeModel type, string path)
    {
        if (type.Kind is not (TypeKind.List or TypeKind.Map))
        {
            return;
        }

        var isMap = type.Kind == TypeKind.Map;
        var element = Clr.TypeOf(type.Element!);
        var stored = isMap ? $"global::System.Collections.Generic.KeyValuePair<{Clr.TypeOf(type.Key!)}, {element}>" : element;
        code.Gap();
        code.Open($"private static int Read{path}(global::System.ReadOnlySpan<byte> source, int offset, ref {SourceFile.Protocol}.DecodeState state, out {Clr.TypeOf(type)} value)");
        code.Line("value = default;");
        code.Line($"int at = {SourceFile.Reader}.Read{(isMap ? "Map" : "Array")}Header(source, offset, out int count);");
        code.Guarded("if (at < 0)", "return state.Fail(at, offset);");
        code.Line($"int next = state.Count(source, at, count, {Clr.Number(type.MinLength)}, {Clr.Number(type.MaxLength)});");
        code.Guarded("if (next < 0)", "return state.Fail(next, offset);");
        code.Guarded("if (count == 0)", "return at;");
        code.Guarded("if (!state.TryEnter())", $"return state.Fail(-(int){SourceFile.Protocol}.DecodeStatus.LimitExceeded, offset);");
        code.Line($"var items = new {ArrayOf(stored)};");
        code.Open("for (int i = 0; i < items.Length; i++)");
        if (isMap)
        {
            Item(code, type.Key!, path + "_Key", "key");
            code.Open("if (i > 0 && global::Xtmp.Protocol.KeyOrder.Compare(items[i - 1].Key, key) >= 0)");
            code.Line($"return state.FailItem(-(int){SourceFile.Protocol}.DecodeStatus.NotCanonical, at, i);");
            code.Close();
            code.Line();
            code.Line("at = next;");
        }

        Item(code, type.Element!, path + "_Item", "item");
        code.Line("at = next;");
        code.Line(isMap ? $"items[i] = new(key, item{Sure(type.Element!)});" : $"items[i] = item{Sure(type.Element!)};");
        code.Close();
        code.Line();
        code.Line("state.Leave();");
        code.Line($"value = {SourceFile.Protocol}.{(isMap ? "ValueMap" : "ValueList")}.TakeOver(items);");
        code.Line("return at;");
        code.Close();
        Collections(code, type.Element!, path + "_Item");
    }

    private static void Item(CodeWriter code, TypeModel type, string path, string local)
    {
        code.Line($"next = {ReadExpression(type, "at", path, $"out {Declared(type)} {local}")};");
        code.Guarded("if (next < 0)", "return state.FailItem(next, at, i);");
        if (ValidateEmitter.Violated(type, local, SourceFile.Protocol, path, decoding: true) is { } violated)
        {
            code.Guarded($"if ({violated})", $"return state.FailItem(-(int){SourceFile.Protocol}.DecodeStatus.ConstraintViolated, at, i);");
        }
    }

    /// <summary>The size goes into the first brackets of an array of arrays; here elements are never arrays.</summary>
    private static string ArrayOf(string element) => element + "[count]";
}
