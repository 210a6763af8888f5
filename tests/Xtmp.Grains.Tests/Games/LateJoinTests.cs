using BitChat.Messages;
using BitChat.Peer;
using Xtmp.Messages;
using Xtmp.Protocol;
using static Xtmp.Grains.Tests.GrainsFixture;

namespace Xtmp.Grains.Tests.Games;

/// <summary>Who comes to a game that has begun: the silo vouches for the chips, the seats let in.</summary>
public sealed class LateJoinTests() : GameTestBase(new GrainOptions { OpeningBalance = 1_000, GamePatience = TimeSpan.FromHours(5) })
{
    [Fact]
    public async Task who_the_seats_let_in_plays_with_the_chips_that_were_set_aside_and_is_paid_out()
    {
        var table = await BeginAsync();
        var join = Join(2, await HoldAsync(Wallets[2], 100, Captor));
        await RefusedAsync(XtmpErrorCode.PermissionDenied, SendRequestAsync(join.Player), "envelope");
        var reply = await Games.JoinAsync(join, Wallets[2].Context);
        Assert.Equal((2, GamePhase.Playing), (reply.Seat, reply.Phase));
        Assert.Equal(Secrets[2].PeerId.ToArray(), Assert.Single((await StatusAsync()).Waiting.ToArray()).ToArray());
        await SendRequestAsync(join.Player);

        LetIn(table, join.Player);
        await ArchiveAsync(table.Decided);
        var status = await StatusAsync();
        Assert.Equal((3, 0, 2UL), (status.Seats.Count, status.Waiting.Count, status.Epoch));
        await RefusedAsync(XtmpErrorCode.PermissionDenied, SendRequestAsync(join.Player), "envelope.payload");

        var isLeaving = false;
        table.RunUntil(
            () => table.Peers[0].State.Snapshot.Seats.Count == 2,
            () => isLeaving = isLeaving || table.Peers[2].Submit(new SeatLeave(), table.Now) is not null);
        await ArchiveAsync(table.Decided);

        // Its chips were at the table once: they let nobody in a second time, neither past the relay nor where the seats agree on it.
        await RefusedAsync(XtmpErrorCode.PermissionDenied, SendRequestAsync(join.Player), "envelope.payload");
        var decided = table.Decided.Count;
        table.Peers[2].Join(join.Player, table.Now);
        table.RunUntil(() => table.Peers[0].State.Snapshot.Seats.Count == 3, static () => { });
        await RefusedAsync(XtmpErrorCode.SignatureInvalid, Games.ArchiveAsync(new GameArchive { GameId = GameId, Decided = [.. table.Decided.Skip(decided)], Reveals = [] }), "decided");
        Assert.Equal((ulong)decided, (await StatusAsync()).Height);
        await SettleAsync();
        await ExpectAsync(Wallets[2], 1_000, 0);
        await ExpectAsync(Wallets[0], 1_000, 0);
    }

    [Fact]
    public async Task nobody_plays_with_chips_that_the_silo_has_not_set_aside()
    {
        // The two seats agree to let in somebody with chips from nowhere: what they decide from there on counts for nothing.
        var table = await BeginAsync();
        LetIn(table, Join(2, new byte[16], chips: 1_000_000).Player);
        var before = table.Decided.FindIndex(decided => decided.Value.Operations.Any(operation => EncodedOperation.Parse<TableOperation>(operation.Body.Span) is TableOperation.AdmitArm));
        await RefusedAsync(XtmpErrorCode.SignatureInvalid, Games.ArchiveAsync(new GameArchive { GameId = GameId, Decided = [table.Decided[before]], Reveals = [] }), "decided");
        await SettleAsync();
        Assert.Equal((ulong)before, (await StatusAsync()).Height);
        await ExpectAsync(Wallets[0], 1_000, 0);
        await ExpectAsync(Wallets[2], 1_000, 0);
    }

    [Fact]
    public async Task a_hold_that_expires_soon_backs_nobody_and_comes_back_with_the_end_of_the_game()
    {
        var table = await BeginAsync();
        var join = Join(2, await HoldAsync(Wallets[2], 100, Captor, TimeSpan.FromHours(2)));
        await Games.JoinAsync(join, Wallets[2].Context);
        await SendRequestAsync(join.Player);
        Fixture.Time.Advance(TimeSpan.FromMinutes(55));
        await RefusedAsync(XtmpErrorCode.PermissionDenied, SendRequestAsync(join.Player), "envelope.payload");
        LetIn(table, join.Player);
        Fixture.Time.Advance(TimeSpan.FromMinutes(10));
        await RefusedAsync(XtmpErrorCode.SignatureInvalid, Games.ArchiveAsync(new GameArchive { GameId = GameId, Decided = [.. table.Decided], Reveals = [] }), "decided");
        await RefusedAsync(XtmpErrorCode.Conflict, Games.LeaveAsync(new GameLeave { GameId = GameId, Wallet = Wallets[2].Id }, Wallets[2].Context), "game_id");
        await SettleAsync();
        await ExpectAsync(Wallets[2], 1_000, 0);
    }

    private async Task<PlayedTable> BeginAsync()
    {
        await OpenAsync();
        await JoinAsync(0);
        await JoinAsync(1);
        var first = (await StatusAsync()).First!;
        return new PlayedTable(TableState.Parse(GameId, 0, first.State)!, Secrets.Take(2));
    }

    private void LetIn(PlayedTable table, JoinRequest request)
    {
        var newcomer = table.Add(Secrets[2]);
        newcomer.Join(request, table.Now);
        table.RunUntil(() => table.Peers.All(peer => peer.State.Snapshot.Seats.Count == 3), static () => { });
    }

    /// <summary>Sends the request to the seats, as its player.</summary>
    private async ValueTask<bool> SendRequestAsync(JoinRequest request)
    {
        var envelope = new ConsensusMessage { MessageId = new byte[32], Sender = request.Player, GameId = GameId, Round = 1, Timestamp = Fixture.Time.GetUtcNow(), Payload = request, Signature = new byte[64] };
        await GamesOf(2).DeliverAsync(new GameMessage { GameId = GameId, Envelope = envelope });
        return true;
    }

    private async Task SettleAsync()
    {
        await PassAsync(Fixture.Options.GamePatience + TimeSpan.FromMinutes(1));
        Assert.Equal(GamePhase.Settled, (await StatusAsync()).Phase);
    }
}
