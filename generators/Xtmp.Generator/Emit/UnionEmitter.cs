using Xtmp.Schema;

namespace Xtmp.Generator;

/// <summary>A union: an abstract record with one sealed record an arm, and one for tags this schema does not know.</summary>
internal static class UnionEmitter
{
    public static string Emit(UnionModel model)
    {
        var code = SourceFile.Begin(model.Namespace);
        var name = model.Name;
        SourceFile.Describe(code, model.Doc, model.Since, model.Deprecated, "One of its arms; use Match, which asks for an answer to each of them.");
        code.Line(SourceFile.Generated);
        code.Open($"public abstract partial record {name} : {SourceFile.Protocol}.IXtmpStruct<{name}>");
        code.Open($"private {name}()");
        code.Close();
        code.Line();
        code.Doc("The tag on the wire.");
        code.Line("public abstract int Tag { get; }");
        code.Line();
        code.Doc("True for an arm that came from a newer schema.");
        code.Line("public bool IsUnknown => this is UnknownArm;");
        Match(code, model);
        foreach (var arm in model.Arms)
        {
            Arm(code, arm, name);
        }

        Unknown(code, name);
        Conversions(code, model);
        CodecMembers.Emit(code, name);
        Validate(code, model);
        Json(code, model);
        code.Close();
        code.Line();
        code.Doc($"Codec of {name}, for generated code: Write needs MaxSize or ExactSize bytes and returns the reference behind them; Read returns the offset behind the value, or a negative number with the reason in the state.");
        code.Line(SourceFile.Hidden);
        code.Line(SourceFile.Generated);
        code.Open($"public static class {name}Codec");
        Sizes(code, model, exact: true);
        Sizes(code, model, exact: false);
        Write(code, model);
        Read(code, model);
        JsonReaderEmitter.EmitUnion(code, model);
        code.Close();
        return code.ToString();
    }

    private static string ArmName(UnionArmModel arm) => arm.ClrName + "Arm";

    private static void Match(CodeWriter code, UnionModel model)
    {
        code.Line();
        code.Doc("Calls the function of the arm there is, or the last one for a tag this schema does not know.");
        var functions = model.Arms.Select(a => $"global::System.Func<{Clr.NameOf(a.Type)}, TResult> {Clr.Camel(a.ClrName)}")
            .Concat(new[] { "global::System.Func<UnknownArm, TResult> @unknown" });
        code.Open($"public TResult Match<TResult>({string.Join(", ", functions)}) => this switch");
        foreach (var arm in model.Arms)
        {
            code.Line($"{ArmName(arm)} arm => {Clr.Camel(arm.ClrName)}(arm.Value),");
        }

        code.Line("UnknownArm arm => @unknown(arm),");
        code.Line("_ => throw new global::System.Diagnostics.UnreachableException(),");
        code.Close(";");
        code.Line();
        code.Doc("Calls the action of the arm there is, or the last one for a tag this schema does not know.");
        var actions = model.Arms.Select(a => $"global::System.Action<{Clr.NameOf(a.Type)}> {Clr.Camel(a.ClrName)}")
            .Concat(new[] { "global::System.Action<UnknownArm> @unknown" });
        code.Open($"public void Switch({string.Join(", ", actions)})");
        code.Open("switch (this)");
        foreach (var arm in model.Arms)
        {
            code.Line($"case {ArmName(arm)} arm:");
            code.Indented($"{Clr.Camel(arm.ClrName)}(arm.Value);");
            code.Indented("break;");
        }

        code.Line("case UnknownArm arm:");
        code.Indented("@unknown(arm);");
        code.Indented("break;");
        code.Close();
        code.Close();
    }

    private static void Arm(CodeWriter code, UnionArmModel arm, string union)
    {
        code.Gap();
        SourceFile.Describe(code, arm.Doc, arm.Since, arm.Deprecated, "Tag " + Clr.Number(arm.Tag) + ".");
        code.Open($"public sealed record {ArmName(arm)}({Clr.NameOf(arm.Type)} Value) : {union}");
        code.Doc("The tag on the wire.");
        code.Line($"public override int Tag => {Clr.Number(arm.Tag)};");
        code.Line();
        code.Doc("Text for people; secrets are redacted.");
        code.Line($"public override string ToString() => {CSharpText.Literal(arm.ClrName + " ")} + Value;");
        code.Close();
    }

    private static void Unknown(CodeWriter code, string union)
    {
        code.Gap();
        code.Doc("An arm from a newer schema: its tag and its MessagePack, kept and written back as they came.");
        code.Open($"public sealed record UnknownArm : {union}");
        code.Lines(
            "private readonly byte[] _raw;",
            "");
        code.Open("internal UnknownArm(int tag, byte[] raw)");
        code.Line("Tag = tag;");
        code.Line("_raw = raw;");
        code.Close();
        code.Line();
        code.Doc("The tag on the wire.");
        code.Line("public override int Tag { get; }");
        code.Line();
        code.Doc("The arm's MessagePack.");
        code.Line("public global::System.ReadOnlyMemory<byte> Raw => _raw;");
        code.Line();
        code.Doc("Equal when the encodings are.");
        code.Line($"public bool Equals(UnknownArm? other) => other is not null && Tag == other.Tag && {SourceFile.Protocol}.ValueEquality.Equals(Raw, other.Raw);");
        code.Line();
        code.Doc("Of tag and bytes.");
        code.Line($"public override int GetHashCode() => global::System.HashCode.Combine(Tag, {SourceFile.Protocol}.ValueEquality.GetHashCode(Raw));");
        code.Line();
        code.Doc("Text for people.");
        code.Line("public override string ToString() => $\"unknown arm {Tag} ({_raw.Length} bytes)\";");
        code.Close();
    }

    /// <summary>An arm's struct converts to the union by itself, where only one arm holds that struct.</summary>
    private static void Conversions(CodeWriter code, UnionModel model)
    {
        foreach (var arm in model.Arms.Where(a => model.Arms.Count(other => other.Type.Name == a.Type.Name) == 1))
        {
            code.Gap();
            code.Doc($"The arm {arm.Name}.");
            code.Line($"public static implicit operator {model.Name}({Clr.NameOf(arm.Type)} value) => new {ArmName(arm)}(value);");
        }
    }

    private static void Validate(CodeWriter code, UnionModel model)
    {
        code.Lines("", "/// <inheritdoc/>");
        code.Open($"public bool TryValidate(out {SourceFile.Protocol}.ValidationError error)");
        code.Open("switch (this)");
        foreach (var arm in model.Arms)
        {
            code.Line($"case {ArmName(arm)} arm when arm.Value is null:");
            code.Indented($"error = new {SourceFile.Protocol}.ValidationError({CSharpText.Literal(arm.Name)}, \"is required\");");
            code.Indented("return false;");
            code.Line($"case {ArmName(arm)} arm when !arm.Value.TryValidate(out error):");
            code.Indented($"error = error.Within({CSharpText.Literal(arm.Name)});");
            code.Indented("return false;");
        }

        code.Line("default:");
        code.Indented("error = default;");
        code.Indented("return true;");
        code.Close();
        code.Close();
    }

    private static void Json(CodeWriter code, UnionModel model)
    {
        code.Lines("", "/// <inheritdoc/>");
        code.Open("public void WriteJson(global::System.Text.Json.Utf8JsonWriter writer)");
        code.Line("writer.WriteStartObject();");
        code.Open("switch (this)");
        foreach (var arm in model.Arms)
        {
            code.Line($"case {ArmName(arm)} arm:");
            code.Indented($"writer.WritePropertyName({CSharpText.Literal(arm.Name)});");
            code.Indented("arm.Value.WriteJson(writer);");
            code.Indented("break;");
        }

        code.Line("case UnknownArm arm:");
        code.Indented("writer.WriteNumber(\"$tag\", arm.Tag);");
        code.Indented("writer.WritePropertyName(\"$raw\");");
        code.Indented($"{SourceFile.Protocol}.JsonView.Write(writer, arm.Raw);");
        code.Indented("break;");
        code.Close();
        code.Line();
        code.Line("writer.WriteEndObject();");
        code.Close();
    }

    private static void Sizes(CodeWriter code, UnionModel model, bool exact)
    {
        var method = exact ? "ExactSize" : "MaxSize";
        code.Gap();
        code.Open($"public static long {method}({model.Name} value) => 1 + {SourceFile.Size}.OfUInt64((ulong)value.Tag) + value switch");
        foreach (var arm in model.Arms)
        {
            code.Line($"{model.Name}.{ArmName(arm)} arm => {Clr.CodecOf(arm.Type)}.{method}(arm.Value),");
        }

        code.Line($"{model.Name}.UnknownArm arm => arm.Raw.Length,");
        code.Line("_ => throw new global::System.Diagnostics.UnreachableException(),");
        code.Close(";");
    }

    private static void Write(CodeWriter code, UnionModel model)
    {
        code.Gap();
        code.Open($"public static ref byte Write(ref byte destination, {model.Name} value)");
        code.Line($"destination = ref {SourceFile.Writer}.WriteArrayHeader(ref destination, 2);");
        code.Line($"destination = ref {SourceFile.Writer}.WriteUInt64(ref destination, (ulong)value.Tag);");
        code.Open("switch (value)");
        foreach (var arm in model.Arms)
        {
            code.Line($"case {model.Name}.{ArmName(arm)} arm:");
            code.Indented($"return ref {Clr.CodecOf(arm.Type)}.Write(ref destination, arm.Value);");
        }

        code.Line($"case {model.Name}.UnknownArm arm:");
        code.Indented($"return ref {SourceFile.Writer}.WriteRaw(ref destination, arm.Raw.Span);");
        code.Line("default:");
        code.Indented("throw new global::System.Diagnostics.UnreachableException();");
        code.Close();
        code.Close();
    }

    private static void Read(CodeWriter code, UnionModel model)
    {
        code.Gap();
        code.Open($"public static int Read(global::System.ReadOnlySpan<byte> source, int offset, ref {SourceFile.Protocol}.DecodeState state, out {model.Name}? value)");
        code.Line("value = null;");
        code.Line($"int at = {SourceFile.Reader}.ReadArrayHeader(source, offset, out int count);");
        code.Open("if (at < 0 || count != 2)");
        code.Line($"return state.Fail(at < 0 ? at : -(int){SourceFile.Protocol}.DecodeStatus.WrongType, offset);");
        code.Close();
        code.Line();
        code.Guarded("if (!state.TryEnter())", $"return state.Fail(-(int){SourceFile.Protocol}.DecodeStatus.LimitExceeded, offset);");
        code.Line($"int next = {SourceFile.Reader}.ReadUInt16(source, at, out ushort tag);");
        code.Guarded("if (next < 0)", "return state.Fail(next, at);");
        code.Line("at = next;");
        code.Open("switch (tag)");
        foreach (var arm in model.Arms)
        {
            var local = "arm" + Clr.Number(arm.Tag);
            code.Line($"case {Clr.Number(arm.Tag)}:");
            code.Indented($"next = {Clr.CodecOf(arm.Type)}.Read(source, at, ref state, out {Clr.NameOf(arm.Type)}? {local});");
            code.Indented($"if (next < 0 || {local} is null)");
            code.Indented("{");
            code.Indented($"    return state.FailArm(next, at, {CSharpText.Literal(arm.Name)});");
            code.Indented("}");
            code.Line();
            code.Indented($"value = new {model.Name}.{ArmName(arm)}({local});");
            code.Indented("break;");
        }

        code.Line("default:");
        code.Indented("next = state.ReadRaw(source, at, out byte[]? raw);");
        code.Indented("if (next < 0 || raw is null)");
        code.Indented("{");
        code.Indented("    return next;");
        code.Indented("}");
        code.Line();
        code.Indented($"value = new {model.Name}.UnknownArm(tag, raw);");
        code.Indented("break;");
        code.Close();
        code.Line();
        code.Line("state.Leave();");
        code.Line("return next;");
        code.Close();
    }
}
