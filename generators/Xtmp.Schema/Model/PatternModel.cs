namespace Xtmp.Schema;

/// <summary>
/// A pattern over ASCII strings, compiled to a deterministic automaton: matching is one table step a byte, whatever
/// the input. The whole string must match; any byte of 128 and up does not.
/// </summary>
/// <param name="Text">As in the schema.</param>
/// <param name="States">Number of states; state 0 is where matching starts.</param>
/// <param name="ClassCount">Number of byte classes.</param>
/// <param name="Classes">128 entries: the class of each ASCII byte.</param>
/// <param name="Transitions">States × ClassCount entries: the next state, or -1 when the string cannot match.</param>
/// <param name="Accepting">A flag per state: the string may end here.</param>
public sealed record PatternModel(
    string Text,
    int States,
    int ClassCount,
    EquatableArray<byte> Classes,
    EquatableArray<short> Transitions,
    EquatableArray<bool> Accepting)
{
    /// <summary>True when the whole text matches.</summary>
    public bool Matches(string text)
    {
        var state = 0;
        foreach (var c in text)
        {
            if (c >= 128 || Transitions[(state * ClassCount) + Classes[c]] < 0)
            {
                return false;
            }
            state = Transitions[(state * ClassCount) + Classes[c]];
        }
        return Accepting[state];
    }
}
