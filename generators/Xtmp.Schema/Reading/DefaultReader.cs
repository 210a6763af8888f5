using System.Text;

namespace Xtmp.Schema.Reading;

/// <summary>Reads a field's default as a value of its type.</summary>
internal static class DefaultReader
{
    public static DefaultModel? Read(ReadingContext context, MappingReader field, TypeModel type, bool optional)
    {
        if (field["default"] is not { } node)
        {
            return null;
        }
        if (optional)
        {
            context.Report(SchemaRules.BadDefault, field.KeyNode("default")!, "An optional field is absent or given; with a default it needs no '?'.");
            return null;
        }
        if (node is not ScalarNode scalar)
        {
            context.Report(SchemaRules.BadDefault, node, $"A default is a single value; this is {node.Noun}.");
            return null;
        }
        var value = type.Kind switch
        {
            TypeKind.Bool => ScalarText.TryBoolean(scalar, out var b) ? new DefaultModel { Boolean = b } : null,
            TypeKind.F32 or TypeKind.F64 => ScalarText.TryNumber(scalar, out var n) && (type.Kind == TypeKind.F64 || Math.Abs(n) <= float.MaxValue)
                ? new DefaultModel { Number = type.Kind == TypeKind.F32 ? (float)n : n } : null,
            TypeKind.String => new DefaultModel { Text = scalar.Text },
            TypeKind.Enum => Member(context, scalar, type),
            _ when IntegerRange.Of(type.Kind) is { } range && type.Kind != TypeKind.Timestamp =>
                ScalarText.TryInteger(scalar, out var i) && i >= range.Min && i <= range.Max ? new DefaultModel { Integer = i } : null,
            _ => null,
        };
        if (value is null)
        {
            if (type.Kind != TypeKind.Enum)
            {
                var allowed = type.Kind is TypeKind.Bool or TypeKind.F32 or TypeKind.F64 || IntegerRange.Of(type.Kind) is not null && type.Kind != TypeKind.Timestamp;
                context.Report(SchemaRules.BadDefault, scalar, allowed ? $"'{DiagnosticText.Excerpt(scalar.Text)}' is no value of {type}." : $"{type} takes no default.");
            }
            return null;
        }
        if (Breaks(type, value) is { } limit)
        {
            context.Report(SchemaRules.DefaultOutOfRange, scalar, $"The default breaks the field's own '{limit}'.");
        }
        return value;
    }

    private static DefaultModel? Member(ReadingContext context, ScalarNode scalar, TypeModel type)
    {
        var members = context.Symbols.Find(type.Named!.Name)?.Members;
        if (members is not null && members.ContainsKey(scalar.Text))
        {
            return new() { Member = scalar.Text };
        }
        context.Report(SchemaRules.BadDefault, scalar, $"'{DiagnosticText.Excerpt(scalar.Text)}' is no value of {type}.", Suggestion.For(scalar.Text, members?.Keys ?? []));
        return null;
    }

    private static string? Breaks(TypeModel type, DefaultModel value)
    {
        if (value.Integer is { } i)
        {
            return i < type.Min ? "min" : i > type.Max ? "max" : null;
        }
        if (value.Number is { } n)
        {
            return n < type.MinNumber ? "min" : n > type.MaxNumber ? "max" : null;
        }
        if (value.Text is { } text)
        {
            var length = Encoding.UTF8.GetByteCount(text);
            return length < type.MinLength ? "min" : length > type.MaxLength ? "max"
                : type.Pattern is { } pattern && !pattern.Matches(text) ? "pattern" : null;
        }
        return null;
    }
}
