namespace Xtmp.Session;

/// <summary>What a ticket that may be used says of the client; <paramref name="Client"/> is null for one without identity.</summary>
internal sealed record ResumedClient(VerifiedPeer? Client, DateTimeOffset SignedAt);
