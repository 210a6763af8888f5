namespace Xtmp.Generator;

/// <summary>What a schema declares, in one class.</summary>
internal static class CatalogueEmitter
{
    public static string Emit(CatalogueModel model)
    {
        var code = SourceFile.Begin(model.Namespace);
        code.Doc($"Messages and methods of the schema {model.Protocol}.");
        code.Line(SourceFile.Generated);
        code.Open($"public static partial class {model.TypeName}");
        code.Doc("The schema's name.");
        code.Line($"public const string Protocol = {CSharpText.Literal(model.Protocol)};");
        code.Line();
        code.Doc("The schema's version.");
        code.Line($"public const int Version = {Clr.Number(model.Version)};");
        code.Line();
        code.Doc("SHA-256 over all that shapes the wire (32 bytes); two peers compare it at session start.");
        code.Line($"public static global::System.ReadOnlySpan<byte> SchemaFingerprint => [{string.Join(", ", model.Fingerprint.Select(b => "0x" + b.ToString("x2", System.Globalization.CultureInfo.InvariantCulture)))}];");
        code.Line();
        code.Doc("Every message, by name.");
        code.Line($"public static global::System.Collections.Generic.IReadOnlyList<{SourceFile.Protocol}.MessageInfo> Messages {{ get; }} =");
        code.Line("[");
        foreach (var message in model.Messages)
        {
            code.Indented($"{message}.MessageInfo,");
        }

        code.Line("];");
        code.Line();
        code.Doc("Every method of every handler, by name.");
        code.Line($"public static global::System.Collections.Generic.IReadOnlyList<{SourceFile.Protocol}.MethodDescriptor> Methods {{ get; }} =");
        code.Line("[");
        foreach (var handler in model.Handlers)
        {
            code.Indented($".. {handler}Methods.All,");
        }

        code.Line("];");
        code.Line();
        code.Doc("The schema as a silo serves it, and as two ends compare it.");
        code.Line($"public static {SourceFile.Protocol}.SchemaInfo Schema {{ get; }} = new(Protocol, Version, SchemaFingerprint, Methods);");
        code.Close();
        if (model.Errors.Count > 0)
        {
            Errors(code, model);
        }

        return code.ToString();
    }

    private static void Errors(CodeWriter code, CatalogueModel model)
    {
        code.Line();
        code.Doc($"Errors of the schema {model.Protocol}.");
        code.Line(SourceFile.Generated);
        code.Open($"public static class {Clr.Pascal(model.Protocol)}Errors");
        code.Doc("All of them, by name.");
        code.Line($"public static global::System.Collections.Generic.IReadOnlyList<{SourceFile.Protocol}.ErrorDescriptor> All {{ get; }} =");
        code.Line("[");
        foreach (var error in model.Errors)
        {
            code.Indented($"new {SourceFile.Protocol}.ErrorDescriptor<{error}>(static (detail, message, retryable, retryAfter) => new {error}Exception(detail, message, retryable, retryAfter)),");
        }

        code.Line("];");
        code.Close();
    }
}
