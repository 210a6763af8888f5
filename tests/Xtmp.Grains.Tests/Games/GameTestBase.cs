using BitChat.Messages;
using BitChat.Peer;
using Xtmp.Crypto;
using Xtmp.Messages;
using Xtmp.Protocol;
using static Xtmp.Grains.Tests.GrainsFixture;

namespace Xtmp.Grains.Tests.Games;

/// <summary>A house, players with their wallets and keys, and a game that they sit down to.</summary>
public abstract class GameTestBase : IAsyncDisposable
{
    protected static readonly byte[] GameId = [.. Enumerable.Repeat((byte)5, 16)];

    private readonly Ed25519PrivateKey[] _keys = [.. Enumerable.Range(0, 3).Select(number => Ed25519PrivateKey.FromSeed(Enumerable.Repeat((byte)(number + 1), 32).ToArray()))];
    private byte _operation;

    private protected GameTestBase(GrainOptions? options = null, TimeProvider? time = null)
    {
        Fixture = new(options, time);
        Secrets = [.. _keys.Select((key, number) => PeerSecrets.Of(key, Enumerable.Repeat((byte)(number + 50), 32).ToArray()))];
    }

    private protected GrainsFixture Fixture { get; }

    private protected TestWallet House { get; } = new(1);

    /// <summary>Of three players; two sit there from the start.</summary>
    private protected TestWallet[] Wallets { get; } = [new(2), new(3), new(4)];

    protected PeerSecrets[] Secrets { get; }

    protected GameClient Games => new(Fixture.Silo);

    /// <summary>The game's calls in a player's session.</summary>
    private protected ICallInvoker CallsOf(int player) => new SessionCalls(Fixture.Silo, Wallets[player].Caller);

    protected GameClient GamesOf(int player) => new(CallsOf(player));

    protected string Captor => "grain:Game/" + Convert.ToHexStringLower(GameId);

    public ValueTask DisposeAsync() => Fixture.DisposeAsync();

    /// <param name="siloWitnesses">Seats that the silo runs, beside those of two players.</param>
    protected async Task OpenAsync(byte siloWitnesses = 0)
    {
        foreach (var wallet in Wallets.Append(House))
        {
            await Fixture.Wallet.RegisterAsync(wallet.Registration(), wallet.Context);
        }

        var hold = await HoldAsync(House, 500, Captor);
        var create = new GameCreate { GameId = GameId, Wallet = House.Id, BankHold = hold, Kind = "craps", Seats = (byte)(2 + siloWitnesses), Witnesses = siloWitnesses, SiloWitnesses = siloWitnesses, MinBuyIn = 50 };
        await Games.CreateAsync(create, House.Context);
        await Games.CreateAsync(create, House.Context);
    }

    private protected async Task<byte[]> HoldAsync(TestWallet wallet, ulong amount, string captor, TimeSpan? time = null)
    {
        var id = new byte[16];
        id[0] = ++_operation;
        var hold = wallet.Sign(new WalletHold { OperationId = id, Wallet = wallet.Id, Amount = amount, Currency = Currency, Captor = captor, ExpiresAt = Fixture.Clock.GetUtcNow() + (time ?? TimeSpan.FromDays(1)), Signature = new byte[64] });
        await Fixture.Wallet.HoldAsync(hold, wallet.Context);
        return id;
    }

    protected async Task JoinAsync(int player)
    {
        var join = Join(player, await HoldAsync(Wallets[player], 100, Captor));
        var seat = await Games.JoinAsync(join, Wallets[player].Context);
        Assert.Equal(seat.Seat, (await Games.JoinAsync(join, Wallets[player].Context)).Seat);
    }

    protected GameJoin Join(int player, byte[] hold, ulong chips = 100)
    {
        var key = new byte[32];
        _keys[player].WritePublicKey(key);
        return new GameJoin { GameId = GameId, Wallet = Wallets[player].Id, HoldId = hold, Player = Secrets[player].Request(GameId, key, null, $"player {player}", chips, new byte[16]) };
    }

    protected async Task ArchiveAsync(IEnumerable<DecidedValue> decided)
    {
        foreach (var chunk in decided.Chunk(16))
        {
            await Games.ArchiveAsync(new GameArchive { GameId = GameId, Decided = [.. chunk], Reveals = [] });
        }

        // It is paid out right after the answer.
        await Fixture.Silo.WhenQuietAsync();
    }

    protected async Task PassAsync(TimeSpan time)
    {
        Fixture.Time.Advance(time);
        await Fixture.Silo.WhenQuietAsync();
    }

    protected ValueTask<GameStatusReply> StatusAsync() => Games.StatusAsync(new GameStatus { GameId = GameId });

    private protected async Task ExpectAsync(TestWallet wallet, ulong balance, ulong held)
    {
        var reply = await Fixture.Wallet.BalanceAsync(new WalletBalance { Wallet = wallet.Id }, wallet.Context);
        Assert.Equal((balance, held), (reply.Balance, reply.Held));
    }

    /// <summary>Both peers play, messages arriving at once, on a time of their own.</summary>
    protected List<DecidedValue> Play(TranscriptStart first, ulong rolls, bool leaves)
    {
        var table = new PlayedTable(TableState.Parse(first.GameId, 0, first.State)!, Secrets);
        var betOn = ulong.MaxValue;
        table.RunUntil(
            () => table.Peers.All(peer => leaves ? peer.State.Snapshot.Closed : peer.State.Game.Roll >= rolls),
            () =>
            {
                var roll = table.Peers[0].State.Game.Roll;
                if (roll < rolls && betOn != roll && !table.Peers[0].State.Game.AwaitsRoll)
                {
                    betOn = roll;
                    table.Peers[0].Play(EncodedOperation.Of<CrapsOperation>(new PlaceBet { Bet = CrapsBet.Field, Amount = 20, Point = null }), table.Now);
                    table.Peers[1].Play(EncodedOperation.Of<CrapsOperation>(new PlaceBet { Bet = CrapsBet.AnySeven, Amount = 7, Point = null }), table.Now);
                }
                else if (roll >= rolls && leaves && betOn != ulong.MaxValue - 1)
                {
                    betOn = ulong.MaxValue - 1;
                    table.Peers[0].Submit(new SeatLeave(), table.Now);
                }
            });
        return table.Decided;
    }
}
