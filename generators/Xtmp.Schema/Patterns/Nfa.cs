namespace Xtmp.Schema.Patterns;

/// <summary>A non-deterministic automaton under construction: Thompson's, one fragment a part of the pattern.</summary>
internal sealed class Nfa
{
    /// <summary>Repetitions multiply; beyond this a pattern is refused.</summary>
    private const int MaxStates = 20_000;

    public List<(AsciiSet On, int To)?> Steps { get; } = [];

    public List<List<int>> Empty { get; } = [];

    public int NewState()
    {
        if (Steps.Count == MaxStates)
        {
            throw new PatternSyntaxException("The pattern is too large; its repetitions multiply.");
        }
        Steps.Add(null);
        Empty.Add([]);
        return Steps.Count - 1;
    }

    public ISet<int> Closure(IEnumerable<int> states)
    {
        var reached = new SortedSet<int>();
        var waiting = new Stack<int>(states);
        while (waiting.Count > 0)
        {
            var state = waiting.Pop();
            if (reached.Add(state))
            {
                foreach (var next in Empty[state])
                {
                    waiting.Push(next);
                }
            }
        }
        return reached;
    }
}
