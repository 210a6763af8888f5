using Xtmp.Crypto;

namespace Xtmp.Session;

/// <summary>
/// A client's half of a resumption ticket: the server's sealed bytes and the secret that goes with them. Use it for one
/// handshake and drop it. <see cref="ToString"/> shows no secret.
/// </summary>
public sealed class SessionTicket
{
    /// <summary>The server it is for.</summary>
    public Fingerprint ServerFingerprint { get; internal init; }

    /// <summary>After this a full handshake is needed.</summary>
    public DateTimeOffset ExpiresAt { get; internal init; }

    public override string ToString() => $"ticket for {ServerFingerprint}, until {ExpiresAt:u}";
}
