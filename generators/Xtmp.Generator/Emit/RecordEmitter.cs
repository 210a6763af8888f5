using Xtmp.Schema;

namespace Xtmp.Generator;

/// <summary>A struct or message: the record people use, and behind it a static class with its codec.</summary>
internal static class RecordEmitter
{
    public static string Emit(StructModel shape, MessageModel? message)
    {
        var code = SourceFile.Begin(shape.Namespace);
        SourceFile.Describe(code, shape.Doc, shape.Since, shape.Deprecated, message is null ? null : Summary(message));
        code.Line(SourceFile.Generated);
        var contract = message is null ? "IXtmpStruct" : "IXtmpMessage";
        code.Open($"public sealed partial record {shape.Name} : {SourceFile.Protocol}.{contract}<{shape.Name}>");
        if (message is not null)
        {
            CatalogueEntry(code, message);
        }

        foreach (var field in shape.Fields)
        {
            Property(code, field);
        }

        foreach (var field in shape.UnreadableFields)
        {
            code.Line($"public {(field.IsMany ? SourceFile.Protocol + ".ValueList<dynamic>" : "dynamic?")} {field.ClrName} {{ get; init; }}");
        }

        code.Gap();
        code.Doc("Elements behind the last field this schema knows, from a newer one; written back as they came.");
        code.Line($"public {SourceFile.Protocol}.UnknownFields? UnknownFields {{ get; init; }}");
        CodecMembers.Emit(code, shape.Name);
        ValidateEmitter.Emit(code, shape);
        EqualityEmitter.Emit(code, shape);
        JsonWriterEmitter.Emit(code, shape);
        code.Close();
        code.Line();
        code.Doc($"Codec of {shape.Name}, for generated code: Write needs MaxSize or ExactSize bytes and returns the reference behind them; Read returns the offset behind the value, or a negative number with the reason in the state.");
        code.Line(SourceFile.Hidden + SourceFile.Generated);
        code.Open($"public static class {shape.Name}Codec");
        EncodeEmitter.Emit(code, shape);
        DecodeEmitter.Emit(code, shape);
        JsonReaderEmitter.Emit(code, shape);
        code.Close();
        if (message is { ErrorCode: not 0 })
        {
            Exception(code, message);
        }

        return code.ToString();
    }

    private static void Exception(CodeWriter code, MessageModel message)
    {
        code.Line();
        SourceFile.Describe(code, message.Shape.Doc, message.Shape.Since, message.Shape.Deprecated, $"Thrown by a handler, it reaches the caller as it is. Error code {Clr.Number(message.ErrorCode)}.");
        code.Line(SourceFile.Generated);
        code.Open($"public sealed class {message.Name}Exception : global::Xtmp.XtmpException<{message.Name}>");
        code.Doc("Makes one.");
        code.Line("/// <param name=\"detail\">What goes with it.</param>");
        code.Line("/// <param name=\"message\">What went wrong, for a person.</param>");
        code.Line("/// <param name=\"retryable\">Whether the same call can succeed later.</param>");
        code.Line("/// <param name=\"retryAfter\">When to try again at the earliest.</param>");
        code.Open($"public {message.Name}Exception({message.Name} detail, string message = {CSharpText.Literal(Text(message))}, bool retryable = false, global::System.TimeSpan? retryAfter = null) : base(detail, message, retryable, retryAfter)");
        code.Close();
        code.Close();
    }

    /// <summary>The first line of the doc, else the name.</summary>
    private static string Text(MessageModel message) => message.Shape.Doc.Trim().Split('\n')[0] is { Length: > 0 } doc ? doc : message.Name;

    private static string Summary(MessageModel message)
    {
        if (message.ErrorCode != 0)
        {
            return "The detail of an error.";
        }

        var text = message.Code == 0 ? "Stays inside a silo" : "Code 0x" + message.Code.ToString("X2", System.Globalization.CultureInfo.InvariantCulture);
        text += ", " + message.Kind switch
        {
            MessageKind.OneWay => "one-way",
            var kind => kind.ToString().ToLowerInvariant(),
        };
        text += message.Authentication switch
        {
            AuthenticationKind.Session => ", needs a session with an identity",
            AuthenticationKind.Wallet => ", needs an authenticated wallet",
            _ => "",
        };
        return text + ".";
    }

    private static void CatalogueEntry(CodeWriter code, MessageModel message)
    {
        var kind = message.Kind switch
        {
            MessageKind.Response => "Response",
            MessageKind.Item => "StreamItem",
            MessageKind.OneWay => "OneWay",
            MessageKind.Error => "Error",
            _ => "Request",
        };
        code.Doc("Its entry in the message catalogue.");
        code.Line($"public static {SourceFile.Protocol}.MessageInfo MessageInfo {{ get; }} = new({CSharpText.Literal(message.Name)}, 0x{message.Code.ToString("X2", System.Globalization.CultureInfo.InvariantCulture)}, {SourceFile.Protocol}.FrameKind.{kind})");
        code.Line("{");
        code.Indented($"Transport = {SourceFile.Protocol}.TransportClass.{message.Transport}, Priority = {SourceFile.Protocol}.MessagePriority.{message.Priority}, Authentication = {SourceFile.Protocol}.AuthenticationLevel.{message.Authentication},");
        code.Indented($"RequiresAck = {Boolean(message.Ack)}, Compressible = {Boolean(message.Compressible)}, Idempotent = {Boolean(message.Idempotent)}, MaxEncodedSize = {Clr.Number(message.MaxEncodedSize)},{(message.ErrorCode == 0 ? "" : $" ErrorCode = {Clr.Number(message.ErrorCode)},")}");
        code.Line("};");
        code.Line($"{SourceFile.Protocol}.MessageInfo {SourceFile.Protocol}.IXtmpMessage.Info => MessageInfo;");
    }

    private static string Boolean(bool value) => value ? "true" : "false";

    private static void Property(CodeWriter code, FieldModel field)
    {
        code.Gap();
        SourceFile.Describe(code, field.Doc, field.Since, field.Deprecated, Remark(field));
        var required = field.Required ? "required " : "";
        var initial = field.Default is null ? "" : $" = {Clr.DefaultOf(field)};";
        code.Line($"public {required}{Clr.PropertyTypeOf(field)} {field.ClrName} {{ get; init; }}{initial}");
    }

    /// <summary>Unit, limits and secrecy, which a caller wants to know at the property.</summary>
    private static string? Remark(FieldModel field)
    {
        var parts = new List<string>();
        if (field.Unit is not null)
        {
            parts.Add("Unit: " + field.Unit + ".");
        }

        var type = field.Type;
        if (type.FixedLength is { } length)
        {
            parts.Add("Exactly " + Clr.Number(length) + " bytes.");
        }
        else if (type.Kind is TypeKind.String or TypeKind.Bytes or TypeKind.List or TypeKind.Map)
        {
            var what = type.Kind switch { TypeKind.String => " bytes of UTF-8", TypeKind.Bytes => " bytes", TypeKind.List => " elements", _ => " entries" };
            parts.Add((type.MinLength > 0 ? Clr.Number(type.MinLength) + " to " : "At most ") + Clr.Number(type.MaxLength) + what + ".");
        }

        if (type.Pattern is not null)
        {
            parts.Add("Pattern: " + type.Pattern.Text + ".");
        }

        if (field.Secret)
        {
            parts.Add("Secret: redacted in text and JSON.");
        }

        return parts.Count == 0 ? null : string.Join(" ", parts);
    }
}
