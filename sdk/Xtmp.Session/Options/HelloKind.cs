namespace Xtmp.Session;

/// <summary>What a hello costs to answer, and what it proves before that.</summary>
public enum HelloKind : byte
{
    /// <summary>Its mac1 is zero: any scanner can send it, and the answer is as long as for a full handshake.</summary>
    Unaddressed = 0,

    /// <summary>Its mac1 shows that the sender knows this server's fingerprint.</summary>
    Addressed = 1,

    /// <summary>As <see cref="Addressed"/>, with a ticket: the handshake costs no signature where the ticket is good.</summary>
    Resuming = 2,
}
