namespace Xtmp.Schema.Patterns;

/// <summary>How long the strings are that a pattern accepts.</summary>
internal static class PatternLengths
{
    /// <summary>Steps after which the question is left open, so that a hostile schema takes no more than a moment.</summary>
    private const int MaxSteps = 2_000_000;

    /// <summary>False when the pattern certainly accepts no string of such a length.</summary>
    public static bool AnyWithin(PatternModel pattern, int min, int max)
    {
        var states = new HashSet<int> { 0 };
        for (int length = 0, steps = 0; states.Count > 0 && length <= max; length++)
        {
            if (length >= min && states.Any(s => pattern.Accepting[s]))
            {
                return true;
            }
            var next = new HashSet<int>();
            foreach (var state in states)
            {
                for (var c = 0; c < pattern.ClassCount; c++)
                {
                    if (pattern.Transitions[(state * pattern.ClassCount) + c] is var to && to >= 0)
                    {
                        next.Add(to);
                    }
                }
            }
            steps += states.Count * pattern.ClassCount;
            if (steps > MaxSteps)
            {
                return true;
            }
            states = next;
        }
        return false;
    }
}
