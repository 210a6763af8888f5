using Xtmp.Crypto;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.Storage;
using Xtmp.Transport;

namespace Xtmp.Silo.Tests;

/// <summary>The whole way: client, socket, session, gateway, grain, database, and back.</summary>
public sealed class EndToEndTests(SharedSilo shared) : IClassFixture<SharedSilo>
{
    private const string Currency = "XTM";

    [Fact]
    public async Task a_transfer_moves_money_once_and_survives_a_restart()
    {
        await using var silo = await TestSilo.StartAsync();
        using var aliceKeys = IdentityKey.Generate(SystemEntropy.Instance);
        using var bobKeys = IdentityKey.Generate(SystemEntropy.Instance);
        var bobId = bobKeys.Public.Fingerprint.ToArray();
        WalletTransaction transfer;
        WalletTransactionReply first;
        await using (var client = await silo.ConnectAsync(aliceKeys))
        {
            var wallet = new XtmpWallet(client, aliceKeys);
            await wallet.RegisterAsync();
            await new XtmpWallet(client, bobKeys).RegisterAsync();
            transfer = XtmpWallet.SignTransfer(aliceKeys, client.Network!, bobId, 12_34, Currency, nonce: 0);
            first = await wallet.SendAsync(transfer);
            Assert.Equal(1_000_00UL - 12_34, first.Balance);
            Assert.Equal(1UL, first.Nonce);
            Assert.Equal(2UL, (await wallet.TransferAsync(bobId, 1)).Nonce);
        }

        await silo.RestartAsync();
        await using var aliceClient = await silo.ConnectAsync(aliceKeys);
        await using var bobClient = await silo.ConnectAsync(bobKeys);
        var alice = new XtmpWallet(aliceClient, aliceKeys);
        var bob = new XtmpWallet(bobClient, bobKeys);
        Assert.Equal(first, await alice.SendAsync(transfer));
        Assert.Equal(1_000_00UL - 12_34 - 1, (await alice.BalanceAsync()).Balance);
        Assert.Equal(1_000_00UL + 12_34 + 1, (await bob.BalanceAsync()).Balance);
    }

    [Fact]
    public async Task both_ends_prove_their_identities()
    {
        var silo = shared.Silo;
        using var keys = IdentityKey.Generate(SystemEntropy.Instance);
        await using var client = await silo.ConnectAsync(keys);
        Assert.Equal(CipherSuite.X25519MlKem1024, client.Session!.Suite);
        Assert.Equal(silo.Host.Fingerprint, client.Session!.ServerFingerprint);
        Assert.Equal(keys.Public.Fingerprint, client.Session!.ClientFingerprint);
    }

    [Theory]
    [InlineData(EncryptionType.Aes256Gcm)]
    [InlineData(EncryptionType.ChaCha20Poly1305)]
    [InlineData(EncryptionType.PostQuantum)]
    public async Task every_encryption_type_carries_calls(EncryptionType encryption)
    {
        var silo = shared.Silo;
        await using var client = await silo.ConnectAsync(configure: options => options with { EncryptionTypes = [encryption] });
        Assert.Equal(encryption, client.Session!.Encryption);
        Assert.Equal(RegistrySource.Negative, (await client.Registry.QueryAsync(new RegistryQuery { Name = "nobody" })).Source);
    }

    [Fact]
    public async Task refuses_a_server_with_another_identity()
    {
        var silo = shared.Silo;
        using var other = IdentityKey.Generate(SystemEntropy.Instance);
        var error = await Assert.ThrowsAsync<XtmpException>(() => silo.ConnectAsync(configure: options => options with { ServerFingerprint = other.Public.Fingerprint }));
        Assert.NotEqual(Fault.Local, error.Fault);
    }

    [Fact]
    public async Task refuses_to_connect_without_trust()
    {
        var silo = shared.Silo;
        var error = await Assert.ThrowsAsync<XtmpException>(() => XtmpConnection.ConnectAsync(silo.Endpoint, new XtmpClientOptions()));
        Assert.Equal(XtmpErrorCode.UntrustedPeer, error.Code);
        Assert.Equal(Fault.Local, error.Fault);
    }

    [Fact]
    public async Task remembers_a_server_on_first_use_and_refuses_another_in_its_place()
    {
        await using var silo = await TestSilo.StartAsync();
        var hosts = Path.Combine(silo.Options.DataDirectory, "known_hosts");
        XtmpClientOptions FirstUse(XtmpClientOptions options) => options with { ServerFingerprint = null, KnownHostsPath = hosts };
        await using (await silo.ConnectAsync(configure: FirstUse))
        {
        }

        await using (await silo.ConnectAsync(configure: FirstUse))
        {
        }

        using var other = IdentityKey.Generate(SystemEntropy.Instance);
        await File.WriteAllTextAsync(hosts, (await File.ReadAllTextAsync(hosts)).Replace(silo.Host.Fingerprint.ToString(), other.Public.Fingerprint.ToString(), StringComparison.Ordinal));
        await Assert.ThrowsAsync<XtmpException>(() => silo.ConnectAsync(configure: FirstUse));
    }

    [Fact]
    public async Task lets_in_only_the_clients_it_was_told_of()
    {
        using var allowed = IdentityKey.Generate(SystemEntropy.Instance);
        await using var silo = await TestSilo.StartAsync(options => options with
        {
            ClientAuthentication = ClientAuthentication.Required,
            AllowedClients = [allowed.Public.Fingerprint],
        });
        await using (await silo.ConnectAsync(allowed))
        {
        }

        await Assert.ThrowsAsync<XtmpException>(() => CallAsync(silo, identity: null));
        using var stranger = IdentityKey.Generate(SystemEntropy.Instance);
        await Assert.ThrowsAsync<XtmpException>(() => CallAsync(silo, stranger));
    }

    [Fact]
    public async Task a_wallet_needs_authentication_in_this_very_session()
    {
        var silo = shared.Silo;
        using var keys = IdentityKey.Generate(SystemEntropy.Instance);
        await using var client = await silo.ConnectAsync(keys);
        var wallet = new XtmpWallet(client, keys);
        await wallet.RegisterAsync();
        await wallet.BalanceAsync();
        var error = await Assert.ThrowsAsync<XtmpException>(async () => await client.Wallet.BalanceAsync(new WalletBalance { Wallet = wallet.Id }));
        Assert.Equal(XtmpErrorCode.AuthenticationRequired, error.Code);
    }

    [Fact]
    public async Task a_session_is_recorded_once_somebody_proved_who_they_are()
    {
        await using var silo = await TestSilo.StartAsync();
        using var keys = IdentityKey.Generate(SystemEntropy.Instance);
        var sessions = new SessionClient(silo.Host.Invoker);
        await using var named = await silo.ConnectAsync(keys);
        await using var anonymous = await silo.ConnectAsync(configure: options => options with { Identity = null });
        await named.Registry.QueryAsync(new RegistryQuery { Name = "nobody" });
        await anonymous.Registry.QueryAsync(new RegistryQuery { Name = "nobody" });
        var known = await sessions.InfoQueryAsync(new SessionInfoQuery { SessionId = named.Session!.SessionId });
        Assert.True(known.Known);
        Assert.Equal(keys.Public.Fingerprint.ToArray(), known.Identity!.Value.ToArray());
        Assert.False((await sessions.InfoQueryAsync(new SessionInfoQuery { SessionId = anonymous.Session!.SessionId })).Known);

        // Once it speaks for a wallet it has a record, without an identity, that can be read back from the store.
        var wallet = new XtmpWallet(anonymous, keys);
        await wallet.RegisterAsync();
        await wallet.BalanceAsync();
        var id = wallet.Session!.SessionId;
        await silo.RestartAsync();
        sessions = new SessionClient(silo.Host.Invoker);
        var bound = await sessions.InfoQueryAsync(new SessionInfoQuery { SessionId = id });
        Assert.True(bound.Known);
        Assert.Null(bound.Identity);
        Assert.Equal(wallet.Id.ToArray(), Assert.Single(bound.Wallets).ToArray());
    }

    [Fact]
    public async Task of_an_anonymous_session_neither_a_record_nor_a_reminder_is_stored()
    {
        await using var silo = await TestSilo.StartAsync();
        using var keys = IdentityKey.Generate(SystemEntropy.Instance);
        await using var named = await silo.ConnectAsync(keys);
        await using var anonymous = await silo.ConnectAsync(configure: options => options with { Identity = null });
        await named.Registry.QueryAsync(new RegistryQuery { Name = "nobody" });
        await anonymous.Registry.QueryAsync(new RegistryQuery { Name = "nobody" });

        // A question about it makes no record of it either.
        Assert.False((await new SessionClient(silo.Host.Invoker).InfoQueryAsync(new SessionInfoQuery { SessionId = anonymous.Session!.SessionId })).Known);
        await silo.Host.StopAsync();
        await using var store = SqliteGrainStore.Open(Path.Combine(silo.Options.DataDirectory, SiloEngine.DatabaseName));
        Assert.Single(await store.ReadDueRemindersAsync(DateTimeOffset.MaxValue, limit: 1000), due => due.Id.Kind == "Session");
    }

    [Fact]
    public async Task a_wallet_is_not_anothers()
    {
        var silo = shared.Silo;
        using var aliceKeys = IdentityKey.Generate(SystemEntropy.Instance);
        using var malloryKeys = IdentityKey.Generate(SystemEntropy.Instance);
        await using var client = await silo.ConnectAsync(malloryKeys);
        var alice = new XtmpWallet(client, aliceKeys);
        var mallory = new XtmpWallet(client, malloryKeys);
        await alice.RegisterAsync();
        await mallory.RegisterAsync();
        var error = await Assert.ThrowsAsync<XtmpException>(async () => await new WalletClient(mallory.Invoker).BalanceAsync(new WalletBalance { Wallet = alice.Id }));
        Assert.Equal(XtmpErrorCode.PermissionDenied, error.Code);

        var forged = XtmpWallet.SignTransfer(malloryKeys, client.Network!, mallory.Id, 5, Currency, nonce: 0) with { From = alice.Id };
        error = await Assert.ThrowsAsync<XtmpException>(async () => await mallory.SendAsync(forged));
        Assert.Equal(XtmpErrorCode.PermissionDenied, error.Code);
        Assert.Equal("from", error.Field);
    }

    [Fact]
    public async Task a_bundle_is_followed_live_from_submission_to_submitted()
    {
        var silo = shared.Silo;
        await using var client = await silo.ConnectAsync(SampleBundle.Node);
        var bundle = SampleBundle.Create("bundle-1", silo.Host.Network);
        await using var updates = client.Stream.UpdatesAsync(new LiveUpdates { Topic = $"bundle:{bundle.BundleId}", StreamType = StreamType.BundleUpdates }).GetAsyncEnumerator();
        var next = updates.MoveNextAsync();
        var reply = await client.Bundle.SubmitAsync(new BundleSubmit { BundleId = bundle.BundleId, Bundle = bundle });
        Assert.False(reply.Duplicate);
        var seen = new List<BundleStatusCode>();
        while (await next.AsTask().WaitAsync(TimeSpan.FromMinutes(1)))
        {
            var update = Assert.IsType<UpdateBody.BundleStatusArm>(updates.Current.Body).Value;
            seen.Add(update.Status);
            Assert.Equal((ulong)seen.Count, updates.Current.Sequence);
            if (update.Status == BundleStatusCode.Submitted)
            {
                break;
            }

            next = updates.MoveNextAsync();
        }

        Assert.Equal([BundleStatusCode.Received, BundleStatusCode.Verifying, BundleStatusCode.Verified, BundleStatusCode.Submitted], seen);
        Assert.True((await client.Bundle.SubmitAsync(new BundleSubmit { BundleId = bundle.BundleId, Bundle = bundle })).Duplicate);

        // The ledger's line comes by the outbox, some time after the step is announced.
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (!(await client.BundleLedger.SyncAsync(new BundleSync { NodeId = bundle.BpiLedgerMetadata.NodeId }, patience.Token)).Bundles.Any(line => line.BundleId == bundle.BundleId))
        {
            await Task.Yield();
        }
    }

    [Fact]
    public async Task a_bundle_that_does_not_add_up_is_refused_with_the_field()
    {
        var silo = shared.Silo;
        await using var client = await silo.ConnectAsync(SampleBundle.Node);
        var bundle = SampleBundle.Create("bundle-2", silo.Host.Network);
        await using (var stranger = await silo.ConnectAsync())
        {
            var refused = await Assert.ThrowsAsync<XtmpException>(async () => await stranger.Bundle.SubmitAsync(new BundleSubmit { BundleId = bundle.BundleId, Bundle = bundle }));
            Assert.Equal(XtmpErrorCode.PermissionDenied, refused.Code);
        }

        var broken = bundle with { TotalValue = bundle.TotalValue + 1 };
        var error = await Assert.ThrowsAsync<XtmpException>(async () => await client.Bundle.SubmitAsync(new BundleSubmit { BundleId = broken.BundleId, Bundle = broken }));
        Assert.Equal("bundle.total_value", error.Field);

        broken = bundle with { ImmutableProof = bundle.ImmutableProof with { MerkleRoot = new byte[32] } };
        error = await Assert.ThrowsAsync<XtmpException>(async () => await client.Bundle.SubmitAsync(new BundleSubmit { BundleId = broken.BundleId, Bundle = broken }));
        Assert.Equal(XtmpErrorCode.MerkleRootMismatch, error.Code);

        broken = bundle with { BundleHash = new byte[32] };
        error = await Assert.ThrowsAsync<XtmpException>(async () => await client.Bundle.SubmitAsync(new BundleSubmit { BundleId = broken.BundleId, Bundle = broken }));
        Assert.Equal(XtmpErrorCode.BundleHashMismatch, error.Code);
    }

    [Fact]
    public async Task a_large_bundle_is_fragmented_and_arrives()
    {
        var silo = shared.Silo;
        await using var client = await silo.ConnectAsync(SampleBundle.Node);
        var bundle = SampleBundle.Create("bundle-large", silo.Host.Network, transactions: 5_000);
        var reply = await client.Bundle.SubmitAsync(new BundleSubmit { BundleId = bundle.BundleId, Bundle = bundle });
        Assert.Equal(bundle.BundleId, reply.BundleId);
    }

    [Fact]
    public async Task refuses_locally_what_the_schema_does_not_allow()
    {
        var silo = shared.Silo;
        await using var client = await silo.ConnectAsync();
        var error = await Assert.ThrowsAsync<XtmpException>(async () => await client.Registry.QueryAsync(new RegistryQuery { Name = "UPPER" }));
        Assert.Equal(XtmpErrorCode.PayloadInvalid, error.Code);
        Assert.Equal(Fault.Local, error.Fault);
        Assert.Equal("name", error.Field);
    }

    [Fact]
    public async Task says_which_handlers_are_not_served()
    {
        var silo = shared.Silo;
        using var identity = IdentityKey.Generate(SystemEntropy.Instance);
        await using var client = await silo.ConnectAsync(identity);
        var wallet = new XtmpWallet(client, identity);
        await wallet.RegisterAsync();
        var machines = new VmClient(wallet.Invoker);
        var error = await Assert.ThrowsAsync<XtmpException>(async () => await machines.StatusAsync(new VmStatus { InstanceId = Guid.Empty }));
        Assert.Equal(XtmpErrorCode.NotServed, error.Code);
    }

    [Fact]
    public async Task a_thousand_calls_at_once_are_all_answered()
    {
        var silo = shared.Silo;
        await using var client = await silo.ConnectAsync();
        var replies = await Task.WhenAll(Enumerable.Range(0, 1000).Select(async index => await client.Registry.QueryAsync(new RegistryQuery { Name = $"name-{index}" })));
        Assert.Equal(Enumerable.Range(0, 1000).Select(index => $"name-{index}"), replies.Select(reply => reply.Name));
    }

    [Fact]
    public async Task a_subscription_waits_for_a_silo_that_stopped_and_ends_with_the_connection()
    {
        await using var silo = await TestSilo.StartAsync();
        await using var client = await silo.ConnectAsync();
        await using var updates = client.Stream.UpdatesAsync(new LiveUpdates { Topic = "bundle:none", StreamType = StreamType.BundleUpdates }).GetAsyncEnumerator();
        var next = updates.MoveNextAsync();
        await client.Registry.QueryAsync(new RegistryQuery { Name = "nobody" });
        var lost = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        client.StateChanged += change =>
        {
            if (change.Current is XtmpConnectionState.Reconnecting or XtmpConnectionState.Draining)
            {
                lost.TrySetResult();
            }
        };
        await silo.Host.StopAsync();
        await lost.Task.WaitAsync(TimeSpan.FromMinutes(1));

        // The subscription waits for the silo to come back, until nobody wants the connection any more.
        Assert.False(next.IsCompleted);
        await client.DisposeAsync();
        await Assert.ThrowsAnyAsync<Exception>(async () => await next);
        Assert.Equal(XtmpConnectionState.Closed, client.State);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await client.Registry.QueryAsync(new RegistryQuery { Name = "nobody" }));
    }

    private static async Task CallAsync(TestSilo silo, IdentityKey? identity)
    {
        await using var client = await XtmpConnection.ConnectAsync(
            silo.Endpoint,
            new XtmpClientOptions { ServerFingerprint = silo.Host.Fingerprint, Identity = identity, CallTimeout = TimeSpan.FromSeconds(3) });
        await client.Registry.QueryAsync(new RegistryQuery { Name = "nobody" });
    }
}
