using System.Security.Cryptography;
using Xtmp.Crypto;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.TestKit;
using static Xtmp.Grains.Tests.GrainsFixture;

namespace Xtmp.Grains.Tests.Registry;

public sealed class RegistryTests : IAsyncDisposable
{
    private const string Name = "silo.example";

    private readonly GrainsFixture _silo = new();
    private readonly IdentityKey _owner = IdentityKey.Generate(new SeededEntropy(1));
    private readonly IdentityKey _other = IdentityKey.Generate(new SeededEntropy(2));
    private byte _operation;

    public ValueTask DisposeAsync() => _silo.DisposeAsync();

    [Fact]
    public async Task an_unknown_name_is_answered_with_nothing()
    {
        var reply = await QueryAsync();
        Assert.Equal(RegistrySource.Negative, reply.Source);
        Assert.Null(reply.Record);
        Assert.InRange(reply.ValidFor, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task publishes_and_replaces_a_record()
    {
        var first = Record(1);
        Assert.Equal(1UL, (await _silo.Registry.UpdateAsync(Update(Signed(first, _owner)))).Version);
        var second = Signed(Record(2), _owner);
        Assert.Equal(2UL, (await _silo.Registry.UpdateAsync(Update(second))).Version);
        _silo.Restart();
        var reply = await QueryAsync();
        Assert.Equal(RegistrySource.Authoritative, reply.Source);
        Assert.Equal(second, reply.Record);
        Assert.Equal(first.Ttl, reply.ValidFor);
    }

    [Fact]
    public async Task a_repeat_answers_as_the_first()
    {
        var update = Update(Signed(Record(1), _owner));
        var first = await _silo.Registry.UpdateAsync(update);
        await _silo.Registry.UpdateAsync(Update(Signed(Record(2), _owner)));
        _silo.Time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(first, await _silo.Registry.UpdateAsync(update));
        var other = Update(Signed(Record(3), _owner)) with { OperationId = update.OperationId };
        await RefusedAsync(XtmpErrorCode.Conflict, _silo.Registry.UpdateAsync(other), "operation_id");
    }

    [Fact]
    public async Task refuses_versions_that_do_not_rise_or_leap_out_of_reach()
    {
        await _silo.Registry.UpdateAsync(Update(Signed(Record(5), _owner)));
        foreach (var version in new ulong[] { 1, 5 })
        {
            await RefusedAsync(XtmpErrorCode.RegistryVersionConflict, _silo.Registry.UpdateAsync(Update(Signed(Record(version), _owner))), "record.record.version");
        }

        foreach (var version in new[] { ulong.MaxValue, ulong.MaxValue / 2 })
        {
            await RefusedAsync(XtmpErrorCode.PayloadInvalid, _silo.Registry.UpdateAsync(Update(Signed(Record(version), _owner))), "record.record.version");
        }

        var now = (ulong)((_silo.Time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / 10);
        Assert.Equal(now, (await _silo.Registry.UpdateAsync(Update(Signed(Record(now), _owner)))).Version);
    }

    [Fact]
    public async Task a_name_belongs_to_its_owner_until_the_record_expires()
    {
        await _silo.Registry.UpdateAsync(Update(Signed(Record(1), _owner)));
        await RefusedAsync(XtmpErrorCode.PermissionDenied, _silo.Registry.UpdateAsync(Update(Signed(Record(2), _other))), "record.record.owner");
        _silo.Time.Advance(TimeSpan.FromDays(31));
        Assert.Equal(RegistrySource.Negative, (await QueryAsync()).Source);
        await RefusedAsync(XtmpErrorCode.RegistryVersionConflict, _silo.Registry.UpdateAsync(Update(Signed(Record(1), _other))), "record.record.version");
        await _silo.Registry.UpdateAsync(Update(Signed(Record(2), _other)));
        Assert.True((await QueryAsync()).Record!.Record.Owner.Span.SequenceEqual(_other.Public.Fingerprint.ToArray()));
    }

    [Fact]
    public async Task refuses_records_that_are_not_the_owners()
    {
        var good = Signed(Record(1), _owner);
        await RefusedAsync(XtmpErrorCode.SignatureInvalid, _silo.Registry.UpdateAsync(Update(good with { MlDsaSignature = Signed(Record(1), _other).MlDsaSignature })), "record.ml_dsa_signature");
        await RefusedAsync(XtmpErrorCode.SignatureInvalid, _silo.Registry.UpdateAsync(Update(good with { Ed25519Signature = Signed(Record(1), _other).Ed25519Signature })), "record.ml_dsa_signature");
        await RefusedAsync(XtmpErrorCode.SignatureInvalid, _silo.Registry.UpdateAsync(Update(good with { Record = good.Record with { Version = 2 } })), "record.ml_dsa_signature");
        await RefusedAsync(XtmpErrorCode.SignatureInvalid, _silo.Registry.UpdateAsync(Update(good with { Ed25519Key = _other.Public.Ed25519Key.ToArray() })), "record.record.owner");
        await RefusedAsync(XtmpErrorCode.PayloadInvalid, _silo.Registry.UpdateAsync(Update(good) with { Name = "another.example" }), "record.record.name");
        var expired = Signed(Record(1) with { ExpiresAt = _silo.Time.GetUtcNow() }, _owner);
        await RefusedAsync(XtmpErrorCode.PayloadInvalid, _silo.Registry.UpdateAsync(Update(expired)), "record.record.expires_at");
        Assert.Equal(RegistrySource.Negative, (await QueryAsync()).Source);
    }

    [Fact]
    public async Task stamps_are_chained()
    {
        await _silo.Registry.UpdateAsync(Update(Signed(Record(1), _owner)));
        var first = await _silo.Registry.StampAsync(Stamp(1), By(_owner));
        _silo.Time.Advance(TimeSpan.FromSeconds(1));
        var second = await _silo.Registry.StampAsync(Stamp(2), By(_owner));
        Assert.Equal((1UL, 2UL), (first.StampNumber, second.StampNumber));
        Assert.True(first.PreviousHash.Span.SequenceEqual(new byte[32]));
        Assert.True(second.PreviousHash.Span.SequenceEqual(first.StampHash.Span));
        Assert.Equal(StampHash(second), Convert.ToHexString(second.StampHash.Span));
    }

    [Fact]
    public async Task a_stamp_repeated_is_the_same_stamp()
    {
        await _silo.Registry.UpdateAsync(Update(Signed(Record(1), _owner)));
        var request = Stamp(1);
        var first = await _silo.Registry.StampAsync(request, By(_owner));
        await _silo.Registry.StampAsync(Stamp(2), By(_owner));
        _silo.Restart();
        Assert.Equal(first, await _silo.Registry.StampAsync(request, By(_owner)));
        await RefusedAsync(XtmpErrorCode.Conflict, _silo.Registry.StampAsync(request with { DocumentHash = new byte[32] }, By(_owner)), "operation_id");
    }

    [Fact]
    public async Task stamps_are_for_the_owner_of_the_name()
    {
        await RefusedAsync(XtmpErrorCode.PermissionDenied, _silo.Registry.StampAsync(Stamp(1), By(_owner)), "name");
        await _silo.Registry.UpdateAsync(Update(Signed(Record(1), _owner)));
        await RefusedAsync(XtmpErrorCode.PermissionDenied, _silo.Registry.StampAsync(Stamp(1), By(_other)), "name");
        Assert.Equal(1UL, (await _silo.Registry.StampAsync(Stamp(1), By(_owner))).StampNumber);
    }

    [Fact]
    public async Task refuses_a_record_that_would_hold_its_name_too_long()
    {
        var now = _silo.Time.GetUtcNow();
        await RefusedAsync(XtmpErrorCode.PayloadInvalid, _silo.Registry.UpdateAsync(Update(Signed(Record(1) with { ExpiresAt = now.AddDays(397) }, _owner))), "record.record.expires_at");
        await _silo.Registry.UpdateAsync(Update(Signed(Record(1) with { ExpiresAt = now.AddDays(396) }, _owner)));
    }

    [Fact]
    public async Task refuses_a_record_signed_for_another_network() =>
        await RefusedAsync(XtmpErrorCode.SignatureInvalid, _silo.Registry.UpdateAsync(Update(Signed(Record(1), _owner, "another network"))), "record.ml_dsa_signature");

    [Fact]
    public async Task who_owns_a_name_is_looked_up_before_a_signature_is_verified()
    {
        await _silo.Registry.UpdateAsync(Update(Signed(Record(1), _owner)));
        var forged = Signed(Record(2), _other) with { MlDsaSignature = new byte[MlDsa87.SignatureSize] };
        await RefusedAsync(XtmpErrorCode.PermissionDenied, _silo.Registry.UpdateAsync(Update(forged)), "record.record.owner");
    }

    // Written down again from the schema's words.
    [Fact]
    public async Task a_stamp_is_a_receipt_that_its_silo_signed()
    {
        using var silo = IdentityKey.Generate(new SeededEntropy(9));
        await using var fixture = new GrainsFixture(new GrainOptions { SiloIdentity = silo });
        await fixture.Registry.UpdateAsync(Update(Signed(Record(1), _owner)));
        var receipt = await fixture.Registry.StampAsync(Stamp(1), By(_owner));
        Assert.True(RegistrySigning.VerifyStamp(receipt, Network, silo.Public.Fingerprint));
        Assert.False(RegistrySigning.VerifyStamp(receipt, Network, _owner.Public.Fingerprint));
        Assert.False(RegistrySigning.VerifyStamp(receipt, "another network", silo.Public.Fingerprint));
        Assert.False(RegistrySigning.VerifyStamp(receipt with { StampedAt = receipt.StampedAt.AddSeconds(-1) }, Network, silo.Public.Fingerprint));
        Assert.False(RegistrySigning.VerifyStamp(receipt with { DocumentHash = new byte[32] }, Network, silo.Public.Fingerprint));
        var other = RegistrySigning.SignStamp(receipt, Network, _owner, new SeededEntropy(3));
        Assert.False(RegistrySigning.VerifyStamp(other with { MlDsaKey = receipt.MlDsaKey, Ed25519Key = receipt.Ed25519Key }, Network, silo.Public.Fingerprint));

        // A silo without an identity stamps all the same, and signs nothing.
        await _silo.Registry.UpdateAsync(Update(Signed(Record(1), _owner)));
        var plain = await _silo.Registry.StampAsync(Stamp(1), By(_owner));
        Assert.Null(plain.Signature);
        Assert.False(RegistrySigning.VerifyStamp(plain, Network, silo.Public.Fingerprint));
    }

    private static string StampHash(RegistryStampReply stamp)
    {
        using var text = new MemoryStream();
        text.Write("XTMP1 stamp"u8);
        text.Write([0, (byte)stamp.Name.Length]);
        text.Write(System.Text.Encoding.ASCII.GetBytes(stamp.Name));
        text.Write(BigEndian(stamp.StampNumber));
        text.Write(stamp.DocumentHash.Span);
        text.Write(BigEndian((ulong)((stamp.StampedAt - DateTimeOffset.UnixEpoch).Ticks / 10)));
        text.Write(stamp.PreviousHash.Span);
        return Convert.ToHexString(SHA256.HashData(text.ToArray()));
    }

    private static byte[] BigEndian(ulong value) => [.. BitConverter.GetBytes(value).Reverse()];

    private ValueTask<RegistryQueryReply> QueryAsync() => _silo.Registry.QueryAsync(new RegistryQuery { Name = Name });

    private RegistryStamp Stamp(byte document) => new() { OperationId = Operation(), Name = Name, DocumentHash = Enumerable.Repeat(document, 32).ToArray() };

    private RegistryUpdate Update(SignedRegistryRecord record) => new() { OperationId = Operation(), Name = Name, Record = record };

    private byte[] Operation() => [.. new byte[15], ++_operation];

    private RegistryRecord Record(ulong version) => new()
    {
        Name = Name,
        Version = version,
        Owner = new byte[32],
        Endpoints = [new RegistryEndpoint { Kind = RegistryEndpointKind.Xtmp, Host = "192.0.2.1", Port = 7778 }],
        ServerFingerprints = [new byte[32]],
        Ttl = TimeSpan.FromHours(1),
        ExpiresAt = _silo.Time.GetUtcNow().AddDays(30),
    };

    private static SignedRegistryRecord Signed(RegistryRecord record, IdentityKey keys, string network = Network) =>
        RegistrySigning.Sign(record, network, keys, new SeededEntropy(3));

    private static CallContext By(IdentityKey keys) =>
        new(Caller: new CallerInfo { SessionId = 1, PeerAddress = "192.0.2.7:1", IdentityFingerprint = keys.Public.Fingerprint.ToArray() });
}
