using Xtmp.Crypto;

namespace Xtmp.Session;

/// <summary>
/// X25519 keys made ahead of the handshakes that use them, so that nobody waits for that part. Each is used once. Called on
/// any thread.
/// </summary>
public interface IKeySharePool
{
    /// <summary>A key that nobody else gets, the caller's to dispose; null when none is at hand.</summary>
    X25519PrivateKey? TryTake();
}
