using System.Globalization;
using System.Security.Cryptography;
using Orleans.Placement;
using Xtmp.Crypto;
using Xtmp.Grains.State;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Runtime;

namespace Xtmp.Grains;

/// <summary>
/// An authority: the certificates it issued, and which of them it revoked. The key is its name. Who may hold what is decided
/// by what is known without it: the identity of the handshake, the owner of a name in the registry, and the operator's roles.
/// </summary>
[RandomPlacement]
public sealed class CertificateAuthorityGrain : XtmpGrain<AuthorityState>, ICertificateAuthorityHandler
{
    private readonly GrainOptions _options;

    public CertificateAuthorityGrain(GrainOptions options)
    {
        _options = options;
    }

    public async ValueTask<CertificateIssueReply> IssueAsync(CertificateIssue request, CallContext context = default)
    {
        var authority = RequireAuthority();
        var holder = RequireHolder(request, context);
        var content = ContentOf(request, context);
        if (await AnsweredAsync(request.OperationId, content).ConfigureAwait(true) is { } before)
        {
            return new CertificateIssueReply { Certificate = before, Chain = [.. authority.Chain] };
        }

        await RequireEntitledAsync(request.Role, request.Name, context).ConfigureAwait(true);
        var certificate = Issue(authority, request.OperationId, content, request.Lifetime, new CertificateBody
        {
            Version = 1,
            Fingerprint = holder.Fingerprint.ToArray(),
            Name = request.Name,
            Role = request.Role,
            NotBefore = Context.Now,
            NotAfter = Context.Now,
            Serial = 1,
            IssuerFingerprint = new byte[Fingerprint.Size],
            PermittedNames = request.Role == CertificateRole.Intermediate ? [request.Name] : null,
        }, request.Role == CertificateRole.Intermediate ? holder : null);
        return new CertificateIssueReply { Certificate = certificate, Chain = [.. authority.Chain] };
    }

    public async ValueTask<CertificateChainReply> ChainAsync(CertificateChain request, CallContext context = default)
    {
        var authority = RequireAuthority();
        var (record, certificate) = await RequireIssuedAsync(request.Serial).ConfigureAwait(true);
        var body = certificate.Body;
        return new CertificateChainReply
        {
            State = record.RevokedAt is not null ? CertificateState.Revoked
                : Context.Now < body.NotBefore ? CertificateState.NotYetValid
                : Context.Now >= body.NotAfter ? CertificateState.Expired
                : CertificateState.Valid,
            Certificate = certificate,
            Chain = [.. authority.Chain],
            RevokedAt = record.RevokedAt,
            RevocationReason = (RevocationReason?)record.Reason,
        };
    }

    public async ValueTask<CertificateRenewReply> RenewAsync(CertificateRenew request, CallContext context = default)
    {
        var authority = RequireAuthority();
        var content = ContentOf(request, context);
        if (await AnsweredAsync(request.OperationId, content).ConfigureAwait(true) is { } before)
        {
            return new CertificateRenewReply { Certificate = before, ReplacedSerial = request.Serial };
        }

        var (record, certificate) = await RequireIssuedAsync(request.Serial).ConfigureAwait(true);
        var body = certificate.Body;
        if (!context.RequireCaller().IdentityFingerprint.Span.SequenceEqual(body.Fingerprint.Span))
        {
            throw Refusal.Of(XtmpErrorCode.PermissionDenied, "Only its holder renews a certificate.", "serial");
        }

        if (record.RevokedAt is not null || Context.Now >= body.NotAfter)
        {
            throw Refusal.Of(XtmpErrorCode.Conflict, "The certificate no longer holds; ask for a new one.", "serial");
        }

        await RequireEntitledAsync(body.Role, body.Name, context).ConfigureAwait(true);
        IdentityPublicKey? holder = null;
        if (certificate is { MlDsaKey: { } mlDsa, Ed25519Key: { } ed25519 })
        {
            _ = IdentityPublicKey.TryImport(mlDsa.Span, ed25519.Span, out holder);
            Invariant.Check(holder is not null);
        }

        return new CertificateRenewReply
        {
            Certificate = Issue(authority, request.OperationId, content, request.Lifetime, body, holder),
            ReplacedSerial = request.Serial,
        };
    }

    public async ValueTask<CertificateRevokeReply> RevokeAsync(CertificateRevoke request, CallContext context = default)
    {
        RequireAuthority();
        var (record, certificate) = await RequireIssuedAsync(request.Serial).ConfigureAwait(true);
        var caller = context.RequireCaller();
        if (!caller.IdentityFingerprint.Span.SequenceEqual(certificate.Body.Fingerprint.Span) && !caller.Roles.HasFlag(CallerRoles.Operator))
        {
            throw Refusal.Of(XtmpErrorCode.PermissionDenied, "A certificate is revoked by its holder or by an operator.", "serial");
        }

        if (record.RevokedAt is null)
        {
            record = record with { RevokedAt = Context.Now, Reason = (byte)request.Reason };
            Context.Entries.Put(CertificateKey(request.Serial), record);
        }

        return new CertificateRevokeReply { Serial = request.Serial, RevokedAt = record.RevokedAt!.Value };
    }

    public async ValueTask<CertificateValidateReply> ValidateAsync(CertificateValidate request, CallContext context = default)
    {
        var authority = RequireAuthority();
        Certificate[] chain = [.. request.Chain, .. authority.Chain];
        var revoked = new HashSet<(Fingerprint Issuer, ulong Serial)>();
        foreach (var certificate in chain.Prepend(request.Certificate))
        {
            if (await IsRevokedAsync(certificate).ConfigureAwait(true))
            {
                revoked.Add((new Fingerprint(certificate.Body.IssuerFingerprint.Span), certificate.Body.Serial));
            }
        }

        var verdict = new CertificateValidator([authority.Root ?? authority.Key.Public], certificate => revoked.Contains((new Fingerprint(certificate.Body.IssuerFingerprint.Span), certificate.Body.Serial)))
            .Validate(request.Certificate, chain, Context.Now, request.Role, request.Name);
        return new CertificateValidateReply { Failure = verdict.Failure, Detail = verdict.Detail is { Length: > 120 } detail ? detail[..120] : verdict.Detail };
    }

    private static string CertificateKey(ulong serial) => "certificate/" + serial.ToString("d20", CultureInfo.InvariantCulture);

    private static string OperationKey(ReadOnlyMemory<byte> operation) => "op/" + Convert.ToHexStringLower(operation.Span);

    private static byte[] ContentOf(IXtmpStruct request, CallContext context) =>
        SHA256.HashData([.. context.RequireCaller().IdentityFingerprint.Span, .. StoredValues.Encode(request)]);

    private AuthorityOptions RequireAuthority() =>
        _options.Authorities.GetValueOrDefault(Context.Key) ?? throw Refusal.Of(XtmpErrorCode.NotFound, "This silo has no such authority.", "authority");

    private async ValueTask<(IssuedCertificate Record, Certificate Certificate)> RequireIssuedAsync(ulong serial)
    {
        var record = await Context.Entries.ReadAsync<IssuedCertificate>(CertificateKey(serial)).ConfigureAwait(true)
            ?? throw Refusal.Of(XtmpErrorCode.NotFound, "The authority issued no such certificate.", "serial");
        return (record, StoredValues.Decode<Certificate>(record.Certificate));
    }

    private async ValueTask<Certificate?> AnsweredAsync(ReadOnlyMemory<byte> operation, byte[] content)
    {
        if (await Context.Entries.ReadAsync<IssueRecord>(OperationKey(operation)).ConfigureAwait(true) is not { } record)
        {
            return null;
        }

        return record.ContentHash.Span.SequenceEqual(content)
            ? (await RequireIssuedAsync(record.Serial).ConfigureAwait(true)).Certificate
            : throw Refusal.Of(XtmpErrorCode.Conflict, "The operation id was used for another request.", "operation_id");
    }

    /// <summary>The keys are those of the identity that the caller proved, and it signed this request with them.</summary>
    private IdentityPublicKey RequireHolder(CertificateIssue request, CallContext context)
    {
        if (!IdentityPublicKey.TryImport(request.MlDsaKey.Span, request.Ed25519Key.Span, out var holder)
            || !context.RequireCaller().IdentityFingerprint.Span.SequenceEqual(holder.Fingerprint.ToArray()))
        {
            throw Refusal.Of(XtmpErrorCode.PermissionDenied, "The keys are not those of the session's identity.", "ml_dsa_key");
        }

        Span<byte> hash = stackalloc byte[CertificateSigning.HashSize];
        CertificateSigning.HashRequest(request, _options.Network, hash);
        return holder.Verify(CertificateSigning.RequestLabel, CertificateSigning.RequestRole, hash, request.MlDsaSignature.Span, request.Ed25519Signature.Span)
            ? holder
            : throw Refusal.Of(XtmpErrorCode.SignatureInvalid, $"The signatures are not the holder's over this request in the network '{_options.Network}'.", "ml_dsa_signature");
    }

    /// <summary>Whether the caller may be called that, and be that.</summary>
    private async ValueTask RequireEntitledAsync(CertificateRole role, string name, CallContext context)
    {
        var caller = context.RequireCaller();
        if ((role == CertificateRole.Notary && !caller.Roles.HasFlag(CallerRoles.Notary)) || (role == CertificateRole.Intermediate && !caller.Roles.HasFlag(CallerRoles.Operator)))
        {
            throw Refusal.Of(XtmpErrorCode.PermissionDenied, $"The silo's operator has not made this identity a {role}.", "role");
        }

        if (role is not (CertificateRole.Client or CertificateRole.Server or CertificateRole.Notary or CertificateRole.Device or CertificateRole.Intermediate))
        {
            throw Refusal.Of(XtmpErrorCode.PayloadInvalid, "The role is not known.", "role");
        }

        if (role == CertificateRole.Intermediate && _options.Authorities[Context.Key].Chain is [{ } own, ..] && (own.Body.PathLength ?? 0) == 0)
        {
            throw Refusal.Of(XtmpErrorCode.PermissionDenied, "This authority may not make intermediates.", "role");
        }

        if (role != CertificateRole.Server && name == Convert.ToHexStringLower(caller.IdentityFingerprint.Span))
        {
            return;
        }

        // The registry's own rule of names; anything else is nobody's.
        var known = new RegistryQuery { Name = name };
        var owner = known.TryValidate(out _) ? (await new RegistryClient(Context.Calls).QueryAsync(known).ConfigureAwait(true)).Record?.Record.Owner : null;
        if (owner is not { } found || !found.Span.SequenceEqual(caller.IdentityFingerprint.Span))
        {
            throw Refusal.Of(XtmpErrorCode.PermissionDenied, "The name is not this identity's: neither its fingerprint nor a name of the registry that it owns.", "name");
        }
    }

    /// <summary>Signs what the body says under the next number, and remembers it.</summary>
    private Certificate Issue(AuthorityOptions authority, ReadOnlyMemory<byte> operation, byte[] content, TimeSpan lifetime, CertificateBody body, IdentityPublicKey? holder)
    {
        var serial = checked((State?.LastSerial ?? 0) + 1);
        var end = Context.Now + (lifetime < authority.MaxLifetime ? lifetime : authority.MaxLifetime);

        // What outlived its issuer would not hold anyway.
        end = authority.Chain.Select(above => above.Body.NotAfter).Append(end).Min();
        var certificate = CertificateSigning.Issue(body with { Serial = serial, NotBefore = Context.Now, NotAfter = end }, authority.Key, _options.RequireEntropy(), holder);
        State = new AuthorityState { LastSerial = serial };
        Context.Entries.Put(CertificateKey(serial), new IssuedCertificate { Certificate = StoredValues.Encode(certificate) });
        Context.Entries.Put(OperationKey(operation), new IssueRecord { ContentHash = content, Serial = serial });
        return certificate;
    }

    /// <summary>As far as the authorities of this silo know.</summary>
    private async ValueTask<bool> IsRevokedAsync(Certificate certificate)
    {
        var issuer = new Fingerprint(certificate.Body.IssuerFingerprint.Span);
        foreach (var (name, authority) in _options.Authorities)
        {
            if (authority.Key.Public.Fingerprint != issuer)
            {
                continue;
            }

            try
            {
                var request = new CertificateChain { Authority = name, Serial = certificate.Body.Serial };
                var known = name == Context.Key
                    ? await ChainAsync(request).ConfigureAwait(true)
                    : await new CertificateAuthorityClient(Context.Calls).ChainAsync(request).ConfigureAwait(true);
                if (known.State == CertificateState.Revoked)
                {
                    return true;
                }
            }
            catch (XtmpException error) when (error.Code == XtmpErrorCode.NotFound)
            {
                // Not under this name; its signature says whether it is the authority's at all.
            }
        }

        return false;
    }
}
