using BitChat.Messages;
using BitChat.Peer;
using Xtmp.Crypto;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.TestKit;
using static Xtmp.Grains.Tests.GrainsFixture;

namespace Xtmp.Grains.Tests.Games;

/// <summary>What players send may have fields that this build does not know, of any size: none of it may keep a game's state from being written or read.</summary>
public sealed class PaddedTests() : GameTestBase(new GrainOptions { OpeningBalance = 1_000, GamePatience = TimeSpan.FromHours(5) })
{
    [Fact]
    public async Task parts_of_a_roll_with_fields_that_nobody_knows_do_not_keep_a_game_from_its_end()
    {
        await OpenAsync();
        await JoinAsync(0);
        await JoinAsync(1);
        var decided = Play((await StatusAsync()).First!, rolls: 1, leaves: true);
        var (outcome, height) = decided.SelectMany((value, index) => value.Value.Operations.Select(operation => (EncodedOperation.Parse<TableOperation>(operation.Body.Span) as TableOperation.RollArm, index))).First(pair => pair.Item1 is not null);
        await ArchiveAsync(decided.Take(height));
        foreach (var reveal in outcome!.Value.Reveals.ToArray())
        {
            // Anybody may, and each of them proves itself.
            await Games.ArchiveAsync(new GameArchive { GameId = GameId, Decided = [], Reveals = [reveal with { UnknownFields = Padding(40_000) }] });
        }

        await ArchiveAsync(decided.Skip(height));
        Assert.Equal(GamePhase.Settled, (await StatusAsync()).Phase);
    }

    [Fact]
    public async Task a_request_with_fields_that_nobody_knows_takes_no_seat_and_no_money()
    {
        await OpenAsync();
        var join = Join(0, await HoldAsync(Wallets[0], 100, Captor));
        var padded = join.Player with { UnknownFields = Padding(9_000) };
        padded = padded with { RequestSignature = Secrets[0].Signatures.Sign(PeerIds.JoinText(GameId, padded)) };
        await RefusedAsync(XtmpErrorCode.PayloadInvalid, Games.JoinAsync(join with { Player = padded }, Wallets[0].Context), "player");
        await ExpectAsync(Wallets[0], 1_000, 0);
    }

    [Fact]
    public async Task what_the_lobby_is_told_of_a_game_that_many_came_to_can_be_read_again()
    {
        var store = new FaultyStore(Fixture.Store);
        await Fixture.Silo.DisposeAsync();
        Fixture.Restart(store);
        await OpenAsync();
        await JoinAsync(0);
        await JoinAsync(1);
        for (var guest = 0; guest < 9; guest++)
        {
            using var key = Ed25519PrivateKey.FromSeed([.. Enumerable.Repeat((byte)(guest + 100), 32)]);
            var publicKey = new byte[32];
            key.WritePublicKey(publicKey);
            var request = PeerSecrets.Of(key, new byte[32]).Request(GameId, publicKey, null, "guest", 50, new byte[16]);
            var hold = await HoldAsync(Wallets[2], 50, Captor, TimeSpan.FromHours(2));
            await Games.JoinAsync(new GameJoin { GameId = GameId, Wallet = Wallets[2].Id, HoldId = hold, Player = request }, Wallets[2].Context);
            if (guest == 4)
            {
                // Those that nobody has let in wait no longer, and others may.
                await PassAsync(TimeSpan.FromMinutes(65));
            }
        }

        store.BeforeCommit = static commit => commit.Id.Kind == "Lobby" ? throw FaultyStore.Unavailable() : default;
        await PassAsync(Fixture.Options.GamePatience + TimeSpan.FromMinutes(1));
        Assert.Equal(GamePhase.Settled, (await StatusAsync()).Phase);
        store.Crash();
        Fixture.Restart();
        await PassAsync(TimeSpan.FromMinutes(1));
        Assert.Empty(await Fixture.Store.ReadOutboxAsync(null, 10));
    }

    private static UnknownFields Padding(int bytes) =>
        EncodedOperation.Parse<SeatSequence>([0x92, 0x00, 0xC5, (byte)(bytes >> 8), (byte)bytes, .. new byte[bytes]])!.UnknownFields!;
}
