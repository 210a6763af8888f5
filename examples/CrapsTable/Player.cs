using System.Security.Cryptography;
using BitChat.Client;
using BitChat.Messages;
using BitChat.Peer;
using Xtmp;
using Xtmp.Crypto;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Transport;

namespace CrapsTable;

/// <summary>
/// A player's process: joins, bets on the field in every round, and leaves after the last. Reads commands from standard input
/// (cut, heal, cheat) and prints what it sees.
/// </summary>
internal static class Player
{
    private const ulong BuyIn = 1_000;
    private const ulong Stake = 10;

    public static async Task<int> RunAsync(string[] args)
    {
        try
        {
            return await PlayAsync(args);
        }
        catch (OperationCanceledException)
        {
            return 1;
        }
    }

    private static async Task<int> PlayAsync(string[] args)
    {
        var (endpoint, fingerprint, gameId, number, rounds, directory) = (args[0], args[1], Convert.FromHexString(args[2]), int.Parse(args[3]), ulong.Parse(args[4]), args[5]);
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        using var identity = IdentityFile.LoadOrCreate(Path.Combine(directory, $"wallet-{number}.pem"));
        var seedFile = Path.Combine(directory, $"player-{number}.seed");
        if (!File.Exists(seedFile))
        {
            await File.WriteAllBytesAsync(seedFile, RandomNumberGenerator.GetBytes(64), stop.Token);
        }

        var seed = await File.ReadAllBytesAsync(seedFile, stop.Token);
        using var key = Ed25519PrivateKey.FromSeed(seed.AsSpan(0, 32));
        await using var connection = await XtmpConnection.ConnectAsync(endpoint, new XtmpClientOptions { ServerFingerprint = Fingerprint.Parse(fingerprint), Identity = identity }, stop.Token);
        var wallet = new XtmpWallet(connection, identity);
        await wallet.RegisterAsync(cancellationToken: stop.Token);
        var games = new BitChatGames(connection, wallet, identity, key, seed.AsMemory(32));
        await using var table = await games.JoinAsync(gameId, BuyIn, $"player {number}", Path.Combine(directory, $"journal-{number}"), stop.Token);
        Console.WriteLine($"at the table, seat {table.Seat}, height {table.State.Height}");
        _ = Task.Run(() => CommandsAsync(table, games, gameId, stop), stop.Token);
        var told = 0;
        var betOn = ulong.MaxValue;
        while (!table.State.Snapshot.Closed && table.Seat is not null)
        {
            var state = table.State;
            foreach (var held in table.Evidence.Skip(told).Where(held => held.Severity >= 1))
            {
                Console.WriteLine($"proof of {held.Evidence.GetType().Name.Replace("Arm", string.Empty, StringComparison.Ordinal)} against {Convert.ToHexString(held.Suspect.Span[..4])}");
            }

            told = table.Evidence.Count;
            if (state.Game.Roll >= rounds && betOn != ulong.MaxValue - 1 && !state.Game.AwaitsRoll)
            {
                betOn = ulong.MaxValue - 1;
                await LeaveAsync(table, stop.Token);
            }
            else if (state.Game.Roll < rounds && state.Game.Roll != betOn && !state.Game.AwaitsRoll)
            {
                betOn = state.Game.Roll;
                await BetAsync(table, stop.Token);
            }

            await table.WaitForAsync(next => !ReferenceEquals(next, state), stop.Token);
        }

        // What was decided last is handed in before the process ends.
        while ((await games.Calls.StatusAsync(new GameStatus { GameId = gameId }, new CallContext(CancellationToken: stop.Token))).Height < table.State.Height && !stop.IsCancellationRequested)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), stop.Token);
        }

        Console.WriteLine($"gone at height {table.State.Height}");
        return 0;
    }

    private static async Task BetAsync(GameTable table, CancellationToken cancellationToken)
    {
        try
        {
            await table.BetAsync(CrapsBet.Field, Stake, cancellationToken: cancellationToken);
        }
        catch (XtmpException error) when (error.Code is XtmpErrorCode.Conflict or XtmpErrorCode.OutcomeUnknown or XtmpErrorCode.PermissionDenied)
        {
            // Too late for this roll, away while it was decided, or expelled in between: the next roll is bet on again.
            Console.WriteLine($"bet not placed: {error.Message}");
        }
    }

    private static async Task LeaveAsync(GameTable table, CancellationToken cancellationToken)
    {
        try
        {
            await table.LeaveAsync(cancellationToken);
        }
        catch (XtmpException) when (table.Seat is null)
        {
            // Expelled in between.
        }
    }

    private static async Task CommandsAsync(GameTable table, BitChatGames games, byte[] gameId, CancellationTokenSource stop)
    {
        while (await Console.In.ReadLineAsync() is { } command)
        {
            switch (command)
            {
                case "cut":
                    table.IsCut = true;
                    break;
                case "heal":
                    table.IsCut = false;
                    break;
                case "cheat":
                    _ = Task.Run(() => CheatAsync(table, games, gameId, stop.Token));
                    break;
            }
        }

        // Whoever started this player is gone.
        await stop.CancelAsync();
    }

    /// <summary>Two prevotes in one round, one for each of two values, for everybody to see; at each height anew, since the others look only at votes of the height that they are deciding.</summary>
    private static async Task CheatAsync(GameTable table, BitChatGames games, byte[] gameId, CancellationToken cancellationToken)
    {
        while (table.Seat is not null && table.State is { Seats: { } seats, Height: var decided })
        {
            var height = decided + 1;
            foreach (var value in new[] { RandomNumberGenerator.GetBytes(32), RandomNumberGenerator.GetBytes(32) })
            {
                var vote = new Vote { Epoch = seats.Epoch, Height = height, Round = 1, Kind = VoteKind.Prevote, ValueId = value, VoteSignature = games.Secrets.Signatures.Sign(SignedText.OfVote(seats, height, 1, VoteKind.Prevote, value)) };
                var envelope = new ConsensusMessage { MessageId = new byte[32], Sender = games.Secrets.PeerId, GameId = gameId, Round = height, Timestamp = DateTimeOffset.UtcNow, Payload = vote, Signature = new byte[64] };
                await games.Calls.DeliverAsync(new GameMessage { GameId = gameId, Envelope = envelope }, new CallContext(CancellationToken: cancellationToken));
            }

            await table.WaitForAsync(state => state.Height >= height, cancellationToken);
        }
    }
}
