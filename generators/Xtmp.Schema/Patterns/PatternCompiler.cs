namespace Xtmp.Schema.Patterns;

/// <summary>Compiles a pattern to the smallest deterministic automaton, in an order that depends on the pattern only.</summary>
internal static class PatternCompiler
{
    private const int MaxStates = 2048;

    /// <summary>The automaton, or null with what is wrong with the pattern.</summary>
    public static PatternModel? Compile(string text, out string? problem)
    {
        try
        {
            problem = null;
            var nfa = new Nfa();
            var (start, end) = (nfa.NewState(), nfa.NewState());
            PatternParser.Parse(text).Build(nfa, start, end);
            var classes = ByteClasses(nfa, out var classCount, out var representatives);
            var (transitions, accepting) = Determinise(nfa, start, end, representatives);
            (transitions, accepting) = Minimise(transitions, accepting);
            return new(text, accepting.Count, classCount, new(classes), new(transitions.SelectMany(t => t).Select(t => (short)t)), new(accepting));
        }
        catch (PatternSyntaxException e)
        {
            problem = e.Message;
            return null;
        }
    }

    /// <summary>Bytes that no set of the pattern tells apart share a class.</summary>
    private static byte[] ByteClasses(Nfa nfa, out int count, out List<int> representatives)
    {
        var sets = nfa.Steps.Where(s => s is not null).Select(s => s!.Value.On).Distinct().ToList();
        var known = new Dictionary<string, byte>(StringComparer.Ordinal);
        var classes = new byte[128];
        representatives = [];
        for (var c = 0; c < 128; c++)
        {
            var signature = new string(sets.Select(s => s.Contains(c) ? '1' : '0').ToArray());
            if (!known.TryGetValue(signature, out var number))
            {
                number = (byte)known.Count;
                known.Add(signature, number);
                representatives.Add(c);
            }
            classes[c] = number;
        }
        count = known.Count;
        return classes;
    }

    private static (List<int[]> Transitions, List<bool> Accepting) Determinise(Nfa nfa, int start, int end, List<int> representatives)
    {
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        var sets = new List<ISet<int>>();
        var transitions = new List<int[]>();
        var accepting = new List<bool>();
        int Number(ISet<int> set)
        {
            var name = string.Join(",", set);
            if (numbers.TryGetValue(name, out var number))
            {
                return number;
            }
            if (sets.Count == MaxStates)
            {
                throw new PatternSyntaxException("The pattern is too large: its automaton would not stay small.");
            }
            numbers.Add(name, sets.Count);
            sets.Add(set);
            return sets.Count - 1;
        }
        Number(nfa.Closure([start]));
        for (var i = 0; i < sets.Count; i++)
        {
            accepting.Add(sets[i].Contains(end));
            var row = new int[representatives.Count];
            for (var c = 0; c < row.Length; c++)
            {
                var next = nfa.Closure(sets[i].Select(s => nfa.Steps[s]).Where(s => s is { } step && step.On.Contains(representatives[c])).Select(s => s!.Value.To));
                row[c] = next.Count == 0 ? -1 : Number(next);
            }
            transitions.Add(row);
        }
        return (transitions, accepting);
    }

    /// <summary>Moore's partition refinement, then numbering by breadth from the start.</summary>
    private static (List<int[]> Transitions, List<bool> Accepting) Minimise(List<int[]> transitions, List<bool> accepting)
    {
        var group = accepting.Select(a => a ? 1 : 0).ToArray();
        for (var count = 0; ;)
        {
            var names = new Dictionary<string, int>(StringComparer.Ordinal);
            var refined = new int[group.Length];
            for (var s = 0; s < group.Length; s++)
            {
                var name = group[s] + ":" + string.Join(",", transitions[s].Select(t => t < 0 ? -1 : group[t]));
                if (!names.TryGetValue(name, out refined[s]))
                {
                    refined[s] = names.Count;
                    names.Add(name, names.Count);
                }
            }
            group = refined;
            if (names.Count == count)
            {
                break;
            }
            count = names.Count;
        }
        var order = new List<int> { 0 };
        var number = new Dictionary<int, int> { [group[0]] = 0 };
        for (var i = 0; i < order.Count; i++)
        {
            foreach (var next in transitions[order[i]].Where(t => t >= 0 && !number.ContainsKey(group[t])))
            {
                if (!number.ContainsKey(group[next]))
                {
                    number.Add(group[next], order.Count);
                    order.Add(next);
                }
            }
        }
        return (order.Select(s => transitions[s].Select(t => t < 0 ? -1 : number[group[t]]).ToArray()).ToList(), order.Select(s => accepting[s]).ToList());
    }
}
