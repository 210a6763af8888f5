using Xtmp.Crypto;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.TestKit;
using Xtmp.Testing;
using static Xtmp.Grains.Tests.GrainsFixture;

namespace Xtmp.Grains.Tests.Certificates;

public sealed class AuthorityTests : IAsyncDisposable
{
    private const string Name = "silo.example";

    private static readonly SeededEntropy Entropy = new(9);
    private static readonly IdentityKey Root = IdentityKey.Generate(new SeededEntropy(1));
    private static readonly IdentityKey Sub = IdentityKey.Generate(new SeededEntropy(2));
    private static readonly IdentityKey Holder = IdentityKey.Generate(new SeededEntropy(3));
    private static readonly IdentityKey Other = IdentityKey.Generate(new SeededEntropy(4));

    private readonly GrainsFixture _silo;
    private readonly Certificate _subCertificate;
    private byte _operation;

    public AuthorityTests()
    {
        // The lower authority's certificate stands under number 1 of the upper one, as if it had issued it.
        var start = new VirtualTimeProvider().GetUtcNow();
        _subCertificate = CertificateSigning.Issue(
            new CertificateBody
            {
                Version = 1,
                Fingerprint = Sub.Public.Fingerprint.ToArray(),
                Name = "sub",
                Role = CertificateRole.Intermediate,
                NotBefore = start,
                NotAfter = start.AddDays(60),
                Serial = 1,
                IssuerFingerprint = new byte[32],
            },
            Root,
            Entropy,
            Sub.Public);
        _silo = new GrainsFixture(new GrainOptions
        {
            Authorities = new Dictionary<string, AuthorityOptions>
            {
                ["root"] = new() { Key = Root },
                ["sub"] = new() { Key = Sub, Root = Root.Public, Chain = [_subCertificate], MaxLifetime = TimeSpan.FromDays(90) },
            },
        });
    }

    public ValueTask DisposeAsync() => _silo.DisposeAsync();

    [Fact]
    public async Task a_certificate_is_issued_once_and_holds()
    {
        var request = Request("root", Self, CertificateRole.Client);
        var issued = await _silo.Authority.IssueAsync(request, By(Holder));
        Assert.Equal(1UL, issued.Certificate.Body.Serial);
        Assert.True(CertificateSigning.Verify(issued.Certificate, Root.Public));
        _silo.Time.Advance(TimeSpan.FromMinutes(1));
        _silo.Restart();
        Assert.Equal(issued, await _silo.Authority.IssueAsync(request, By(Holder)));
        Assert.Equal(2UL, (await _silo.Authority.IssueAsync(Request("root", Self, CertificateRole.Client), By(Holder))).Certificate.Body.Serial);
        var known = await _silo.Authority.ChainAsync(new CertificateChain { Authority = "root", Serial = 1 });
        Assert.Equal((CertificateState.Valid, issued.Certificate), (known.State, known.Certificate));
        Assert.Equal(CertificateFailure.None, await ValidateAsync("root", issued.Certificate, role: CertificateRole.Client, name: Self));
        await RefusedAsync(XtmpErrorCode.Conflict, _silo.Authority.IssueAsync(Sign(request with { Lifetime = TimeSpan.FromHours(2) }, Holder), By(Holder)), "operation_id");
        _silo.Time.Advance(TimeSpan.FromDays(2));
        Assert.Equal(CertificateState.Expired, (await _silo.Authority.ChainAsync(new CertificateChain { Authority = "root", Serial = 1 })).State);
        Assert.Equal(CertificateFailure.Expired, await ValidateAsync("root", issued.Certificate));
    }

    [Fact]
    public async Task a_chain_leads_from_a_lower_authority_to_the_root()
    {
        var issued = await _silo.Authority.IssueAsync(Request("sub", Self, CertificateRole.Device, days: 365), By(Holder));
        Assert.Equal([_subCertificate], issued.Chain);
        Assert.Equal(_subCertificate.Body.NotAfter, issued.Certificate.Body.NotAfter);
        Assert.Equal(CertificateFailure.None, new CertificateValidator([Root.Public]).Validate(issued.Certificate, [.. issued.Chain], _silo.Time.GetUtcNow()).Failure);
        Assert.Equal(CertificateFailure.None, await ValidateAsync("sub", issued.Certificate));
        Assert.Equal(CertificateFailure.None, await ValidateAsync("root", issued.Certificate, [_subCertificate]));
        Assert.Equal(CertificateFailure.IssuerUnknown, await ValidateAsync("root", issued.Certificate));
    }

    [Fact]
    public async Task an_intermediate_that_its_issuer_revoked_breaks_the_chain()
    {
        // The upper authority has given number 1 to somebody by itself, and takes it back.
        var upper = await _silo.Authority.IssueAsync(Request("root", Self, CertificateRole.Client), By(Holder));
        var issued = await _silo.Authority.IssueAsync(Request("sub", Self, CertificateRole.Device), By(Holder));
        Assert.Equal(1UL, upper.Certificate.Body.Serial);
        await _silo.Authority.RevokeAsync(new CertificateRevoke { Authority = "root", Serial = 1, Reason = RevocationReason.KeyCompromise }, By(Other, CallerRoles.Operator));
        Assert.Equal(CertificateFailure.Revoked, await ValidateAsync("sub", issued.Certificate));
    }

    [Fact]
    public async Task a_certificate_is_revoked_for_good_by_its_holder_or_an_operator()
    {
        var issued = await _silo.Authority.IssueAsync(Request("root", Self, CertificateRole.Client), By(Holder));
        var revoke = new CertificateRevoke { Authority = "root", Serial = issued.Certificate.Body.Serial, Reason = RevocationReason.Superseded };
        await RefusedAsync(XtmpErrorCode.PermissionDenied, _silo.Authority.RevokeAsync(revoke, By(Other)), "serial");
        var revoked = await _silo.Authority.RevokeAsync(revoke, By(Holder));
        _silo.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(revoked, await _silo.Authority.RevokeAsync(revoke with { Reason = RevocationReason.Ceased }, By(Holder)));
        var known = await _silo.Authority.ChainAsync(new CertificateChain { Authority = "root", Serial = 1 });
        Assert.Equal((CertificateState.Revoked, RevocationReason.Superseded), (known.State, known.RevocationReason));
        Assert.Equal(CertificateFailure.Revoked, await ValidateAsync("root", issued.Certificate));
        await RefusedAsync(XtmpErrorCode.Conflict, _silo.Authority.RenewAsync(Renew(1), By(Holder)), "serial");
        await RefusedAsync(XtmpErrorCode.NotFound, _silo.Authority.RevokeAsync(revoke with { Serial = 5 }, By(Holder)), "serial");
    }

    [Fact]
    public async Task a_renewed_certificate_says_the_same_under_another_number()
    {
        var first = (await _silo.Authority.IssueAsync(Request("root", Self, CertificateRole.Client), By(Holder))).Certificate;
        _silo.Time.Advance(TimeSpan.FromHours(20));
        var renew = Renew(1);
        await RefusedAsync(XtmpErrorCode.PermissionDenied, _silo.Authority.RenewAsync(renew, By(Other)), "serial");
        var second = await _silo.Authority.RenewAsync(renew, By(Holder));
        Assert.Equal(second, await _silo.Authority.RenewAsync(renew, By(Holder)));
        Assert.Equal((2UL, 1UL), (second.Certificate.Body.Serial, second.ReplacedSerial));
        Assert.True(second.Certificate.Body.NotAfter > first.Body.NotAfter);
        Assert.Equal(first.Body.Fingerprint.ToArray(), second.Certificate.Body.Fingerprint.ToArray());
        Assert.Equal(CertificateFailure.None, await ValidateAsync("root", second.Certificate, name: Self));
    }

    [Fact]
    public async Task a_server_needs_a_name_that_it_owns_in_the_registry()
    {
        await RefusedAsync(XtmpErrorCode.PermissionDenied, _silo.Authority.IssueAsync(Request("root", Self, CertificateRole.Server), By(Holder)), "name");
        await RefusedAsync(XtmpErrorCode.PermissionDenied, _silo.Authority.IssueAsync(Request("root", Name, CertificateRole.Server), By(Holder)), "name");
        await PublishAsync(Other);
        await RefusedAsync(XtmpErrorCode.PermissionDenied, _silo.Authority.IssueAsync(Request("root", Name, CertificateRole.Server), By(Holder)), "name");
        var issued = await _silo.Authority.IssueAsync(Request("root", Name, CertificateRole.Server, Other), By(Other));
        Assert.Equal(CertificateFailure.None, await ValidateAsync("root", issued.Certificate, role: CertificateRole.Server, name: Name));
        await RefusedAsync(XtmpErrorCode.PermissionDenied, _silo.Authority.IssueAsync(Request("root", "Not A Name!", CertificateRole.Client), By(Holder)), "name");
    }

    [Fact]
    public async Task roles_are_the_operators_to_give()
    {
        await RefusedAsync(XtmpErrorCode.PermissionDenied, _silo.Authority.IssueAsync(Request("root", Self, CertificateRole.Notary), By(Holder)), "role");
        await RefusedAsync(XtmpErrorCode.PermissionDenied, _silo.Authority.IssueAsync(Request("root", Self, CertificateRole.Intermediate), By(Holder, CallerRoles.Notary)), "role");
        await RefusedAsync(XtmpErrorCode.PayloadInvalid, _silo.Authority.IssueAsync(Request("root", Self, (CertificateRole)99), By(Holder)), "role");
        await _silo.Authority.IssueAsync(Request("root", Self, CertificateRole.Notary), By(Holder, CallerRoles.Notary));
        var intermediate = await _silo.Authority.IssueAsync(Request("root", Self, CertificateRole.Intermediate), By(Holder, CallerRoles.Operator));
        Assert.Equal([Self], intermediate.Certificate.Body.PermittedNames!.Value);
        Assert.NotNull(intermediate.Certificate.MlDsaKey);

        // The lower authority's own certificate allows no intermediate below it.
        await RefusedAsync(XtmpErrorCode.PermissionDenied, _silo.Authority.IssueAsync(Request("sub", Self, CertificateRole.Intermediate), By(Holder, CallerRoles.Operator)), "role");
    }

    [Fact]
    public async Task refuses_a_request_that_its_holder_did_not_make()
    {
        var request = Request("root", Self, CertificateRole.Client);
        await RefusedAsync(XtmpErrorCode.PermissionDenied, _silo.Authority.IssueAsync(request, By(Other)), "ml_dsa_key");
        await RefusedAsync(XtmpErrorCode.SignatureInvalid, _silo.Authority.IssueAsync(request with { Role = CertificateRole.Device }, By(Holder)), "ml_dsa_signature");
        await RefusedAsync(XtmpErrorCode.SignatureInvalid, _silo.Authority.IssueAsync(CertificateSigning.SignRequest(request, "another network", Holder, Entropy), By(Holder)), "ml_dsa_signature");
        await RefusedAsync(XtmpErrorCode.NotFound, _silo.Authority.IssueAsync(Request("nobody", Self, CertificateRole.Client), By(Holder)), "authority");
        await RefusedAsync(XtmpErrorCode.AuthenticationRequired, _silo.Authority.IssueAsync(request));
    }

    private static string Self => Holder.Public.Fingerprint.ToString();

    private static CallContext By(IdentityKey identity, CallerRoles roles = CallerRoles.None) =>
        new(Caller: new CallerInfo { SessionId = 1, PeerAddress = "192.0.2.1:1", IdentityFingerprint = identity.Public.Fingerprint.ToArray(), Roles = roles });

    private static CertificateIssue Sign(CertificateIssue request, IdentityKey holder) => CertificateSigning.SignRequest(request, Network, holder, Entropy);

    private CertificateIssue Request(string authority, string name, CertificateRole role, IdentityKey? holder = null, int days = 1) => Sign(
        new CertificateIssue
        {
            Authority = authority,
            OperationId = Enumerable.Repeat(++_operation, 16).ToArray(),
            MlDsaKey = default,
            Ed25519Key = default,
            Name = name,
            Role = role,
            Lifetime = TimeSpan.FromDays(days),
            MlDsaSignature = default,
            Ed25519Signature = default,
        },
        holder ?? Holder);

    private CertificateRenew Renew(ulong serial) =>
        new() { Authority = "root", OperationId = Enumerable.Repeat(++_operation, 16).ToArray(), Serial = serial, Lifetime = TimeSpan.FromDays(1) };

    private async Task<CertificateFailure> ValidateAsync(string authority, Certificate certificate, IReadOnlyList<Certificate>? chain = null, CertificateRole? role = null, string? name = null) =>
        (await _silo.Authority.ValidateAsync(new CertificateValidate { Authority = authority, Certificate = certificate, Chain = [.. chain ?? []], Role = role, Name = name })).Failure;

    private async Task PublishAsync(IdentityKey owner)
    {
        var record = new RegistryRecord
        {
            Name = Name,
            Version = 1,
            Owner = new byte[32],
            Endpoints = [],
            ServerFingerprints = [],
            Ttl = TimeSpan.FromMinutes(1),
            ExpiresAt = _silo.Time.GetUtcNow().AddDays(30),
        };
        await _silo.Registry.UpdateAsync(new RegistryUpdate { OperationId = new byte[16], Name = Name, Record = RegistrySigning.Sign(record, Network, owner, Entropy) });
    }
}
