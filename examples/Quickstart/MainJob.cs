using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Xtmp;
using Xtmp.Crypto;
using Xtmp.Grains;
using Xtmp.Messages;
using Xtmp.Silo;
using Xtmp.Transport;

namespace Quickstart;

/// <summary>The steps of the quickstart, in order. Each checks what it claims and throws where it is wrong.</summary>
internal sealed class MainJob(StepReporter report)
{
    private const ulong OpeningBalance = 1_000_00;
    private const ulong Transferred = 250_00;
    private const ulong Repeated = 50_00;
    private const string Currency = "XTM";
    private const string NodeId = "bpi-core-node-3";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var directory = Directory.CreateTempSubdirectory("xtmp-quickstart-");
        using var aliceKeys = IdentityKey.Generate(SystemEntropy.Instance);
        using var bobKeys = IdentityKey.Generate(SystemEntropy.Instance);
        using var nodeKeys = IdentityKey.Generate(SystemEntropy.Instance);
        var options = new SiloOptions
        {
            DataDirectory = directory.FullName,
            Port = 0,
            Grains = new GrainOptions
            {
                OpeningBalance = OpeningBalance,
                Currency = Currency,
                Nodes = new Dictionary<string, IdentityPublicKey> { [NodeId] = nodeKeys.Public },
            },
        };
        SiloHost? silo = null;
        try
        {
            await report.RunAsync("start silo", async () =>
            {
                silo = await SiloHost.StartAsync(options, cancellationToken: cancellationToken);
                return $"xtmp://{silo.EndPoint}, fresh database in {directory.FullName}";
            });
            var bundle = await LoadBundleAsync(silo!.Network, nodeKeys, cancellationToken);
            await using (var aliceClient = await ConnectAsync("connect alice", silo!, aliceKeys, cancellationToken))
            await using (var bobClient = await ConnectAsync("connect bob", silo!, bobKeys, cancellationToken))
            {
                var alice = new XtmpWallet(aliceClient, aliceKeys);
                var bob = new XtmpWallet(bobClient, bobKeys);
                await RegisterAsync("register alice", alice, cancellationToken);
                await RegisterAsync("register bob", bob, cancellationToken);
                await TransferAsync(alice, bob, cancellationToken);
                await RepeatAsync(alice, aliceKeys, aliceClient, bob, cancellationToken);
                await ExpectBalancesAsync("balances", alice, bob, cancellationToken);
            }

            await using (var nodeClient = await ConnectAsync("connect ledger node", silo!, nodeKeys, cancellationToken))
            {
                await SubmitAsync(nodeClient, bundle, cancellationToken);
            }

            await report.RunAsync("stop silo", async () =>
            {
                await silo!.StopAsync();
                return "drained, state written";
            });
            await report.RunAsync("start silo again", async () =>
            {
                silo = await SiloHost.StartAsync(options, cancellationToken: cancellationToken);
                return $"xtmp://{silo.EndPoint}, same database, same fingerprint {silo.Fingerprint}";
            });
            await using (var aliceClient = await ConnectAsync("connect alice again", silo!, aliceKeys, cancellationToken))
            await using (var bobClient = await ConnectAsync("connect bob again", silo!, bobKeys, cancellationToken))
            {
                await ExpectBalancesAsync("balances kept", new XtmpWallet(aliceClient, aliceKeys), new XtmpWallet(bobClient, bobKeys), cancellationToken);
                await ExpectBundleAsync(aliceClient, bundle, cancellationToken);
            }

            await report.RunAsync("stop", async () =>
            {
                await silo!.StopAsync();
                return "every step held";
            });
        }
        finally
        {
            if (silo is not null)
            {
                await silo.DisposeAsync();
            }

            directory.Delete(recursive: true);
        }
    }

    private async Task<PoEProofBundle> LoadBundleAsync(string network, IdentityKey node, CancellationToken cancellationToken)
    {
        PoEProofBundle? bundle = null;
        await report.RunAsync("read bundle file", async () =>
        {
            var path = Path.Combine(AppContext.BaseDirectory, "data", "bundle.json");
            using var document = JsonDocument.Parse(await File.ReadAllBytesAsync(path, cancellationToken));
            bundle = PoEProofBundle.ReadJson(document.RootElement);
            var written = bundle.BundleHash;
            bundle = NodeSigning.Seal(bundle, network, node, SystemEntropy.Instance);
            if (!bundle.BundleHash.Span.SequenceEqual(written.Span))
            {
                throw new InvalidOperationException($"The file's bundle hash is not that of the bundle, {Convert.ToHexStringLower(bundle.BundleHash.Span)}.");
            }

            return $"{bundle.BundleId}: {bundle.TransactionCount} transactions, {bundle.TotalValue} minor units, hash {Short(bundle.BundleHash)}";
        });
        return bundle!;
    }

    private async Task<XtmpConnection> ConnectAsync(string step, SiloHost silo, IdentityKey identity, CancellationToken cancellationToken)
    {
        XtmpConnection? client = null;
        await report.RunAsync(step, async () =>
        {
            client = await XtmpConnection.ConnectAsync(
                $"xtmp://{silo.EndPoint}",
                new XtmpClientOptions { ServerFingerprint = silo.Fingerprint, Identity = identity },
                cancellationToken);
            var session = client.Session!;
            return $"suite 0x{(byte)session.Suite:x2} {session.Encryption}, server {session.ServerFingerprint}, client {session.ClientFingerprint}";
        });
        return client!;
    }

    private Task RegisterAsync(string step, XtmpWallet wallet, CancellationToken cancellationToken) =>
        report.RunAsync(step, async () =>
        {
            var reply = await wallet.RegisterAsync(cancellationToken: cancellationToken);
            Expect(reply.Balance, OpeningBalance, "opening balance");
            return $"wallet {Short(wallet.Id)}, balance {Money(reply.Balance)} {reply.Currency}";
        });

    private Task TransferAsync(XtmpWallet from, XtmpWallet to, CancellationToken cancellationToken) =>
        report.RunAsync("transfer", async () =>
        {
            var reply = await from.TransferAsync(to.Id, Transferred - Repeated, memo: "quickstart", cancellationToken);
            return $"{Money(Transferred - Repeated)} {Currency} alice to bob, operation {Convert.ToHexStringLower(reply.OperationId.Span)}";
        });

    private Task RepeatAsync(XtmpWallet from, IdentityKey keys, XtmpConnection client, XtmpWallet to, CancellationToken cancellationToken) =>
        report.RunAsync("transfer sent twice", async () =>
        {
            var nonce = (await from.BalanceAsync(cancellationToken)).Nonce;
            var transfer = XtmpWallet.SignTransfer(keys, client.Network!, to.Id, Repeated, Currency, nonce, memo: "quickstart");
            var first = await from.SendAsync(transfer, cancellationToken);
            var repeat = await from.SendAsync(transfer, cancellationToken);
            if (!first.Equals(repeat))
            {
                throw new InvalidOperationException("The repeat of a transfer was answered otherwise than the first.");
            }

            return $"{Money(Repeated)} {Currency} alice to bob once, repeat answered the same";
        });

    private Task ExpectBalancesAsync(string step, XtmpWallet alice, XtmpWallet bob, CancellationToken cancellationToken) =>
        report.RunAsync(step, async () =>
        {
            var ofAlice = await alice.BalanceAsync(cancellationToken);
            var ofBob = await bob.BalanceAsync(cancellationToken);
            Expect(ofAlice.Balance, OpeningBalance - Transferred, "alice's balance");
            Expect(ofBob.Balance, OpeningBalance + Transferred, "bob's balance");
            return $"alice {Money(ofAlice.Balance)}, bob {Money(ofBob.Balance)} {Currency}";
        });

    private async Task SubmitAsync(XtmpConnection client, PoEProofBundle bundle, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        enough.CancelAfter(TimeSpan.FromSeconds(20));
        var updates = client.Stream.UpdatesAsync(
            new LiveUpdates { Topic = $"bundle:{bundle.BundleId}", StreamType = StreamType.BundleUpdates }, enough.Token).GetAsyncEnumerator(enough.Token);
        await using (updates)
        {
            // The subscription leaves before the submission, on the same session and in this order.
            var next = updates.MoveNextAsync();
            await report.RunAsync("submit bundle", async () =>
            {
                var reply = await client.Bundle.SubmitAsync(new BundleSubmit { BundleId = bundle.BundleId, Bundle = bundle }, cancellationToken);
                return $"{reply.BundleId} {reply.Status}, duplicate {reply.Duplicate}";
            });
            var last = default(BundleStatusCode);
            await report.RunAsync("live updates", async () =>
            {
                var count = 0;
                while (last != BundleStatusCode.Submitted && await next)
                {
                    if (updates.Current.Body is UpdateBody.BundleStatusArm(var update))
                    {
                        count++;
                        last = update.Status;
                        report.Observe("live update", $"{update.BundleId}: {update.Previous} to {update.Status}", Stopwatch.GetElapsedTime(started));
                    }

                    if (last != BundleStatusCode.Submitted)
                    {
                        next = updates.MoveNextAsync();
                    }
                }

                return last == BundleStatusCode.Submitted
                    ? $"{count} status changes seen"
                    : throw new InvalidOperationException($"The updates ended at {last}.");
            });
        }
    }

    private Task ExpectBundleAsync(XtmpConnection client, PoEProofBundle bundle, CancellationToken cancellationToken) =>
        report.RunAsync("bundle kept", async () =>
        {
            var status = await client.Bundle.StatusAsync(new BundleStatus { BundleId = bundle.BundleId }, cancellationToken);
            var steps = string.Join(", ", status.History.Select(change => change.Status));
            return status.Status == BundleStatusCode.Submitted
                ? $"{status.BundleId} {status.Status} ({steps})"
                : throw new InvalidOperationException($"The bundle stands at {status.Status}.");
        });

    private static void Expect(ulong actual, ulong expected, string what)
    {
        if (actual != expected)
        {
            throw new InvalidOperationException($"{what} is {actual}, not {expected}.");
        }
    }

    private static string Money(ulong minorUnits) => string.Create(CultureInfo.InvariantCulture, $"{minorUnits / 100}.{minorUnits % 100:00}");

    private static string Short(ReadOnlyMemory<byte> bytes) => Convert.ToHexStringLower(bytes.Span[..8]);
}
