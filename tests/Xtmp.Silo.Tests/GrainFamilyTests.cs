using Xtmp.Crypto;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Transport;

namespace Xtmp.Silo.Tests;

/// <summary>Every family of grains once through a real session: holds, locks, certificates, names, sessions, streams.</summary>
public sealed class GrainFamilyTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task money_is_held_for_another_wallet_and_captured_by_it()
    {
        await using var silo = await TestSilo.StartAsync();
        using var aliceKeys = IdentityKey.Generate(SystemEntropy.Instance);
        using var bobKeys = IdentityKey.Generate(SystemEntropy.Instance);
        await using var client = await silo.ConnectAsync(aliceKeys);
        var alice = new XtmpWallet(client, aliceKeys);
        var bob = new XtmpWallet(client, bobKeys);
        await alice.RegisterAsync();
        await bob.RegisterAsync();
        var hold = WalletSigning.SignHold(
            new WalletHold
            {
                OperationId = Operation(1),
                Wallet = alice.Id,
                Amount = 400_00,
                Currency = "XTM",
                Captor = WalletSigning.CaptorOf(bob.Id.Span),
                ExpiresAt = DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 3600),
                Signature = new byte[64],
            },
            client.Network!,
            aliceKeys,
            SystemEntropy.Instance);
        Assert.Equal(600_00UL, (await new WalletClient(alice.Invoker).HoldAsync(hold)).Balance);
        var captured = await new WalletClient(bob.Invoker).HoldCaptureAsync(new WalletHoldCapture
        {
            OperationId = Operation(2),
            Wallet = alice.Id,
            HoldId = hold.OperationId,
            Captor = hold.Captor,
            To = bob.Id,
            Amount = 150_00,
            Final = true,
        });
        Assert.Equal(250_00UL, captured.Hold.Released);
        Assert.Equal(850_00UL, (await alice.BalanceAsync()).Balance);
        Assert.Equal(1_150_00UL, (await bob.BalanceAsync()).Balance);
        var history = await new WalletClient(alice.Invoker).HistoryAsync(new WalletHistory { Wallet = alice.Id, Limit = 2 });
        Assert.Equal([WalletHistoryKind.Released, WalletHistoryKind.Captured], history.Entries.Select(line => line.Kind));
    }

    [Fact]
    public async Task a_lock_passes_from_one_session_to_the_next()
    {
        await using var silo = await TestSilo.StartAsync();
        using var keys = IdentityKey.Generate(SystemEntropy.Instance);
        await using var client = await silo.ConnectAsync(keys);
        var wallet = new XtmpWallet(client, keys);
        await wallet.RegisterAsync();
        var locks = new LockClient(wallet.Invoker);
        LockSessionCreate Create(byte number) => new() { Space = "jobs", OperationId = Operation(number), Wallet = wallet.Id, Lease = TimeSpan.FromMinutes(1) };
        LockAcquire Acquire(byte number, Guid session) => new() { Space = "jobs", OperationId = Operation(number), LockSessionId = session, ResourceIds = ["a"], Wait = TimeSpan.FromSeconds(20) };
        var first = (await locks.SessionCreateAsync(Create(1))).LockSessionId;
        var second = (await locks.SessionCreateAsync(Create(2))).LockSessionId;
        var taken = await locks.AcquireAsync(Acquire(3, first));
        var waiting = locks.AcquireAsync(Acquire(4, second)).AsTask();
        await locks.ReleaseAsync(new LockRelease { Space = "jobs", LockSessionId = first, Held = taken.Held });
        var given = await waiting.WaitAsync(Patience);
        Assert.Equal(LockOutcome.Granted, given.Outcome);
        Assert.True(given.Held[0].FencingToken > taken.Held[0].FencingToken);
    }

    [Fact]
    public async Task an_identity_gets_a_certificate_under_the_root_that_its_client_pins()
    {
        await using var silo = await TestSilo.StartAsync();
        using var keys = IdentityKey.Generate(SystemEntropy.Instance);
        await using var client = await silo.ConnectAsync(keys);
        var authority = new CertificateAuthorityClient(client.Invoker);
        var issued = await authority.IssueAsync(CertificateSigning.SignRequest(
            new CertificateIssue
            {
                Authority = "silo",
                OperationId = Operation(1),
                MlDsaKey = default,
                Ed25519Key = default,
                Name = keys.Public.Fingerprint.ToString(),
                Role = CertificateRole.Client,
                Lifetime = TimeSpan.FromDays(1),
                MlDsaSignature = default,
                Ed25519Signature = default,
            },
            client.Network!,
            keys,
            SystemEntropy.Instance));
        Assert.Equal(silo.Host.Fingerprint.ToArray(), issued.Certificate.Body.IssuerFingerprint.ToArray());
        var validate = new CertificateValidate { Authority = "silo", Certificate = issued.Certificate, Chain = [] };
        Assert.Equal(CertificateFailure.None, (await authority.ValidateAsync(validate)).Failure);
        await authority.RevokeAsync(new CertificateRevoke { Authority = "silo", Serial = issued.Certificate.Body.Serial, Reason = RevocationReason.Ceased });
        Assert.Equal(CertificateFailure.Revoked, (await authority.ValidateAsync(validate)).Failure);
    }

    [Fact]
    public async Task a_name_leads_to_its_silo_and_stamps_are_receipts()
    {
        await using var silo = await TestSilo.StartAsync();
        using var owner = IdentityKey.Generate(SystemEntropy.Instance);
        await using var client = await silo.ConnectAsync(owner);
        var resolver = new XtmpNameResolver(client);
        var missing = await Assert.ThrowsAsync<XtmpException>(() => resolver.ResolveAsync("xtmp://here.example").AsTask());
        Assert.Equal(XtmpErrorCode.NotFound, missing.Code);
        var record = new RegistryRecord
        {
            Name = "here.example",
            Version = 1,
            Owner = new byte[32],
            Endpoints =
            [
                new RegistryEndpoint { Kind = RegistryEndpointKind.Web2, Host = "web.example", Port = 443 },
                new RegistryEndpoint { Kind = RegistryEndpointKind.Xtmp, Host = silo.Host.EndPoint.Address.ToString(), Port = (ushort)silo.Host.EndPoint.Port },
            ],
            ServerFingerprints = [silo.Host.Fingerprint.ToArray()],
            Ttl = TimeSpan.FromMinutes(1),
            ExpiresAt = DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 3600),
        };
        await client.Registry.UpdateAsync(new RegistryUpdate { OperationId = Operation(1), Name = record.Name, Record = RegistrySigning.Sign(record, client.Network!, owner, SystemEntropy.Instance) });
        var found = await resolver.ResolveAsync("xtmp://here.example", owner.Public.Fingerprint);
        await using (var there = new XtmpConnection(found.Endpoints, found.Trusting(new XtmpClientOptions())))
        {
            Assert.Equal(RegistrySource.Authoritative, (await there.Registry.QueryAsync(new RegistryQuery { Name = record.Name })).Source);
        }

        var stranger = await Assert.ThrowsAsync<XtmpException>(() => resolver.ResolveAsync("here.example", silo.Host.Fingerprint).AsTask());
        Assert.Equal(XtmpErrorCode.UntrustedPeer, stranger.Code);
        var receipt = await client.Registry.StampAsync(new RegistryStamp { OperationId = Operation(2), Name = record.Name, DocumentHash = new byte[32] });
        Assert.True(RegistrySigning.VerifyStamp(receipt, client.Network!, silo.Host.Fingerprint));
    }

    [Fact]
    public async Task an_operator_sees_sessions_events_and_metrics_and_closes_a_session()
    {
        using var operatorKeys = IdentityKey.Generate(SystemEntropy.Instance);
        using var userKeys = IdentityKey.Generate(SystemEntropy.Instance);
        await using var silo = await TestSilo.StartAsync(options => options with
        {
            Gateway = options.Gateway with { Roles = new Dictionary<Fingerprint, CallerRoles> { [operatorKeys.Public.Fingerprint] = CallerRoles.Operator } },
        });
        await using var operators = await silo.ConnectAsync(operatorKeys);
        await using var user = await silo.ConnectAsync(userKeys);
        await user.Registry.QueryAsync(new RegistryQuery { Name = "nobody" });
        var sessionId = user.Session!.SessionId;
        var refused = await Assert.ThrowsAsync<XtmpException>(() => new SessionClient(user.Invoker).InfoQueryAsync(new SessionInfoQuery { SessionId = sessionId }).AsTask());
        Assert.Equal(XtmpErrorCode.PermissionDenied, refused.Code);

        await using var events = new StreamClient(operators.Invoker).EventsAsync(new EventStream { Topic = "events:silo" }).GetAsyncEnumerator();
        var ended = events.MoveNextAsync().AsTask();
        await using var metrics = new StreamClient(operators.Invoker).MetricsAsync(new MetricsStream { Topic = "metrics:silo", Interval = TimeSpan.FromMilliseconds(100) }).GetAsyncEnumerator();
        Assert.True(await metrics.MoveNextAsync().AsTask().WaitAsync(Patience));
        Assert.NotEmpty(metrics.Current.Samples);

        var sessions = new SessionClient(operators.Invoker);
        var info = await sessions.InfoQueryAsync(new SessionInfoQuery { SessionId = sessionId });
        Assert.True(info.Known);
        Assert.Equal(userKeys.Public.Fingerprint.ToArray(), info.Identity!.Value.ToArray());
        Assert.NotNull(info.Quality);
        Assert.InRange(info.Quality.ThroughputMbps, double.Epsilon, double.MaxValue);
        Assert.Equal(0.5, info.Quality.ErrorRate);

        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        user.StateChanged += _ => closed.TrySetResult();
        Assert.True((await sessions.DisconnectAsync(new SessionDisconnect { SessionId = sessionId, Reason = "enough" })).Closed);
        await closed.Task.WaitAsync(Patience);
        Assert.True(await ended.WaitAsync(Patience));
        Assert.Equal(1UL, events.Current.Sequence);
        info = await sessions.InfoQueryAsync(new SessionInfoQuery { SessionId = sessionId });
        Assert.NotNull(info.ClosedAt);
    }

    private static byte[] Operation(byte number) => [.. Enumerable.Repeat(number, 16)];
}
