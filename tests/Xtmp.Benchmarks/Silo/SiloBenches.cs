using System.Diagnostics;
using System.Globalization;
using Xtmp.Client;
using Xtmp.Crypto;
using Xtmp.Messages;
using Xtmp.Transport;

namespace Xtmp.Benchmarks;

/// <summary>
/// The verb <c>silo</c>: the grains of a silo through a real socket, with everything durable on SQLite and the silo in a process
/// of its own. What clients sign is signed before the clock starts.
/// </summary>
internal static class SiloBenches
{
    private const int Wallets = 64;
    private const int InFlight = 256;
    private const int Subscribers = 100;
    private const int MetricsStreams = 200;

    public static async Task RunAsync(BenchContext context)
    {
        await using var server = await BenchChild.StartAsync(SiloServer.Verb);
        using var node = SiloServer.MakeNode();
        var options = new XtmpClientOptions { ServerFingerprint = Fingerprint.Parse(server.Words[1]), Identity = node, MaxWaitingCalls = int.MaxValue };
        await using var connection = await XtmpConnection.ConnectAsync($"xtmp://127.0.0.1:{int.Parse(server.Words[0], CultureInfo.InvariantCulture)}", options);
        var keys = Enumerable.Range(0, Wallets).Select(_ => IdentityKey.Generate(SystemEntropy.Instance)).ToArray();
        var wallets = keys.Select(key => new XtmpWallet(connection, key)).ToArray();
        foreach (var wallet in wallets)
        {
            await wallet.RegisterAsync();
        }

        await AuthenticationsAsync(context, connection, keys);
        await BalancesAsync(context, wallets);
        await TransfersAsync(context, connection, keys, wallets);
        await BundlesAsync(context, connection, node);
        await UpdatesAsync(context, wallets);
        await MetricsAsync(context, connection);
        await LocksAsync(context, wallets);
        await NamesAsync(context, connection, node);
        foreach (var key in keys)
        {
            key.Dispose();
        }
    }

    private static async Task AuthenticationsAsync(BenchContext context, XtmpConnection connection, IdentityKey[] keys)
    {
        var sessions = new List<(LiveSession Session, WalletAuth Request)>();
        foreach (var key in keys)
        {
            var session = await connection.OpenLane(authenticate: null).WaitForSessionAsync(timeout: null, CancellationToken.None);
            var id = key.Public.Fingerprint.ToArray();
            var hash = new byte[WalletSigning.HashSize];
            WalletSigning.HashAuthentication(session.Export("wallet auth", id, 32), id, hash);
            var mlDsa = new byte[MlDsa87.SignatureSize];
            var ed25519 = new byte[Ed25519.SignatureSize];
            key.Sign(WalletSigning.AuthenticationLabel, WalletSigning.Role, hash, SystemEntropy.Instance, mlDsa, ed25519);
            sessions.Add((session, new WalletAuth { Wallet = id, MlDsaSignature = mlDsa, Ed25519Signature = ed25519 }));
        }

        // What verifying alone allows, on all cores.
        var (known, sample) = (keys[0].Public, sessions[0]);
        var text = new byte[WalletSigning.HashSize];
        WalletSigning.HashAuthentication(sample.Session.Export("wallet auth", sample.Request.Wallet, 32), sample.Request.Wallet.Span, text);
        var verify = InterleavedRounds.Measure(context.Budget / 4, () => known.Verify(WalletSigning.AuthenticationLabel, WalletSigning.Role, text, sample.Request.MlDsaSignature.Span, sample.Request.Ed25519Signature.Span));
        var bound = Environment.ProcessorCount / verify.Seconds;
        var (rate, p99) = await Pump.RunAsync(2 * Wallets, context.Budget, async caller =>
        {
            var (session, request) = sessions[caller % Wallets];
            await session.InvokeAsync(WalletMethods.Auth, request, CancellationToken.None);
            return true;
        });
        Report(context, "silo.wallet_auth", rate, p99, 10_000, $"verifying alone: {verify.Microseconds:F0} us, so {bound:F0}/s on {Environment.ProcessorCount} cores without anything else");
    }

    private static async Task BalancesAsync(BenchContext context, XtmpWallet[] wallets)
    {
        var (rate, p99) = await Pump.RunAsync(InFlight, context.Budget, async caller =>
        {
            await wallets[caller % Wallets].BalanceAsync();
            return true;
        });
        Report(context, "silo.balance", rate, p99, 50_000, $"{InFlight} in flight, {Wallets} wallets, a session each");
    }

    private static async Task TransfersAsync(BenchContext context, XtmpConnection connection, IdentityKey[] keys, XtmpWallet[] wallets)
    {
        var each = Math.Max(20, (int)(8_000 * context.Budget.TotalSeconds / Wallets));
        var signed = new Queue<WalletTransaction>[Wallets];
        for (var index = 0; index < Wallets; index++)
        {
            var nonce = (await wallets[index].BalanceAsync()).Nonce;
            signed[index] = new Queue<WalletTransaction>(Enumerable.Range(0, each).Select(number =>
                XtmpWallet.SignTransfer(keys[index], connection.Network!, wallets[(index + 1) % Wallets].Id, 1, "XTM", nonce + (ulong)number)));
        }

        var (rate, p99) = await Pump.RunAsync(Wallets, context.Budget, async caller =>
        {
            if (!signed[caller].TryDequeue(out var transfer))
            {
                return false;
            }

            await wallets[caller].SendAsync(transfer);
            return true;
        });
        Report(context, "silo.transfer", rate, p99, 5_000, $"{Wallets} wallets, one transfer of each at a time, both signatures, settled before the answer");
    }

    private static async Task BundlesAsync(BenchContext context, XtmpConnection connection, IdentityKey node)
    {
        var bundles = Enumerable.Range(0, Math.Max(100, (int)(4_000 * context.Budget.TotalSeconds)))
            .Select(number => SampleBundles.Make($"bench-{number}", SiloServer.NodeId, connection.Network!, node))
            .ToArray();
        var next = -1;
        var (rate, p99) = await Pump.RunAsync(64, context.Budget, async _ =>
        {
            var number = Interlocked.Increment(ref next);
            if (number >= bundles.Length)
            {
                return false;
            }

            await connection.Bundle.SubmitAsync(new BundleSubmit { BundleId = bundles[number].BundleId, Bundle = bundles[number] });
            return true;
        });
        var size = bundles[0].GetEncodedSize() - DualSignature.Size;
        Report(context, "silo.bundle_submit", rate, p99, 2_000, $"64 in flight, {size} bytes beside the node's signature; verifying and the ledger's lines go on meanwhile");
    }

    private static async Task UpdatesAsync(BenchContext context, XtmpWallet[] wallets)
    {
        using var enough = new CancellationTokenSource();
        var received = 0L;
        var followers = Enumerable.Range(0, Subscribers).Select(_ => CountAsync(wallets[0].UpdatesAsync(enough.Token), () => Interlocked.Increment(ref received))).ToArray();
        while (Interlocked.Read(ref received) < Subscribers)
        {
            await Task.Yield();
        }

        var before = Interlocked.Read(ref received);
        var start = Stopwatch.GetTimestamp();
        var (transfers, _) = await Pump.RunAsync(Wallets - 1, context.Budget, async caller =>
        {
            await wallets[caller + 1].TransferAsync(wallets[0].Id, 1);
            return true;
        });
        var rate = (Interlocked.Read(ref received) - before) / Stopwatch.GetElapsedTime(start).TotalSeconds;
        await enough.CancelAsync();
        await Task.WhenAll(followers);
        context.Report.Add(new BenchResult
        {
            Bench = "silo.live_updates",
            Ours = rate,
            Unit = "items/s",
            HigherIsBetter = true,
            Bar = 50_000,
            Note = $"{Subscribers} subscribers of a wallet that takes in {transfers:F0} transfers/s; every item is a durable change",
        });
    }

    private static async Task MetricsAsync(BenchContext context, XtmpConnection connection)
    {
        using var enough = new CancellationTokenSource();
        var (items, samples) = (0L, 0L);
        var request = new MetricsStream { Topic = "metrics:silo", Interval = TimeSpan.FromMilliseconds(100) };
        var followers = Enumerable.Range(0, MetricsStreams).Select(_ => Task.Run(() => CountAsync(
            connection.Stream.MetricsAsync(request, enough.Token),
            item =>
            {
                Interlocked.Increment(ref items);
                Interlocked.Add(ref samples, item.Samples.Count);
            }))).ToArray();
        while (Interlocked.Read(ref items) < MetricsStreams)
        {
            await Task.Yield();
        }

        var (first, firstItems, start) = (Interlocked.Read(ref samples), Interlocked.Read(ref items), Stopwatch.GetTimestamp());
        await Task.Delay(context.Budget);
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var (rate, itemRate) = ((Interlocked.Read(ref samples) - first) / seconds, (Interlocked.Read(ref items) - firstItems) / seconds);
        await enough.CancelAsync();
        await Task.WhenAll(followers);
        context.Report.Add(new BenchResult
        {
            Bench = "silo.metrics",
            Ours = rate,
            Unit = "samples/s",
            HigherIsBetter = true,
            Bar = 100_000,
            Note = $"{itemRate:F0} items/s to {MetricsStreams} streams, each 0.1 s",
        });
    }

    private static async Task LocksAsync(BenchContext context, XtmpWallet[] wallets)
    {
        var locks = wallets.Select(wallet => new LockClient(wallet.Invoker)).ToArray();
        var sessions = new Guid[Wallets];
        for (var index = 0; index < Wallets; index++)
        {
            var create = new LockSessionCreate { Space = $"space-{index % 16}", OperationId = Operation(), Wallet = wallets[index].Id, Lease = TimeSpan.FromMinutes(10) };
            sessions[index] = (await locks[index].SessionCreateAsync(create)).LockSessionId;
        }

        var (rate, p99) = await Pump.RunAsync(Wallets, context.Budget, async caller =>
        {
            var acquire = new LockAcquire { Space = $"space-{caller % 16}", OperationId = Operation(), LockSessionId = sessions[caller], ResourceIds = [$"resource-{caller}"], Wait = TimeSpan.FromSeconds(10) };
            var taken = await locks[caller].AcquireAsync(acquire);
            await locks[caller].ReleaseAsync(new LockRelease { Space = acquire.Space, LockSessionId = acquire.LockSessionId, Held = taken.Held });
            return true;
        });

        // The durable cost beside it: renewing a lease is one commit of the same size, and nothing else.
        var (renewals, _) = await Pump.RunAsync(Wallets, context.Budget, async caller =>
        {
            await locks[caller].RenewAsync(new LockRenew { Space = $"space-{caller % 16}", LockSessionId = sessions[caller], Lease = TimeSpan.FromMinutes(10) });
            return true;
        });
        Report(context, "silo.lock_acquire_release", rate, p99, null, $"{Wallets} sessions in 16 spaces; two commits each, of which the same callers make {renewals:F0}/s");
    }

    private static async Task NamesAsync(BenchContext context, XtmpConnection connection, IdentityKey node)
    {
        const string Name = "bench.example";
        var now = DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        var record = new RegistryRecord { Name = Name, Version = 1, Owner = new byte[32], Endpoints = [], ServerFingerprints = [], Ttl = TimeSpan.FromMinutes(1), ExpiresAt = now.AddDays(1) };
        await connection.Registry.UpdateAsync(new RegistryUpdate { OperationId = Operation(), Name = Name, Record = RegistrySigning.Sign(record, connection.Network!, node, SystemEntropy.Instance) });
        var (rate, p99) = await Pump.RunAsync(InFlight, context.Budget, async _ =>
        {
            await connection.Registry.QueryAsync(new RegistryQuery { Name = Name });
            return true;
        });
        var (stamps, _) = await Pump.RunAsync(InFlight, context.Budget, async _ =>
        {
            await connection.Registry.StampAsync(new RegistryStamp { OperationId = Operation(), Name = Name, DocumentHash = new byte[32] });
            return true;
        });
        Report(context, "silo.registry_query", rate, p99, null, $"one name, {InFlight} in flight, 7 KiB an answer, no commit; stamps, with one commit and a signature each: {stamps:F0}/s");
    }

    private static async Task CountAsync<T>(IAsyncEnumerable<T> items, Action<T> count)
    {
        try
        {
            await foreach (var item in items)
            {
                count(item);
            }
        }
        catch (OperationCanceledException)
        {
            // The bench is over.
        }
    }

    private static Task CountAsync<T>(IAsyncEnumerable<T> items, Action count) => CountAsync(items, _ => count());

    private static byte[] Operation()
    {
        var operation = new byte[16];
        SystemEntropy.Instance.Fill(operation);
        return operation;
    }

    private static void Report(BenchContext context, string bench, double rate, TimeSpan p99, double? bar, string note)
    {
        context.Report.Add(new BenchResult { Bench = bench, Ours = rate, Unit = "op/s", HigherIsBetter = true, Bar = bar, Note = note });
        context.Report.Add(new BenchResult { Bench = bench + ".p99", Ours = p99.TotalMicroseconds, Unit = "us", HigherIsBetter = false });
    }
}
