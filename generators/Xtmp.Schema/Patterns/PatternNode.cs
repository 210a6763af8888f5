namespace Xtmp.Schema.Patterns;

/// <summary>A part of a pattern that adds itself to an automaton between two states.</summary>
internal abstract class PatternNode
{
    public abstract void Build(Nfa nfa, int from, int to);
}

internal sealed class SetNode(AsciiSet set) : PatternNode
{
    public override void Build(Nfa nfa, int from, int to)
    {
        // A state has one step at most, so that the step gets a state of its own.
        var state = nfa.NewState();
        nfa.Empty[from].Add(state);
        nfa.Steps[state] = (set, to);
    }
}

internal sealed class SequenceNode(IReadOnlyList<PatternNode> parts) : PatternNode
{
    public override void Build(Nfa nfa, int from, int to)
    {
        foreach (var part in parts)
        {
            var next = nfa.NewState();
            part.Build(nfa, from, next);
            from = next;
        }
        nfa.Empty[from].Add(to);
    }
}

internal sealed class ChoiceNode(IReadOnlyList<PatternNode> arms) : PatternNode
{
    public override void Build(Nfa nfa, int from, int to)
    {
        foreach (var arm in arms)
        {
            arm.Build(nfa, from, to);
        }
    }
}

/// <summary>A part repeated; without an upper bound where <paramref name="max"/> is null.</summary>
internal sealed class RepeatNode(PatternNode part, int min, int? max) : PatternNode
{
    public override void Build(Nfa nfa, int from, int to)
    {
        for (var i = 0; i < min; i++)
        {
            var next = nfa.NewState();
            part.Build(nfa, from, next);
            from = next;
        }
        if (max is null)
        {
            var loop = nfa.NewState();
            nfa.Empty[from].Add(loop);
            part.Build(nfa, loop, loop);
            nfa.Empty[loop].Add(to);
            return;
        }
        for (var i = min; i < max; i++)
        {
            nfa.Empty[from].Add(to);
            var next = nfa.NewState();
            part.Build(nfa, from, next);
            from = next;
        }
        nfa.Empty[from].Add(to);
    }
}
