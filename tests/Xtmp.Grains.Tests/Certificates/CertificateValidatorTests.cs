using Xtmp.Crypto;
using Xtmp.Messages;
using Xtmp.TestKit;

namespace Xtmp.Grains.Tests.Certificates;

/// <summary>Paths of certificates that hold, and everything a hostile chain can be.</summary>
public sealed class CertificateValidatorTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 28, 12, 0, 0, TimeSpan.Zero);
    private static readonly SeededEntropy Entropy = new(5);
    private static readonly IdentityKey Root = IdentityKey.Generate(new SeededEntropy(1));
    private static readonly IdentityKey Upper = IdentityKey.Generate(new SeededEntropy(2));
    private static readonly IdentityKey Lower = IdentityKey.Generate(new SeededEntropy(3));
    private static readonly IdentityKey Holder = IdentityKey.Generate(new SeededEntropy(4));

    private static readonly Certificate UpperCertificate = Intermediate(Upper, Root, 1, pathLength: 1, "example");
    private static readonly Certificate LowerCertificate = Intermediate(Lower, Upper, 7, pathLength: null, "a.example");
    private static readonly Certificate Leaf = CertificateSigning.Issue(Body(Holder, 9, "www.a.example", CertificateRole.Server), Lower, Entropy);

    [Fact]
    public void a_path_is_found_whatever_the_order_and_whatever_else_came_along()
    {
        var stranger = Intermediate(Holder, Lower, 77, pathLength: null, "b.example");
        var verdict = Validate(Leaf, [stranger, LowerCertificate, LowerCertificate, UpperCertificate], role: CertificateRole.Server, name: "www.a.example");
        Assert.Equal(CertificateFailure.None, verdict.Failure);
        Assert.Equal([9UL, 7UL, 1UL], verdict.Path!.Select(step => step.Body.Serial));
    }

    [Fact]
    public void a_certificate_of_the_root_itself_needs_no_intermediate()
    {
        var leaf = CertificateSigning.Issue(Body(Holder, 2, "x", CertificateRole.Client), Root, Entropy);
        Assert.Equal(CertificateFailure.None, Validate(leaf, []).Failure);
    }

    [Fact]
    public void a_second_path_is_tried_where_the_first_fails()
    {
        var expired = Intermediate(Lower, Upper, 8, pathLength: null, "a.example", body => body with { NotAfter = Now.AddDays(-1) });
        Assert.Equal(CertificateFailure.None, Validate(Leaf, [expired, LowerCertificate, UpperCertificate]).Failure);
    }

    [Fact]
    public void refuses_a_certificate_out_of_its_time()
    {
        Assert.Equal(CertificateFailure.NotYetValid, Validate(Issue(body => body with { NotBefore = Now.AddSeconds(1) }), Chain).Failure);
        Assert.Equal(CertificateFailure.Expired, Validate(Issue(body => body with { NotAfter = Now }), Chain).Failure);
        Assert.Equal(CertificateFailure.Expired, Validate(Leaf, [LowerCertificate, Intermediate(Upper, Root, 1, 1, "example", body => body with { NotAfter = Now.AddDays(-1) })]).Failure);
        Assert.Equal(CertificateFailure.NotYetValid, Validate(Leaf, [LowerCertificate, Intermediate(Upper, Root, 1, 1, "example", body => body with { NotBefore = Now.AddDays(1) })]).Failure);
    }

    [Fact]
    public void refuses_an_unknown_version() => Assert.Equal(CertificateFailure.Version, Validate(Issue(body => body with { Version = 2 }), Chain).Failure);

    [Fact]
    public void refuses_another_role_or_name()
    {
        Assert.Equal(CertificateFailure.Role, Validate(Leaf, Chain, role: CertificateRole.Notary).Failure);
        Assert.Equal(CertificateFailure.Name, Validate(Leaf, Chain, name: "a.example").Failure);
    }

    [Fact]
    public void refuses_an_issuer_that_may_not_issue()
    {
        var server = Intermediate(Lower, Upper, 7, null, "a.example", body => body with { Role = CertificateRole.Server });
        Assert.Equal(CertificateFailure.Role, Validate(Leaf, [server, UpperCertificate]).Failure);
    }

    [Fact]
    public void refuses_an_unknown_issuer_and_an_unknown_root()
    {
        Assert.Equal(CertificateFailure.IssuerUnknown, Validate(Leaf, [UpperCertificate]).Failure);
        Assert.Equal(CertificateFailure.IssuerUnknown, Validate(Leaf, [LowerCertificate]).Failure);
        Assert.Equal(CertificateFailure.IssuerUnknown, new CertificateValidator([Holder.Public]).Validate(Leaf, Chain, Now).Failure);
        Assert.Equal(CertificateFailure.IssuerUnknown, Validate(Leaf, [LowerCertificate with { MlDsaKey = null }, UpperCertificate]).Failure);
    }

    [Fact]
    public void refuses_signatures_over_other_bytes()
    {
        Assert.Equal(CertificateFailure.Signature, Validate(Leaf with { Body = Leaf.Body with { Name = "other.a.example" } }, Chain).Failure);
        Assert.Equal(CertificateFailure.Signature, Validate(Leaf with { Ed25519Signature = new byte[64] }, Chain).Failure);
        Assert.Equal(CertificateFailure.Signature, Validate(Leaf with { MlDsaSignature = UpperCertificate.MlDsaSignature }, Chain).Failure);

        // Signed by another than it says.
        var forged = CertificateSigning.Issue(Leaf.Body, Holder, Entropy);
        Assert.Equal(CertificateFailure.Signature, Validate(forged with { Body = Leaf.Body }, Chain).Failure);
    }

    [Fact]
    public void refuses_keys_that_are_not_the_issuers()
    {
        var wrong = LowerCertificate with { MlDsaKey = Holder.Public.MlDsaKey.ToArray(), Ed25519Key = Holder.Public.Ed25519Key.ToArray() };
        Assert.Equal(CertificateFailure.Signature, Validate(Leaf, [wrong, UpperCertificate]).Failure);
    }

    [Fact]
    public void refuses_a_ring_of_issuers()
    {
        var one = Intermediate(Upper, Lower, 1, pathLength: 8, "example");
        var two = Intermediate(Lower, Upper, 2, pathLength: 8, "example");
        Assert.Equal(CertificateFailure.Ring, Validate(Leaf, [one, two]).Failure);
        var self = Intermediate(Lower, Lower, 3, pathLength: 8, "example");
        Assert.Equal(CertificateFailure.Ring, Validate(Leaf, [self]).Failure);
    }

    [Fact]
    public void refuses_more_intermediates_than_an_issuer_allows()
    {
        var tight = Intermediate(Upper, Root, 1, pathLength: 0, "example");
        Assert.Equal(CertificateFailure.PathLength, Validate(Leaf, [LowerCertificate, tight]).Failure);
        var silent = Intermediate(Upper, Root, 1, pathLength: null, "example");
        Assert.Equal(CertificateFailure.PathLength, Validate(Leaf, [LowerCertificate, silent]).Failure);
    }

    [Fact]
    public void refuses_a_chain_that_is_too_long()
    {
        var keys = Enumerable.Range(0, 12).Select(index => IdentityKey.Generate(new SeededEntropy(100 + (ulong)index))).ToArray();
        var chain = Enumerable.Range(0, 12).Select(index => Intermediate(keys[index], index == 0 ? Root : keys[index - 1], 1, pathLength: 8, "example")).ToArray();
        var leaf = CertificateSigning.Issue(Body(Holder, 2, "example", CertificateRole.Client), keys[^1], Entropy);
        Assert.Equal(CertificateFailure.PathLength, Validate(leaf, chain).Failure);
    }

    [Fact]
    public void refuses_a_name_that_an_issuer_may_not_give()
    {
        Assert.Equal(CertificateFailure.Name, Validate(Issue(body => body with { Name = "www.b.example" }), Chain).Failure);
        Assert.Equal(CertificateFailure.Name, Validate(Issue(body => body with { Name = "xa.example" }), Chain).Failure);

        // The constraint of the upper one holds for the lower one's name as well.
        var outside = Intermediate(Lower, Upper, 7, null, "elsewhere");
        var leaf = CertificateSigning.Issue(Body(Holder, 9, "elsewhere", CertificateRole.Client), Lower, Entropy);
        Assert.Equal(CertificateFailure.Name, Validate(leaf, [outside, UpperCertificate]).Failure);
    }

    [Theory]
    [InlineData(9, CertificateFailure.Revoked)]
    [InlineData(7, CertificateFailure.Revoked)]
    [InlineData(1, CertificateFailure.Revoked)]
    [InlineData(5, CertificateFailure.None)]
    public void refuses_what_was_revoked_anywhere_in_the_path(int serial, CertificateFailure failure) =>
        Assert.Equal(failure, new CertificateValidator([Root.Public], certificate => certificate.Body.Serial == (ulong)serial).Validate(Leaf, Chain, Now).Failure);

    [Fact]
    public void refuses_an_issuer_that_gave_a_number_twice_and_only_where_it_signed_both()
    {
        var twice = CertificateSigning.Issue(Body(Holder, 9, "mail.a.example", CertificateRole.Server), Lower, Entropy);
        Assert.Equal(CertificateFailure.DuplicateSerial, Validate(Leaf, [.. Chain, twice]).Failure);

        // Anybody can write down such a certificate; what the issuer has not signed says nothing about it.
        Assert.Equal(CertificateFailure.None, Validate(Leaf, [.. Chain, twice with { MlDsaSignature = Leaf.MlDsaSignature }]).Failure);
    }

    [Fact]
    public void work_on_a_heap_of_certificates_is_bounded()
    {
        Assert.Equal(CertificateFailure.TooMuchWork, Validate(Leaf, [.. Enumerable.Repeat(LowerCertificate, CertificateValidator.MaxCandidates + 1)]).Failure);

        // Each of these is a way to go on, and none leads to the root.
        var forged = Leaf with { Ed25519Signature = new byte[64] };
        Assert.Equal(CertificateFailure.TooMuchWork, Validate(forged, [.. Enumerable.Repeat(LowerCertificate, CertificateValidator.MaxCandidates)]).Failure);
    }

    private static IReadOnlyList<Certificate> Chain => [LowerCertificate, UpperCertificate];

    private static CertificateVerdict Validate(Certificate leaf, IReadOnlyList<Certificate> candidates, CertificateRole? role = null, string? name = null) =>
        new CertificateValidator([Root.Public]).Validate(leaf, candidates, Now, role, name);

    private static Certificate Issue(Func<CertificateBody, CertificateBody> change) => CertificateSigning.Issue(change(Leaf.Body), Lower, Entropy);

    private static Certificate Intermediate(IdentityKey holder, IdentityKey issuer, ulong serial, byte? pathLength, string name, Func<CertificateBody, CertificateBody>? change = null)
    {
        var body = Body(holder, serial, name, CertificateRole.Intermediate) with { PathLength = pathLength, PermittedNames = [name] };
        return CertificateSigning.Issue(change?.Invoke(body) ?? body, issuer, Entropy, holder.Public);
    }

    private static CertificateBody Body(IdentityKey holder, ulong serial, string name, CertificateRole role) => new()
    {
        Version = 1,
        Fingerprint = holder.Public.Fingerprint.ToArray(),
        Name = name,
        Role = role,
        NotBefore = Now.AddDays(-1),
        NotAfter = Now.AddDays(30),
        Serial = serial,
        IssuerFingerprint = new byte[32],
    };
}
