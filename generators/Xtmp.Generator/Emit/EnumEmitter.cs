using Xtmp.Schema;

namespace Xtmp.Generator;

/// <summary>Open enums and flags: a C# enum, which keeps any number, and its names.</summary>
internal static class EnumEmitter
{
    public static string Emit(EnumModel model)
    {
        var code = SourceFile.Begin(model.Namespace);
        var keyword = Clr.KeywordOf(model.Underlying);
        SourceFile.Describe(code, model.Doc, model.Since, model.Deprecated,
            model.IsFlags ? "Bits without a name are kept as they came." : "Open: a number without a name, from a newer peer, is kept as it came.");
        code.Line(SourceFile.Generated);
        if (model.IsFlags)
        {
            code.Line("[global::System.Flags]");
        }

        code.Open($"public enum {model.Name} : {keyword}");
        foreach (var value in model.Values)
        {
            SourceFile.Describe(code, value.Doc, value.Since, value.Deprecated);
            code.Line($"{value.ClrName} = {value.Value.ToString(System.Globalization.CultureInfo.InvariantCulture)},");
            code.Line();
        }

        code.Close();
        code.Line();
        Names(code, model, keyword);
        return code.ToString();
    }

    private static void Names(CodeWriter code, EnumModel model, string keyword)
    {
        code.Doc($"The schema's names of {model.Name}.");
        code.Line(SourceFile.Generated);
        code.Open($"public static class {model.Name}Names");
        code.Doc("The name the schema gives a value, or null.");
        code.Open($"public static string? GetName(this {model.Name} value) => ({keyword})value switch");
        foreach (var value in model.Values)
        {
            code.Line($"{value.Value.ToString(System.Globalization.CultureInfo.InvariantCulture)} => {CSharpText.Literal(value.Name)},");
        }

        code.Line("_ => null,");
        code.Close(";");
        code.Line();
        code.Doc(model.IsFlags ? "True when every bit set has a name in this schema." : "True when this schema has a name for the value.");
        if (model.IsFlags)
        {
            var all = model.Values.Aggregate(0UL, (bits, value) => bits | value.Value);
            code.Line($"public static bool IsKnown(this {model.Name} value) => ((ulong)value & ~{all.ToString(System.Globalization.CultureInfo.InvariantCulture)}UL) == 0;");
        }
        else
        {
            code.Line($"public static bool IsKnown(this {model.Name} value) => value.GetName() is not null;");
        }

        code.Line();
        code.Doc("The value of a name of the schema.");
        code.Open($"public static bool TryParse(string name, out {model.Name} value)");
        code.Open("switch (name)");
        foreach (var value in model.Values)
        {
            code.Line($"case {CSharpText.Literal(value.Name)}:");
            code.Indented($"value = {model.Name}.{value.ClrName};");
            code.Indented("return true;");
        }

        code.Line("default:");
        code.Indented("value = default;");
        code.Indented("return false;");
        code.Close();
        code.Close();
        code.Line();
        code.Doc("The name, or the number in decimal.");
        code.Line($"public static string ToText(this {model.Name} value) => value.GetName() ?? (({keyword})value).ToString(global::System.Globalization.CultureInfo.InvariantCulture);");
        code.Line();
        code.Line(SourceFile.Hidden);
        code.Open($"public static int Read(global::System.ReadOnlySpan<byte> source, int offset, out {model.Name} value)");
        code.Line($"int end = {SourceFile.Reader}.{Clr.ReaderOf(model.Underlying)}(source, offset, out {keyword} number);");
        code.Line($"value = ({model.Name})number;");
        code.Line("return end;");
        code.Close();
        code.Line();
        code.Doc(model.IsFlags ? "An array with the names of the bits, and the rest as a number." : "The name, or the number where there is none.");
        code.Line(SourceFile.Hidden);
        code.Open($"public static void WriteJson(global::System.Text.Json.Utf8JsonWriter writer, {model.Name} value)");
        if (model.IsFlags)
        {
            code.Line("ulong rest = (ulong)value;");
            code.Line("writer.WriteStartArray();");
            foreach (var value in model.Values.Where(v => v.Value != 0))
            {
                var bit = value.Value.ToString(System.Globalization.CultureInfo.InvariantCulture) + "UL";
                code.Open($"if ((rest & {bit}) != 0)");
                code.Line($"rest &= ~{bit};");
                code.Line($"writer.WriteStringValue({CSharpText.Literal(value.Name)});");
                code.Close();
                code.Line();
            }

            code.Guarded("if (rest != 0)", "writer.WriteNumberValue(rest);");
            code.Line("writer.WriteEndArray();");
        }
        else
        {
            code.Open("if (value.GetName() is { } name)");
            code.Line("writer.WriteStringValue(name);");
            code.Close();
            code.Open("else");
            code.Line("writer.WriteNumberValue((ulong)value);");
            code.Close();
        }

        code.Close();
        code.Line();
        ReadJson(code, model, keyword);
        code.Close();
    }

    private static void ReadJson(CodeWriter code, EnumModel model, string keyword)
    {
        code.Doc(model.IsFlags ? "Reads an array of names and numbers." : "Reads a name or a number.");
        code.Line(SourceFile.Hidden);
        var method = model.IsFlags ? "private static" : "public static";
        var name = model.IsFlags ? "ReadJsonBit" : "ReadJson";
        code.Open($"{method} {model.Name} {name}({SourceFile.Protocol}.JsonInput input)");
        code.Guarded("if (input.Name() is not { } name)", $"return ({model.Name})input.Unsigned({keyword}.MaxValue);");
        code.Line($"return TryParse(name, out var value) ? value : throw input.Refuse({CSharpText.Literal("must be a name of " + model.Name + " or a number")});");
        code.Close();
        if (model.IsFlags)
        {
            code.Line();
            code.Doc("Reads an array of names and numbers; in a map's key, one name or number.");
            code.Line(SourceFile.Hidden);
            code.Open($"public static {model.Name} ReadJson({SourceFile.Protocol}.JsonInput input)");
            code.Guarded("if (input.IsKey)", "return ReadJsonBit(input);");
            code.Line($"{model.Name} all = default;");
            code.Open("foreach (var bit in input.Items(static item => ReadJsonBit(item)))");
            code.Line("all |= bit;");
            code.Close();
            code.Line();
            code.Line("return all;");
            code.Close();
        }
    }
}
