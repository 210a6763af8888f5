using System.Buffers;
using System.Diagnostics;
using System.Security.Cryptography;
using BitChat.Client;
using BitChat.Messages;
using BitChat.Peer;
using Xtmp;
using Xtmp.Crypto;
using Xtmp.Grains;
using Xtmp.Protocol;
using Xtmp.Silo;
using Xtmp.Transport;

namespace CrapsTable;

/// <summary>The whole evening: a silo, its house, the players' processes, what befalls them, and the reckoning.</summary>
internal sealed class Evening(Reporter report, int seats, int rounds)
{
    private const ulong OpeningBalance = 100_000;
    private const ulong Bank = 50_000;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var directory = Directory.CreateTempSubdirectory("xtmp-craps-");
        var players = new Process?[seats];
        try
        {
            await using var silo = await SiloHost.StartAsync(
                new SiloOptions { DataDirectory = Path.Combine(directory.FullName, "silo"), Port = 0, Grains = new GrainOptions { OpeningBalance = OpeningBalance, Currency = "XTM", RequirePqSignature = true } },
                cancellationToken: cancellationToken);
            report.Tell("silo", $"xtmp://{silo.EndPoint}");
            using var house = IdentityKey.Generate(SystemEntropy.Instance);
            using var key = Ed25519PrivateKey.FromSeed(RandomNumberGenerator.GetBytes(32));
            await using var connection = await XtmpConnection.ConnectAsync($"xtmp://{silo.EndPoint}", new XtmpClientOptions { ServerFingerprint = silo.Fingerprint, Identity = house }, cancellationToken);
            var wallet = new XtmpWallet(connection, house);
            await wallet.RegisterAsync(cancellationToken: cancellationToken);
            var games = new BitChatGames(connection, wallet, house, key, RandomNumberGenerator.GetBytes(32));
            var game = await games.CreateAsync("craps", seats, witnesses: 0, Bank, minBuyIn: 100, cancellationToken: cancellationToken);
            report.Tell("lobby", $"game {Convert.ToHexStringLower(game)}, {(await games.ListAsync("craps", cancellationToken)).Count} open");
            for (var number = 0; number < seats; number++)
            {
                players[number] = Start(silo, game, number, directory.FullName);
            }

            await FollowAsync(games, game, silo, directory.FullName, players, cancellationToken);
            await ReckonAsync(games, game, wallet, directory.FullName, silo, cancellationToken);
            await silo.StopAsync();
        }
        finally
        {
            foreach (var player in players.OfType<Process>().Where(player => !player.HasExited))
            {
                player.Kill(entireProcessTree: true);
                player.WaitForExit();
            }

            directory.Delete(recursive: true);
        }
    }

    private static void Expect(bool holds, string what)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"This is false: {what}.");
        }
    }

    private static void Say(Process player, string command)
    {
        player.StandardInput.WriteLine(command);
        player.StandardInput.Flush();
    }

    private Process Start(SiloHost silo, byte[] game, int number, string directory)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(Evening).Assembly.Location);
        }

        foreach (var argument in new[] { "player", $"xtmp://{silo.EndPoint}", silo.Fingerprint.ToString(), Convert.ToHexString(game), $"{number}", $"{rounds}", directory })
        {
            start.ArgumentList.Add(argument);
        }

        var player = Process.Start(start)!;
        player.OutputDataReceived += (_, line) =>
        {
            if (line.Data is { } text)
            {
                report.Tell($"player {number}", text);
            }
        };
        player.BeginOutputReadLine();
        return player;
    }

    /// <summary>Prints rolls as the archive learns of them, and lets things happen at their rounds.</summary>
    private async Task FollowAsync(BitChatGames games, byte[] game, SiloHost silo, string directory, Process?[] players, CancellationToken cancellationToken)
    {
        var call = new CallContext(CancellationToken: cancellationToken);
        var height = 0UL;
        var rolls = 0;
        var plan = new Queue<(int Round, string What, Action Do)>(Plan(silo, game, directory, players));
        while ((await games.Calls.StatusAsync(new GameStatus { GameId = game }, call)).Phase != GamePhase.Settled)
        {
            Expect(players.Any(player => player is { HasExited: false }), "somebody still plays");
            foreach (var decided in (await games.Calls.HistoryAsync(new GameHistory { GameId = game, FromHeight = height + 1 }, call)).Decided.ToArray())
            {
                height = decided.Value.Height;
                foreach (var operation in decided.Value.Operations)
                {
                    switch (EncodedOperation.Parse<TableOperation>(operation.Body.Span))
                    {
                        case TableOperation.RollArm { Value: var outcome }:
                            var (first, second) = Dice.Of(outcome.Randomness.Span);
                            report.Tell($"roll {outcome.Roll}", $"{first} and {second}, height {height}, signed by {decided.Certificate.Signatures.Count} seats");
                            rolls++;
                            break;
                        case TableOperation.ExpelArm { Value: var expulsion }:
                            report.Tell("expelled", Convert.ToHexString(expulsion.Accused.Span[..4]));
                            break;
                    }
                }
            }

            while (plan.TryPeek(out var next) && rolls >= next.Round)
            {
                plan.Dequeue();
                report.Tell("happens", next.What);
                next.Do();
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken);
        }
    }

    private IEnumerable<(int Round, string What, Action Do)> Plan(SiloHost silo, byte[] game, string directory, Process?[] players)
    {
        var step = rounds / 10;
        yield return (2 * step, "player 1 is killed", () => players[1]!.Kill(entireProcessTree: true));
        if (seats == 2)
        {
            // Nobody can go on without it, so it comes back at once.
            yield return (2 * step, "player 1 starts again; until then nothing is decided", () => players[1] = Start(silo, game, 1, directory));
            yield break;
        }

        yield return (4 * step, "player 1 starts again", () => players[1] = Start(silo, game, 1, directory));
        yield return (5 * step, "player 2 is cut off", () => Say(players[2]!, "cut"));
        yield return (6 * step, "player 2 is back", () => Say(players[2]!, "heal"));
        yield return (8 * step, "player 3 signs two votes", () => Say(players[3]!, "cheat"));
    }

    private async Task ReckonAsync(BitChatGames games, byte[] game, XtmpWallet house, string directory, SiloHost silo, CancellationToken cancellationToken)
    {
        var call = new CallContext(CancellationToken: cancellationToken);
        var status = await games.Calls.StatusAsync(new GameStatus { GameId = game }, call);
        var bytes = new ArrayBufferWriter<byte>();
        var first = TableState.Parse(game, 0, status.First!.State)!;
        var writer = new TranscriptWriter(bytes, first);
        var rules = new TableRules(new Ed25519Verifier(), P256Group.Instance, new ProofCache());
        var state = first;
        while (state.Height < status.Height)
        {
            foreach (var decided in (await games.Calls.HistoryAsync(new GameHistory { GameId = game, FromHeight = state.Height + 1 }, call)).Decided.ToArray())
            {
                writer.Write(decided);
                state = rules.Apply(state, decided.Value, out _)!;
            }
        }

        writer.End(state);
        var path = Path.Combine(Path.GetTempPath(), $"craps-{Convert.ToHexStringLower(game)}.bin");
        await File.WriteAllBytesAsync(path, bytes.WrittenSpan.ToArray(), cancellationToken);
        var verified = TranscriptVerifier.Create().Verify(bytes.WrittenSpan);
        Expect(verified.Fault is null, $"the transcript proves itself: {verified.Fault}");
        Expect(verified.Rolls.Count >= rounds, $"there were {rounds} rolls, not {verified.Rolls.Count}");
        Expect(verified.Expulsions.Count == (seats == 2 ? 0 : 1), "who cheated was expelled, and nobody else");
        report.Tell("transcript", $"{bytes.WrittenCount} bytes, {verified.State!.Height} heights, {verified.Rolls.Count} rolls: all of it holds (xtmp game verify {path})");
        var changed = bytes.WrittenSpan.ToArray();
        changed[changed.Length / 2] ^= 1;
        var wrong = TranscriptVerifier.Create().Verify(changed);
        Expect(wrong.Fault is not null, "a changed byte shows");
        report.Tell("transcript", $"with byte {changed.Length / 2} changed: offset {wrong.Offset}, {wrong.Fault}");

        var sum = 0UL;
        foreach (var payout in status.Payouts.ToArray())
        {
            var isHouse = payout.Wallet.Span.SequenceEqual(house.Id.Span);
            var balance = isHouse ? (await house.BalanceAsync(cancellationToken)).Balance : await BalanceAsync(silo, payout.Wallet, directory, cancellationToken);
            Expect(balance == OpeningBalance - payout.BuyIn + payout.Chips, $"wallet {Convert.ToHexString(payout.Wallet.Span[..4])} holds {OpeningBalance - payout.BuyIn + payout.Chips}, not {balance}");
            report.Tell(isHouse ? "house" : "player", $"{Convert.ToHexString(payout.Wallet.Span[..4])} brought {payout.BuyIn}, took {payout.Chips}, holds {balance}");
            sum += balance;
        }

        Expect(sum == OpeningBalance * (ulong)(seats + 1), "no money came or went");
    }

    private static async Task<ulong> BalanceAsync(SiloHost silo, ReadOnlyMemory<byte> wallet, string directory, CancellationToken cancellationToken)
    {
        foreach (var file in Directory.GetFiles(directory, "wallet-*.pem"))
        {
            using var identity = IdentityFile.LoadOrCreate(file);
            if (identity.Public.Fingerprint.ToArray().AsSpan().SequenceEqual(wallet.Span))
            {
                await using var connection = await XtmpConnection.ConnectAsync($"xtmp://{silo.EndPoint}", new XtmpClientOptions { ServerFingerprint = silo.Fingerprint, Identity = identity }, cancellationToken);
                return (await new XtmpWallet(connection, identity).BalanceAsync(cancellationToken)).Balance;
            }
        }

        throw new InvalidOperationException("A payout went to a wallet that nobody has.");
    }
}
