namespace Xtmp.Session;

/// <summary>What a handshake hands over when it is done. Secrets and records are the receiver's to dispose.</summary>
/// <param name="Established">What was settled, for the application.</param>
/// <param name="Secrets">The session's secrets.</param>
/// <param name="Records">Record protection, both directions under the application keys of epoch 1.</param>
/// <param name="PeerLimits">What the peer takes.</param>
/// <param name="HasDatagrams">Both ends asked for datagrams.</param>
/// <param name="RoundTrip">The round trip the handshake measured.</param>
/// <param name="Ticket">At a server: the Ticket message to send first; empty: none.</param>
internal sealed record HandshakeResult(
    EstablishedSession Established, SessionSecrets Secrets, RecordLayer Records, AnnouncedLimits PeerLimits, bool HasDatagrams, TimeSpan RoundTrip, byte[] Ticket);
