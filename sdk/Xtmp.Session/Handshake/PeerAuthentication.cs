using System.Security.Cryptography;
using Xtmp.Crypto;
using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>Identity and Auth of one end: made and checked here, the same way in both directions.</summary>
internal static class PeerAuthentication
{
    /// <summary>The hash that is signed: SHA-512 of the transcript hash up to the signer's Identity.</summary>
    public static void HashTranscript(Transcript transcript, Span<byte> hash)
    {
        Span<byte> current = stackalloc byte[Transcript.HashSize];
        transcript.CopyHash(current);
        SHA512.HashData(current, hash);
    }

    /// <summary>Writes Auth for what the transcript holds; returns its length.</summary>
    public static int Sign(IdentityKey identity, PeerRole role, Transcript transcript, IEntropy entropy, Span<byte> destination)
    {
        Span<byte> hash = stackalloc byte[SHA512.HashSizeInBytes];
        HashTranscript(transcript, hash);
        Span<byte> mlDsa = stackalloc byte[MlDsa87.SignatureSize];
        Span<byte> ed25519 = stackalloc byte[Ed25519.SignatureSize];
        identity.Sign(Labels.Signature, Labels.Role(role), hash, entropy, mlDsa, ed25519);
        return IdentityMessages.WriteAuth(destination, mlDsa, ed25519);
    }

    /// <summary>
    /// Reads an Identity message and asks the policy. Null and a reason to close where it is malformed, incomplete or
    /// not trusted. What it returns is still only a claim: <see cref="Verify"/> makes a verified peer of it.
    /// </summary>
    public static TrustedClaim? Authenticate(ReadOnlySpan<byte> payload, PeerRole role, string? expectedName, ITrustPolicy policy, Instant now, out SessionClose? refusal)
    {
        if (!IdentityMessages.TryReadIdentity(payload, out var key, out var fingerprint, out var encoded))
        {
            refusal = new(SessionCloseReason.MalformedPayload, Fault.Peer, XtmpErrorCode.PayloadMalformed, "An identity message is malformed.");
            return null;
        }

        if (key is null)
        {
            key = policy.KnownKey;
            if (key is null || key.Fingerprint != fingerprint)
            {
                refusal = new(SessionCloseReason.UnexpectedMessage, Fault.Peer, XtmpErrorCode.ProtocolViolation, "The peer sent only a fingerprint, and not the one this end has named.");
                return null;
            }
        }

        IdentityCertificate? certificate = null;
        if (!encoded.IsEmpty && !IdentityCertificate.TryDecode(encoded, out certificate))
        {
            refusal = new(SessionCloseReason.MalformedPayload, Fault.Peer, XtmpErrorCode.PayloadMalformed, "The peer's certificate is malformed.");
            return null;
        }

        var peer = new PeerIdentity { Role = role, Fingerprint = fingerprint, PublicKey = key, Certificate = certificate, ExpectedName = expectedName };
        var decision = policy.Evaluate(peer, now);
        refusal = decision.IsTrusted ? null : new(SessionCloseReason.UntrustedPeer, Fault.Peer, XtmpErrorCode.UntrustedPeer, $"The peer's identity is not trusted: {decision.Reason}.");
        return decision.IsTrusted ? new TrustedClaim(peer, key, decision.Certificate, policy) : null;
    }

    /// <summary>The verified peer, when an Auth message holds both of its signatures over the transcript; else null.</summary>
    public static VerifiedPeer? Verify(ReadOnlySpan<byte> payload, TrustedClaim claim, Transcript transcript)
    {
        Span<byte> hash = stackalloc byte[SHA512.HashSizeInBytes];
        HashTranscript(transcript, hash);
        return IdentityMessages.TryReadAuth(payload, out var mlDsa, out var ed25519)
            && claim.Key.Verify(Labels.Signature, Labels.Role(claim.Peer.Role), hash, mlDsa, ed25519)
                ? new VerifiedPeer(claim.Peer, claim.Certificate, claim.Policy.Name)
                : null;
    }

    /// <summary>Writes Finished over what the transcript holds; returns its length.</summary>
    public static int Finish(ReadOnlySpan<byte> trafficSecret, Transcript transcript, Span<byte> destination)
    {
        Span<byte> hash = stackalloc byte[Transcript.HashSize];
        Span<byte> mac = stackalloc byte[HandshakeLimits.FinishedSize];
        transcript.CopyHash(hash);
        HandshakeSecrets.ComputeFinished(trafficSecret, hash, mac);
        return IdentityMessages.WriteFinished(destination, mac);
    }

    /// <summary>True when a Finished message is valid over what the transcript holds.</summary>
    public static bool IsFinished(ReadOnlySpan<byte> payload, ReadOnlySpan<byte> trafficSecret, Transcript transcript)
    {
        Span<byte> hash = stackalloc byte[Transcript.HashSize];
        Span<byte> expected = stackalloc byte[HandshakeLimits.FinishedSize];
        transcript.CopyHash(hash);
        HandshakeSecrets.ComputeFinished(trafficSecret, hash, expected);
        return IdentityMessages.TryReadFinished(payload, out var mac) && CryptographicOperations.FixedTimeEquals(mac, expected);
    }
}
