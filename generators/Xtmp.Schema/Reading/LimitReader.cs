using System.Globalization;
using System.Numerics;

namespace Xtmp.Schema.Reading;

/// <summary>Adds the limits of a field, of its items or of its keys to a type.</summary>
internal static class LimitReader
{
    public static TypeModel Apply(ReadingContext context, MappingReader mapping, TypeModel type)
    {
        var (min, max) = (mapping.Scalar("min"), mapping.Scalar("max"));
        if (min is not null || max is not null)
        {
            type = type.Kind switch
            {
                TypeKind.F32 or TypeKind.F64 => ApplyNumbers(context, type, min, max),
                TypeKind.String or TypeKind.Bytes or TypeKind.List or TypeKind.Map when type.FixedLength is null => ApplyLengths(context, type, min, max),
                _ when IntegerRange.Of(type.Kind) is { } range => ApplyIntegers(context, type, min, max, range),
                _ => Refuse(context, type, (min is not null ? mapping.KeyNode("min") : mapping.KeyNode("max"))!),
            };
        }
        if (mapping.Scalar("pattern") is { } pattern)
        {
            type = type.Kind == TypeKind.String ? type with { Pattern = ReadPattern(context, pattern) } : Refuse(context, type, mapping.KeyNode("pattern")!);
            if (type.Pattern is { } compiled && !Patterns.PatternLengths.AnyWithin(compiled, type.MinLength, type.MaxLength))
            {
                context.Report(SchemaRules.BadRange, pattern, FormattableString.Invariant($"No string of {type.MinLength} to {type.MaxLength} bytes matches the pattern."));
            }
        }
        return type;
    }

    /// <summary>Applies a field's <c>items</c> and <c>keys</c>.</summary>
    public static TypeModel ApplyInner(ReadingContext context, MappingReader field, TypeModel type)
    {
        if (field["items"] is { } items)
        {
            if (type.Element is null)
            {
                return Refuse(context, type, field.KeyNode("items")!);
            }
            type = MappingReader.Read(context, items, SchemaVocabulary.Limits) is { } mapping ? type with { Element = Apply(context, mapping, type.Element) } : type;
        }
        if (field["keys"] is { } keys)
        {
            if (type.Key is null)
            {
                return Refuse(context, type, field.KeyNode("keys")!);
            }
            type = MappingReader.Read(context, keys, SchemaVocabulary.Limits) is { } mapping ? type with { Key = Apply(context, mapping, type.Key) } : type;
        }
        return type;
    }

    private static TypeModel ApplyIntegers(ReadingContext context, TypeModel type, ScalarNode? min, ScalarNode? max, IntegerRange range)
    {
        var low = Integer(context, min, type, range);
        var high = Integer(context, max, type, range);
        if (low > high)
        {
            context.Report(SchemaRules.BadRange, min!, $"'min' is above 'max' ({high}): no value fits.");
        }
        return type with { Min = low, Max = high };
    }

    private static TypeModel ApplyLengths(ReadingContext context, TypeModel type, ScalarNode? min, ScalarNode? max)
    {
        var range = new IntegerRange(0, type.Kind is TypeKind.String or TypeKind.Bytes ? SchemaLimits.MaxLength : SchemaLimits.MaxCount);
        var low = Integer(context, min, type, range) ?? 0;
        var high = Integer(context, max, type, range) ?? (max is null ? type.MaxLength : BigInteger.Max(type.MaxLength, low));
        if (low > high)
        {
            context.Report(SchemaRules.BadRange, min!, max is null
                ? $"'min' is above the 'max' of {type} where none is said ({high}): say 'max'."
                : $"'min' is above 'max' ({high}): no value fits.");
        }
        return type with { MinLength = (int)low, MaxLength = (int)high };
    }

    private static TypeModel ApplyNumbers(ReadingContext context, TypeModel type, ScalarNode? min, ScalarNode? max)
    {
        var low = Number(context, min, type);
        var high = Number(context, max, type);
        if (low > high)
        {
            context.Report(SchemaRules.BadRange, min!, string.Format(CultureInfo.InvariantCulture, "'min' is above 'max' ({0:R}): no value fits.", high));
        }
        return type with { MinNumber = low, MaxNumber = high };
    }

    private static BigInteger? Integer(ReadingContext context, ScalarNode? node, TypeModel type, IntegerRange range)
    {
        if (node is null)
        {
            return null;
        }
        if (!ScalarText.TryInteger(node, out var value))
        {
            context.Report(SchemaRules.WrongValue, node, $"A limit of {type} is a whole number, not '{DiagnosticText.Excerpt(node.Text)}'.");
            return null;
        }
        if (value < range.Min || value > range.Max)
        {
            context.Report(SchemaRules.BadRange, node, $"A limit of {type} lies between {range.Min} and {range.Max}.");
            return null;
        }
        return value;
    }

    private static double? Number(ReadingContext context, ScalarNode? node, TypeModel type)
    {
        if (node is null)
        {
            return null;
        }
        if (!ScalarText.TryNumber(node, out var value))
        {
            context.Report(SchemaRules.WrongValue, node, $"A limit of {type} is a number, not '{DiagnosticText.Excerpt(node.Text)}'.");
            return null;
        }
        if (type.Kind == TypeKind.F32 && Math.Abs(value) > float.MaxValue)
        {
            context.Report(SchemaRules.BadRange, node, "The limit is beyond what f32 holds.");
            return null;
        }
        return value;
    }

    private static PatternModel? ReadPattern(ReadingContext context, ScalarNode node)
    {
        var pattern = Patterns.PatternCompiler.Compile(node.Text, out var problem);
        if (pattern is null)
        {
            context.Report(SchemaRules.BadPattern, node, problem!);
        }
        return pattern;
    }

    private static TypeModel Refuse(ReadingContext context, TypeModel type, ScalarNode key)
    {
        context.Report(SchemaRules.ConstraintMisfit, key, $"'{key.Text}' means nothing for {type}.");
        return type;
    }
}
