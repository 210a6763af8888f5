namespace Xtmp.Protocol;

/// <summary>What became of one fragment.</summary>
public enum ReassemblyStatus : byte
{
    /// <summary>Kept; the message is not complete.</summary>
    Kept = 0,

    /// <summary>The message is complete.</summary>
    Complete = 1,

    /// <summary>Cut off, out of the total, overlapping, or unlike the other fragments of its message; the message is dropped.</summary>
    Inconsistent = 2,

    /// <summary>A limit on bytes or count would be exceeded; the message is dropped.</summary>
    LimitExceeded = 3,
}
