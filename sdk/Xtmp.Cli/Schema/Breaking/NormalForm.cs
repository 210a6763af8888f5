using System.Globalization;
using System.Text;
using Xtmp.Schema;

namespace Xtmp.Cli.Schema.Breaking;

/// <summary>
/// Types written so that two which accept the same values are written alike: a pattern is its smallest automaton, and a
/// bound that the type has anyway is left out.
/// </summary>
internal static class NormalForm
{
    public static SchemaModel Of(SchemaModel model) => model with
    {
        Structs = new(model.Structs.Select(Of)),
        Messages = new(model.Messages.Select(m => m with { Shape = Of(m.Shape) })),
    };

    public static TypeModel Of(TypeModel type)
    {
        IntegerRange? range = IntegerRange.Of(type.Kind);
        return type with
        {
            Min = type.Min == range?.Min ? null : type.Min,
            Max = type.Max == range?.Max ? null : type.Max,
            Pattern = type.Pattern is { } pattern ? pattern with { Text = Automaton(pattern) } : null,
            Key = type.Key is null ? null : Of(type.Key),
            Element = type.Element is null ? null : Of(type.Element),
        };
    }

    private static StructModel Of(StructModel shape) => shape with { Fields = new(shape.Fields.Select(f => f with { Type = Of(f.Type) })) };

    /// <summary>
    /// The compiled automaton is the smallest of its language. Numbered by breadth over all 128 bytes in order, it is the
    /// same text for every pattern of that language, whatever byte classes the pattern was compiled with.
    /// </summary>
    private static string Automaton(PatternModel pattern)
    {
        List<int> order = [0];
        Dictionary<int, int> numbers = new() { [0] = 0 };
        StringBuilder text = new();
        for (int i = 0; i < order.Count; i++)
        {
            text.Append(pattern.Accepting[order[i]] ? '+' : '-');
            for (int c = 0; c < 128; c++)
            {
                int next = pattern.Transitions[(order[i] * pattern.ClassCount) + pattern.Classes[c]];
                if (next >= 0 && numbers.TryAdd(next, order.Count))
                {
                    order.Add(next);
                }

                text.Append(CultureInfo.InvariantCulture, $"{(next < 0 ? -1 : numbers[next])},");
            }
        }

        return text.ToString();
    }
}
