using Xtmp.Protocol;

namespace Xtmp.Runtime;

/// <summary>How a turn ended.</summary>
/// <param name="Error">The refusal, or null where the turn is committed.</param>
/// <param name="Hold">What the reply waits for, outside the turn: deliveries, and then their refusal or null. Null: nothing.</param>
/// <param name="IsMoved">The activation goes; nothing was executed.</param>
internal readonly record struct TurnOutcome(XtmpException? Error, Task<XtmpException?>? Hold = null, bool IsMoved = false)
{
    public static TurnOutcome Moved => new(null, null, IsMoved: true);
}
