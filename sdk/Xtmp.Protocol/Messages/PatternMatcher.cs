using System.ComponentModel;

namespace Xtmp.Protocol;

/// <summary>
/// For generated code: runs the automaton a schema's <c>pattern</c> was compiled to. One table step a character, so no
/// text makes it slow.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class PatternMatcher
{
    /// <param name="text">The string; a character beyond ASCII never matches.</param>
    /// <param name="classes">128 entries: the class of each ASCII character.</param>
    /// <param name="transitions">States × classes entries: the next state, or -1.</param>
    /// <param name="accepting">One entry a state: 1 where the text may end.</param>
    public static bool IsMatch(string text, ReadOnlySpan<byte> classes, ReadOnlySpan<short> transitions, ReadOnlySpan<byte> accepting)
    {
        int classCount = transitions.Length / accepting.Length;
        int state = 0;
        foreach (char c in text)
        {
            if (c >= classes.Length)
            {
                return false;
            }

            state = transitions[(state * classCount) + classes[c]];
            if (state < 0)
            {
                return false;
            }
        }

        return accepting[state] != 0;
    }
}
