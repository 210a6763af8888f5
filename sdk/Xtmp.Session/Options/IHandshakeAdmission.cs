namespace Xtmp.Session;

/// <summary>
/// Load control of a listener: per-address and global caps on handshakes. Called on the thread that drives the
/// session; must be quick and safe for concurrent use.
/// </summary>
public interface IHandshakeAdmission
{
    /// <summary>False refuses the handshake with Error{Busy, retry_after} in place of ServerHello.</summary>
    /// <param name="peer">What the IO shell passed to the session as the peer's label.</param>
    /// <param name="hello">What the hello proves: one without mac1 deserves a smaller allowance.</param>
    /// <param name="now">The time.</param>
    /// <param name="retryAfter">When to come back.</param>
    bool TryAdmit(object? peer, HelloKind hello, Instant now, out TimeSpan retryAfter);
}
