using Xtmp.Crypto;

namespace Xtmp.Messages;

/// <summary>
/// Finds a path from a certificate to a trusted root among certificates that anybody may have sent, and checks it: time, role,
/// name and path length of every step, revocation, and every signature. Work is bounded: a hostile heap of certificates costs
/// <see cref="MaxSignatures"/> verifications at most. It keeps nothing and may be used by several threads.
/// </summary>
/// <param name="roots">Identities that are trusted as issuers, without a certificate of their own.</param>
/// <param name="isRevoked">What is known to be revoked; null: nothing is.</param>
public sealed class CertificateValidator(IReadOnlyCollection<IdentityPublicKey> roots, Func<Certificate, bool>? isRevoked = null)
{
    /// <summary>Certificates that are looked at beside the one in question.</summary>
    public const int MaxCandidates = 64;

    /// <summary>Intermediates in a path.</summary>
    public const int MaxIntermediates = 8;

    /// <summary>Pairs of signatures that are verified for one answer.</summary>
    public const int MaxSignatures = 32;

    private const byte Version = 1;

    /// <summary>Whether the certificate holds.</summary>
    /// <param name="certificate">The certificate in question.</param>
    /// <param name="candidates">Intermediates, in any order; others are passed over.</param>
    /// <param name="at">The time.</param>
    /// <param name="role">Role that its holder must have; null: any.</param>
    /// <param name="name">Name that its holder must have; null: any.</param>
    public CertificateVerdict Validate(Certificate certificate, IReadOnlyList<Certificate> candidates, DateTimeOffset at, CertificateRole? role = null, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        ArgumentNullException.ThrowIfNull(candidates);
        if (candidates.Count > MaxCandidates)
        {
            return new(CertificateFailure.TooMuchWork, $"More than {MaxCandidates} certificates came along.");
        }

        if (FindFault(certificate, at) is { } fault)
        {
            return fault;
        }

        if (role is { } wanted && certificate.Body.Role != wanted)
        {
            return new(CertificateFailure.Role, $"The holder is {certificate.Body.Role}, not {wanted}.");
        }

        if (name is not null && certificate.Body.Name != name)
        {
            return new(CertificateFailure.Name, $"The holder is '{certificate.Body.Name}'.");
        }

        var search = new Search(this, candidates, at);
        return search.Climb([certificate], []) && search.IsUnambiguous() ? new(CertificateFailure.None, null, search.Path!) : search.Failure;
    }

    /// <summary>True for the name itself and every name below it.</summary>
    public static bool Covers(string permitted, string name)
    {
        ArgumentNullException.ThrowIfNull(permitted);
        ArgumentNullException.ThrowIfNull(name);
        return name == permitted || (name.Length > permitted.Length && name[^(permitted.Length + 1)] == '.' && name.EndsWith(permitted, StringComparison.Ordinal));
    }

    /// <summary>What is wrong with a certificate by itself.</summary>
    private CertificateVerdict? FindFault(Certificate certificate, DateTimeOffset at)
    {
        var body = certificate.Body;
        return body.Version != Version ? new(CertificateFailure.Version, $"The format {body.Version} is not known.")
            : at < body.NotBefore ? new(CertificateFailure.NotYetValid, $"'{body.Name}' holds from {body.NotBefore:u} on.")
            : at >= body.NotAfter ? new(CertificateFailure.Expired, $"'{body.Name}' held until {body.NotAfter:u}.")
            : isRevoked?.Invoke(certificate) == true ? new(CertificateFailure.Revoked, $"'{body.Name}' (number {body.Serial}) was revoked.")
            : null;
    }

    /// <summary>One answer's search, depth first, from the certificate up.</summary>
    private sealed class Search(CertificateValidator validator, IReadOnlyList<Certificate> candidates, DateTimeOffset at)
    {
        private int _signatures;
        private int _deepest = -1;
        private IReadOnlyList<IdentityPublicKey> _issuers = [];

        public IReadOnlyList<Certificate>? Path { get; private set; }

        /// <summary>What stopped the path that came furthest.</summary>
        public CertificateVerdict Failure { get; private set; }

        public bool Climb(IReadOnlyList<Certificate> path, IReadOnlyList<IdentityPublicKey> issuers)
        {
            var top = path[^1];
            var issuer = new Fingerprint(top.Body.IssuerFingerprint.Span);
            if (validator.Root(issuer) is { } root)
            {
                if (!IsSigned(top, root, path.Count))
                {
                    return false;
                }

                Path = path;
                _issuers = [.. issuers, root];
                return true;
            }

            if (path.Any(below => new Fingerprint(below.Body.Fingerprint.Span) == issuer))
            {
                return Fail(path.Count, CertificateFailure.Ring, $"{issuer} stands below itself.");
            }

            if (path.Count > MaxIntermediates)
            {
                return Fail(path.Count, CertificateFailure.PathLength, $"More than {MaxIntermediates} intermediates.");
            }

            var found = false;
            foreach (var candidate in candidates.Where(one => one.Body.Fingerprint.Span.SequenceEqual(top.Body.IssuerFingerprint.Span)))
            {
                found = true;
                if (MayIssue(candidate, path) && candidate.MlDsaKey is { } mlDsa && candidate.Ed25519Key is { } ed25519)
                {
                    if (!IdentityPublicKey.TryImport(mlDsa.Span, ed25519.Span, out var keys) || keys.Fingerprint != issuer)
                    {
                        Fail(path.Count, CertificateFailure.Signature, "The keys of an intermediate are not those of its fingerprint.");
                    }
                    else if (IsSigned(top, keys, path.Count) && Climb([.. path, candidate], [.. issuers, keys]))
                    {
                        return true;
                    }
                }
            }

            return !found && Fail(path.Count, CertificateFailure.IssuerUnknown, $"Nothing is known of the issuer {issuer}.");
        }

        /// <summary>
        /// No issuer of the path has signed another certificate under the same number: a revocation would mean either. What is
        /// not signed by it says nothing about it.
        /// </summary>
        public bool IsUnambiguous()
        {
            for (var step = 0; step < Path!.Count; step++)
            {
                var body = Path[step].Body;
                foreach (var other in candidates)
                {
                    if (other.Body.Serial == body.Serial && other.Body.IssuerFingerprint.Span.SequenceEqual(body.IssuerFingerprint.Span) && !other.Body.Equals(body))
                    {
                        if (_signatures++ >= MaxSignatures)
                        {
                            return Fail(int.MaxValue, CertificateFailure.TooMuchWork, $"More than {MaxSignatures} signatures would have to be verified.");
                        }

                        if (CertificateSigning.Verify(other, _issuers[step]))
                        {
                            return Fail(int.MaxValue, CertificateFailure.DuplicateSerial, $"{_issuers[step].Fingerprint} gave the number {body.Serial} twice.");
                        }
                    }
                }
            }

            return true;
        }

        private bool MayIssue(Certificate issuer, IReadOnlyList<Certificate> path)
        {
            var body = issuer.Body;
            if (validator.FindFault(issuer, at) is { } fault)
            {
                return Fail(path.Count, fault.Failure, fault.Detail!);
            }

            if (body.Role != CertificateRole.Intermediate)
            {
                return Fail(path.Count, CertificateFailure.Role, $"'{body.Name}' is {body.Role} and issues nothing.");
            }

            if (issuer.MlDsaKey is null || issuer.Ed25519Key is null)
            {
                return Fail(path.Count, CertificateFailure.IssuerUnknown, $"The certificate of '{body.Name}' came without its keys.");
            }

            // The first of the path is the certificate in question; the others are intermediates below this one.
            if (path.Count - 1 > (body.PathLength ?? 0))
            {
                return Fail(path.Count, CertificateFailure.PathLength, $"'{body.Name}' allows {body.PathLength ?? 0} intermediates below it.");
            }

            return body.PermittedNames is not { } permitted || path.All(below => permitted.Any(one => Covers(one, below.Body.Name)))
                || Fail(path.Count, CertificateFailure.Name, $"'{body.Name}' may not give this name.");
        }

        private bool IsSigned(Certificate certificate, IdentityPublicKey issuer, int depth)
        {
            if (_signatures++ >= MaxSignatures)
            {
                return Fail(int.MaxValue, CertificateFailure.TooMuchWork, $"No path was found within {MaxSignatures} signatures.");
            }

            return CertificateSigning.Verify(certificate, issuer)
                || Fail(depth, CertificateFailure.Signature, $"The signatures of '{certificate.Body.Name}' are not its issuer's.");
        }

        private bool Fail(int depth, CertificateFailure failure, string detail)
        {
            if (depth > _deepest)
            {
                _deepest = depth;
                Failure = new(failure, detail);
            }

            return false;
        }
    }

    private IdentityPublicKey? Root(Fingerprint fingerprint) => roots.FirstOrDefault(root => root.Fingerprint == fingerprint);
}

/// <summary>Whether a certificate holds.</summary>
/// <param name="Failure">Why not; none where it does.</param>
/// <param name="Detail">Why not, for a person.</param>
/// <param name="Path">The certificates of the path that was found, from the one in question up.</param>
public readonly record struct CertificateVerdict(CertificateFailure Failure, string? Detail, IReadOnlyList<Certificate>? Path = null);
