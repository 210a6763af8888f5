using System.Numerics;

namespace Xtmp.Schema.Reading;

/// <summary>Reads a <c>reserved</c> list of numbers, ranges of numbers and names.</summary>
internal static class ReservedReader
{
    /// <summary>A range names every number it holds; more than this is a slip of the pen.</summary>
    private const int MaxNumbers = 4096;

    public static (IReadOnlyList<ulong> Numbers, IReadOnlyList<string> Names) Read(ReadingContext context, MappingReader mapping, ulong max, bool namesAllowed = true)
    {
        var numbers = new SortedSet<ulong>();
        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var item in mapping.Items("reserved"))
        {
            if (item is not ScalarNode scalar)
            {
                context.Report(SchemaRules.WrongShape, item, $"'reserved' lists numbers, ranges and names; this is {item.Noun}.");
                continue;
            }
            var fresh = true;
            if (ScalarText.TryRange(scalar.Text, out var first, out var last))
            {
                if (first < 0 || last > max || first > last || last - first >= MaxNumbers)
                {
                    context.Report(SchemaRules.NumberOutOfRange, scalar, $"'{DiagnosticText.Excerpt(scalar.Text)}' is no range within 0 to {max}.");
                    continue;
                }
                for (var number = first; number <= last; number++)
                {
                    fresh &= numbers.Add((ulong)number);
                }
            }
            else if (namesAllowed && Naming.IsSnakeCase(scalar.Text))
            {
                fresh = names.Add(scalar.Text);
            }
            else
            {
                context.Report(SchemaRules.WrongValue, scalar, $"'{DiagnosticText.Excerpt(scalar.Text)}' is neither a number nor a range{(namesAllowed ? " nor a name" : "")}.", namesAllowed ? Naming.SuggestSnakeCase(scalar.Text) : null);
            }
            if (!fresh)
            {
                context.Report(SchemaRules.DuplicateId, scalar, $"'{DiagnosticText.Excerpt(scalar.Text)}' is reserved already.");
            }
        }
        return (numbers.ToList(), names.ToList());
    }
}
