using Xtmp.Schema;

namespace Xtmp.Generator;

/// <summary>
/// A pattern's automaton as C#: one table step a character, so that no text makes it slow. A pattern that only says which
/// characters and how many of them, which is what most say, becomes a length and a range.
/// </summary>
internal static class PatternEmitter
{
    public static void Emit(CodeWriter code, PatternModel pattern, string method)
    {
        code.Gap();
        code.Doc("Pattern: " + pattern.Text);
        if (Repetition(pattern) is { } repetition)
        {
            var length = repetition.Max is { } max
                ? $"text.Length is >= {Clr.Number(repetition.Min)} and <= {Clr.Number(max)}"
                : $"text.Length >= {Clr.Number(repetition.Min)}";
            code.Line($"internal static bool {method}(string text) =>");
            code.Indented($"{length} && !global::System.MemoryExtensions.ContainsAnyExceptInRange(global::System.MemoryExtensions.AsSpan(text), '\\u{Hex(repetition.From)}', '\\u{Hex(repetition.To)}');");
            return;
        }

        code.Open($"internal static bool {method}(string text)");
        code.Line($"global::System.ReadOnlySpan<byte> classes = [{string.Join(", ", pattern.Classes.Select(c => Clr.Number(c)))}];");
        code.Line($"global::System.ReadOnlySpan<short> next = [{string.Join(", ", pattern.Transitions.Select(t => Clr.Number(t)))}];");
        code.Line($"global::System.ReadOnlySpan<bool> accepting = [{string.Join(", ", pattern.Accepting.Select(a => a ? "true" : "false"))}];");
        code.Line("int state = 0;");
        code.Open("foreach (char c in text)");
        code.Line($"state = c < 128 ? next[(state * {Clr.Number(pattern.ClassCount)}) + classes[c]] : -1;");
        code.Guarded("if (state < 0)", "return false;");
        code.Close();
        code.Line();
        code.Line("return accepting[state];");
        code.Close();
    }

    private static string Hex(int value) => value.ToString("x4", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>
    /// The range and the counts of a pattern such as <c>[A-Z]{3,8}</c> or <c>[0-9]+</c>: its states are a chain over one class,
    /// which ends or stays in its last state, and from some state on all accept. Else null.
    /// </summary>
    private static (int From, int To, int Min, int? Max)? Repetition(PatternModel pattern)
    {
        var alive = pattern.Transitions.Select((to, i) => (To: to, Class: i % pattern.ClassCount)).Where(t => t.To >= 0).Select(t => t.Class).Distinct().ToList();
        if (alive.Count != 1)
        {
            return null;
        }

        var members = Enumerable.Range(0, 128).Where(c => pattern.Classes[c] == alive[0]).ToList();
        if (members[members.Count - 1] - members[0] + 1 != members.Count)
        {
            return null;
        }

        // Walk the chain; a state met twice must be the last one, staying where it is.
        var seen = new List<int>();
        int state = 0;
        while (state >= 0 && !seen.Contains(state))
        {
            seen.Add(state);
            state = pattern.Transitions[(state * pattern.ClassCount) + alive[0]];
        }

        if (state >= 0 && state != seen[seen.Count - 1])
        {
            return null;
        }

        int min = seen.FindIndex(s => pattern.Accepting[s]);
        return min < 0 || seen.Skip(min).Any(s => !pattern.Accepting[s])
            ? null
            : (members[0], members[members.Count - 1], min, state < 0 ? seen.Count - 1 : null);
    }
}
