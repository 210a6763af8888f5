using BitChat.Messages;

namespace BitChat.Peer;

/// <summary>What the table decides on, as agreement sees it.</summary>
public interface IValueRules
{
    /// <summary>The value this seat proposes at a height.</summary>
    ProposedValue Propose(ulong height);

    /// <summary>Whether a value may be decided at its height, on top of all that was decided before. The same answer at every correct seat.</summary>
    bool IsValid(ProposedValue value);

    /// <summary>
    /// Whether this seat would start with a valid value, by what it alone knows, as its clock. Asked only where nobody can be
    /// locked on the value: what a quorum has accepted stands, whatever one seat thinks of it.
    /// </summary>
    bool IsWelcome(ProposedValue value);
}
