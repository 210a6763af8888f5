using BitChat.Client;
using BitChat.Messages;
using BitChat.Peer;
using Xtmp.Messages;
using Xtmp.Protocol;
using static Xtmp.Grains.Tests.GrainsFixture;

namespace Xtmp.Grains.Tests.Games;

/// <summary>Games in the silo: chips are money, and it follows certified states alone.</summary>
public sealed class GameTests : GameTestBase
{
    [Fact]
    public async Task a_table_that_closes_pays_out_what_it_certified()
    {
        await OpenAsync();
        var listed = await new LobbyClient(Fixture.Silo).ListAsync(new LobbyList { Lobby = "craps" });
        Assert.Equal(GameId, Assert.Single(listed.Games.ToArray()).GameId.ToArray());
        await JoinAsync(0);
        await JoinAsync(1);
        Assert.Equal(GamePhase.Playing, (await StatusAsync()).Phase);
        await ExpectAsync(Wallets[0], 900, 100);

        var decided = Play((await StatusAsync()).First!, rolls: 3, leaves: true);
        await ArchiveAsync(decided.Take(decided.Count / 2));
        Fixture.Restart();
        await ArchiveAsync(decided);
        var status = await StatusAsync();
        Assert.Equal(GamePhase.Settled, status.Phase);
        Assert.Equal(700UL, status.Payouts.ToArray().Aggregate(0UL, (sum, payout) => sum + payout.Chips));
        await ExpectAsync(Wallets[0], 900 + status.Payouts[0].Chips, 0);
        await ExpectAsync(Wallets[1], 900 + status.Payouts[1].Chips, 0);
        await ExpectAsync(House, 500 + status.Payouts[2].Chips, 0);
        Assert.NotEqual((100UL, 100UL), (status.Payouts[0].Chips, status.Payouts[1].Chips));
        Assert.Empty((await new LobbyClient(Fixture.Silo).ListAsync(new LobbyList { Lobby = "craps" })).Games.ToArray());

        // All of it can be had back, and proves itself.
        var history = new List<DecidedValue>();
        while (history.Count < decided.Count)
        {
            history.AddRange((await Games.HistoryAsync(new GameHistory { GameId = GameId, FromHeight = (ulong)history.Count + 1 })).Decided.ToArray());
        }

        Assert.Equal(decided, history);
    }

    [Fact]
    public async Task a_bank_that_plays_too_is_paid_out()
    {
        await OpenAsync();
        await JoinAsync(0);
        await Games.JoinAsync(Join(1, await HoldAsync(House, 100, Captor)) with { Wallet = House.Id }, House.Context);
        await ArchiveAsync(Play((await StatusAsync()).First!, rolls: 3, leaves: true));
        var status = await StatusAsync();
        Assert.Equal(GamePhase.Settled, status.Phase);
        Assert.True(status.Payouts[1].Chips < 100, "The bank's player loses, and not to itself.");
        await ExpectAsync(Wallets[0], 900 + status.Payouts[0].Chips, 0);
        await ExpectAsync(House, 400 + status.Payouts[1].Chips + status.Payouts[2].Chips, 0);
    }

    [Fact]
    public async Task the_banks_hold_is_no_buy_in_too()
    {
        await OpenAsync();
        var hold = new byte[16];
        hold[0] = 1;
        await RefusedAsync(XtmpErrorCode.AmountInvalid, Games.JoinAsync(Join(0, hold, chips: 500) with { Wallet = House.Id }, House.Context), "hold_id");
        await ExpectAsync(House, 500, 500);
        await JoinAsync(0);
        await JoinAsync(1);
        Assert.Equal(700UL, (await StatusAsync()).First!.State.BroughtIn);
    }

    [Fact]
    public async Task an_abandoned_table_is_settled_by_its_last_certificate()
    {
        await OpenAsync();
        await JoinAsync(0);
        await JoinAsync(1);
        var decided = Play((await StatusAsync()).First!, rolls: 2, leaves: false);
        await ArchiveAsync(decided);
        Assert.Equal(GamePhase.Playing, (await StatusAsync()).Phase);
        await PassAsync(Fixture.Options.GamePatience + TimeSpan.FromMinutes(1));
        var status = await StatusAsync();
        Assert.Equal(GamePhase.Settled, status.Phase);
        await ExpectAsync(Wallets[0], 900 + status.Payouts[0].Chips, 0);
        await ExpectAsync(Wallets[1], 900 + status.Payouts[1].Chips, 0);
        await ExpectAsync(House, 500 + status.Payouts[2].Chips, 0);
    }

    [Fact]
    public async Task at_an_abandoned_table_of_two_only_who_kept_its_part_of_the_roll_back_loses_its_stake()
    {
        await OpenAsync();
        await JoinAsync(0);
        await JoinAsync(1);
        var genesis = TableState.Parse(GameId, 0, (await StatusAsync()).First!.State)!;
        GameTable? first = null;
        var calls = new WithheldReveals(Fixture.Silo, seat: 1, () => first!.State.Height);
        GameClient CallsOf(int player) => new(new SessionCalls(calls, Wallets[player].Caller));
        await using (first = new GameTable(CallsOf(0), Secrets[0], genesis, null, TimeProvider.System))
        await using (var second = new GameTable(CallsOf(1), Secrets[1], genesis, null, TimeProvider.System))
        {
            await second.BetAsync(CrapsBet.Field, 30);
            await first.BetAsync(CrapsBet.Field, 20);
            await calls.HandedIn.WaitAsync(Patience);
            Assert.True(first.State.Game.AwaitsRoll);
            Assert.Contains(((CrapsTable)first.State.Game).Bets, bet => bet.Player == Convert.ToHexString(Secrets[1].PeerId.Span));
        }

        await PassAsync(Fixture.Options.GamePatience + TimeSpan.FromMinutes(1));
        Assert.Equal(GamePhase.Settled, (await StatusAsync()).Phase);
        await ExpectAsync(Wallets[0], 1_000, 0);
        await ExpectAsync(Wallets[1], 970, 0);
        await ExpectAsync(House, 1_030, 0);
    }

    [Fact]
    public async Task operations_are_left_for_the_device_of_a_player_that_is_silent()
    {
        await OpenAsync();
        await JoinAsync(0);
        var key = P256Group.Instance.Encode(P256Group.Instance.Multiply(P256Group.Instance.Generator, 7));
        var devices = new DeviceClient(Fixture.Silo);
        await devices.RegisterAsync(new DeviceRegister { DeviceId = "phone", Owner = Wallets[1].Id, Kind = DeviceKind.Phone, PublicKey = key, Protocols = [IotProtocol.Xtmp], Capabilities = DeviceCapabilities.Display }, Wallets[1].Context);
        foreach (var (device, code) in new[] { ("phone", XtmpErrorCode.PermissionDenied), ("tablet", XtmpErrorCode.NotFound) })
        {
            await RefusedAsync(code, Games.JoinAsync(Join(2, await HoldAsync(Wallets[2], 100, Captor)) with { Device = device }, Wallets[2].Context), "device_id");
        }

        await Games.JoinAsync(Join(1, await HoldAsync(Wallets[1], 100, Captor)) with { Device = "phone" }, Wallets[1].Context);
        var operation = new GameOperation { OperationId = new byte[16], Player = Secrets[0].PeerId, Sequence = 1, Body = EncodedOperation.Of<TableOperation>(new SeatLeave()), Signature = new byte[64] };
        var envelope = new ConsensusMessage { MessageId = new byte[32], Sender = Secrets[0].PeerId, GameId = GameId, Round = 1, Timestamp = Fixture.Time.GetUtcNow(), Payload = operation, Signature = new byte[64] };
        async Task<uint> WaitingAsync()
        {
            await GamesOf(0).DeliverAsync(new GameMessage { GameId = GameId, Envelope = envelope });
            await Fixture.Silo.WhenQuietAsync();
            return (await devices.StatusAsync(new DeviceStatus { DeviceId = "phone" }, Wallets[1].Context)).Waiting;
        }

        Assert.Equal(0U, await WaitingAsync());
        Fixture.Time.Advance(PartitionRecoveryManager.Silence);

        // What another passes on in its name, or makes up, is no sign of it.
        await GamesOf(0).DeliverAsync(new GameMessage { GameId = GameId, Envelope = envelope with { Sender = Secrets[1].PeerId } });
        Assert.Equal(1U, await WaitingAsync());
        await GamesOf(1).DeliverAsync(new GameMessage { GameId = GameId, Envelope = envelope with { Sender = Secrets[1].PeerId } });
        Assert.Equal(1U, await WaitingAsync());
    }

    [Theory]
    [InlineData(100, GameGrain.MaxRecent)]
    [InlineData(30_000, 0)]
    public async Task what_is_kept_for_a_seat_that_is_away_is_bounded_in_envelopes_and_in_bytes(int bodySize, int expected)
    {
        await OpenAsync();
        await JoinAsync(0);
        var sent = 0UL;
        var size = 0;
        async Task SendAsync()
        {
            var operation = new GameOperation { OperationId = new byte[16], Player = Secrets[0].PeerId, Sequence = ++sent, Body = new byte[bodySize], Signature = new byte[64] };
            var envelope = new ConsensusMessage { MessageId = new byte[32], Sender = Secrets[0].PeerId, GameId = GameId, Round = 1, Timestamp = Fixture.Time.GetUtcNow(), Payload = operation, Signature = new byte[64] };
            size = new GameEnvelope { Envelope = envelope, To = null }.GetEncodedSize();
            await GamesOf(0).DeliverAsync(new GameMessage { GameId = GameId, Envelope = envelope });
        }

        while (sent < 2 * GameGrain.MaxRecent)
        {
            await SendAsync();
        }

        // The next comes to the follower as it is sent; before it comes what was kept.
        var kept = new List<ulong>();
        await foreach (var item in Games.FollowAsync(new GameSubscribe { GameId = GameId }))
        {
            var sequence = ((ConsensusPayload.OperationArm)item.Envelope.Payload).Value.Sequence;
            kept.Add(sequence);
            if (sequence == 2 * GameGrain.MaxRecent)
            {
                break;
            }
        }

        var held = expected != 0 ? expected : GameGrain.MaxRecentBytes / size;
        Assert.True(held < 2 * GameGrain.MaxRecent);
        Assert.Equal(Enumerable.Range((2 * GameGrain.MaxRecent) - held + 1, held).Select(sequence => (ulong)sequence), kept);
    }

    [Fact]
    public async Task what_no_quorum_has_certified_is_not_archived()
    {
        await OpenAsync();
        await JoinAsync(0);
        await JoinAsync(1);
        var decided = Play((await StatusAsync()).First!, rolls: 1, leaves: false);
        var forged = decided[0] with { Certificate = decided[0].Certificate with { Signatures = [decided[0].Certificate.Signatures[0], decided[0].Certificate.Signatures[0]] } };
        await RefusedAsync(XtmpErrorCode.SignatureInvalid, Games.ArchiveAsync(new GameArchive { GameId = GameId, Decided = [forged], Reveals = [] }), "decided");
        await RefusedAsync(XtmpErrorCode.SignatureInvalid, Games.ArchiveAsync(new GameArchive { GameId = GameId, Decided = [decided[1]], Reveals = [] }), "decided");
        Assert.Equal(0UL, (await StatusAsync()).Height);
    }

    [Fact]
    public async Task a_buy_in_is_a_hold_for_this_game_and_comes_back_to_who_leaves_in_time()
    {
        await OpenAsync();
        await RefusedAsync(XtmpErrorCode.HoldUnknown, Games.JoinAsync(Join(0, new byte[16]), Wallets[0].Context), "hold_id");
        var other = await HoldAsync(Wallets[0], 100, "grain:Game/00");
        await RefusedAsync(XtmpErrorCode.HoldClosed, Games.JoinAsync(Join(0, other), Wallets[0].Context), "hold_id");
        var small = await HoldAsync(Wallets[0], 10, Captor);
        await RefusedAsync(XtmpErrorCode.AmountInvalid, Games.JoinAsync(Join(0, small, 10), Wallets[0].Context), "hold_id");
        await JoinAsync(0);
        await RefusedAsync(XtmpErrorCode.PermissionDenied, Games.LeaveAsync(new GameLeave { GameId = GameId, Wallet = Wallets[0].Id }, Wallets[1].Context), "wallet");
        await Games.LeaveAsync(new GameLeave { GameId = GameId, Wallet = Wallets[0].Id }, Wallets[0].Context);
        await ExpectAsync(Wallets[0], 900, 100);
    }

    [Fact]
    public async Task who_keeps_the_bank_may_close_a_game_that_has_not_begun_and_everybody_has_its_money_back()
    {
        await OpenAsync();
        await JoinAsync(0);
        var close = new GameLeave { GameId = GameId, Wallet = House.Id, Close = true };
        await RefusedAsync(XtmpErrorCode.PermissionDenied, Games.LeaveAsync(close with { Wallet = Wallets[0].Id }, Wallets[0].Context), "close");
        await RefusedAsync(XtmpErrorCode.PermissionDenied, Games.LeaveAsync(close, Wallets[0].Context), "wallet");
        await Games.LeaveAsync(close, House.Context);
        await RefusedAsync(XtmpErrorCode.Conflict, Games.JoinAsync(Join(1, await HoldAsync(Wallets[1], 100, Captor)), Wallets[1].Context), "game_id");
        await PassAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(GamePhase.Settled, (await StatusAsync()).Phase);
        await ExpectAsync(House, 1_000, 0);
        await ExpectAsync(Wallets[0], 1_000, 0);
        await ExpectAsync(Wallets[1], 1_000, 0);
        Assert.Empty((await new LobbyClient(Fixture.Silo).ListAsync(new LobbyList { Lobby = "craps" })).Games.ToArray());

        // Said again, as by a client that has not heard the answer.
        await Games.LeaveAsync(close, House.Context);
    }

    [Fact]
    public async Task a_game_that_has_begun_is_not_closed()
    {
        await OpenAsync();
        await JoinAsync(0);
        await JoinAsync(1);
        await RefusedAsync(XtmpErrorCode.Conflict, Games.LeaveAsync(new GameLeave { GameId = GameId, Wallet = House.Id, Close = true }, House.Context), "close");
        await ExpectAsync(House, 500, 500);
    }

    [Fact]
    public async Task who_is_refused_has_its_money_back_at_once_and_nobody_sets_aside_twice()
    {
        await OpenAsync();
        await RefusedAsync(
            XtmpErrorCode.Conflict,
            Games.CreateAsync(new GameCreate { GameId = GameId, Wallet = House.Id, BankHold = await HoldAsync(House, 300, Captor), Kind = "craps", Seats = 2, Witnesses = 0, MinBuyIn = 50 }, House.Context),
            "game_id");
        await ExpectAsync(House, 500, 500);
        await JoinAsync(0);

        // The same player with a second hold, as one that starts again and has forgotten the first.
        var again = await HoldAsync(Wallets[0], 100, Captor);
        Assert.Equal(0, (await Games.JoinAsync(Join(0, again), Wallets[0].Context)).Seat);
        await ExpectAsync(Wallets[0], 900, 100);
        var wrong = Join(1, await HoldAsync(Wallets[1], 100, Captor)) with { Player = Join(2, new byte[16]).Player with { DisplayName = "another" } };
        await RefusedAsync(XtmpErrorCode.SignatureInvalid, Games.JoinAsync(wrong, Wallets[1].Context), "player.request_signature");
        await ExpectAsync(Wallets[1], 1_000, 0);

        // A hold that backs a seat does not come back by a request that is refused.
        var seated = Join(1, await HoldAsync(Wallets[1], 100, Captor));
        await Games.JoinAsync(seated, Wallets[1].Context);
        await RefusedAsync(XtmpErrorCode.AmountInvalid, Games.JoinAsync(Join(2, seated.HoldId!.Value.ToArray()) with { Wallet = Wallets[1].Id }, Wallets[1].Context), "hold_id");
        await ExpectAsync(Wallets[1], 900, 100);
    }

    [Fact]
    public async Task only_who_plays_for_a_wallet_of_the_game_speaks_in_it()
    {
        await OpenAsync();
        await JoinAsync(0);
        var operation = new GameOperation { OperationId = new byte[16], Player = Secrets[0].PeerId, Sequence = 1, Body = new byte[8], Signature = new byte[64] };
        var message = new GameMessage { GameId = GameId, Envelope = new ConsensusMessage { MessageId = new byte[32], Sender = Secrets[0].PeerId, GameId = GameId, Round = 1, Timestamp = Fixture.Time.GetUtcNow(), Payload = operation, Signature = new byte[64] } };
        async ValueTask<bool> SendAsync(GameClient calls, GameMessage sent)
        {
            await calls.DeliverAsync(sent);
            return true;
        }

        await RefusedAsync(XtmpErrorCode.PermissionDenied, SendAsync(GamesOf(1), message), "envelope");
        await RefusedAsync(XtmpErrorCode.AuthenticationRequired, SendAsync(Games, message));
        await RefusedAsync(XtmpErrorCode.PermissionDenied, SendAsync(GamesOf(0), message with { Envelope = message.Envelope with { Sender = Secrets[1].PeerId } }), "envelope.sender");
        await RefusedAsync(XtmpErrorCode.PermissionDenied, SendAsync(GamesOf(0), message with { Envelope = message.Envelope with { GameId = new byte[16] } }), "envelope.sender");
        await SendAsync(GamesOf(0), message);

        // A slow follower would have all of what no peer looks at kept for it.
        var value = new ProposedValue { Height = 1, PreviousStateRoot = new byte[32], StateRoot = new byte[32], Operations = [.. Enumerable.Repeat(operation with { Body = new byte[4_096] }, 63)], ProposedAt = Fixture.Time.GetUtcNow() };
        var proposal = new Proposal { Epoch = 1, Height = 1, Round = 0, ProofOfLockRound = null, Value = value, ProposerSignature = new byte[64] };
        GameMessage Long(int operations) => message with { Envelope = message.Envelope with { Payload = proposal with { Value = value with { Operations = [.. value.Operations.Take(operations)] } } } };
        await RefusedAsync(XtmpErrorCode.LimitExceeded, SendAsync(GamesOf(0), Long(63)), "envelope");
        await SendAsync(GamesOf(0), Long(60));
    }

    [Fact]
    public void losers_pay_winners_and_nothing_is_left_over()
    {
        var random = new Random(3);
        for (var i = 0; i < 1_000; i++)
        {
            var had = Enumerable.Range(0, random.Next(2, 9)).Select(_ => (ulong)random.Next(1, 1_000)).ToArray();
            var total = had.Aggregate(0UL, (sum, chips) => sum + chips);
            var owed = new ulong[had.Length];
            for (ulong chip = 0; chip < total; chip++)
            {
                owed[random.Next(had.Length)]++;
            }

            var balance = had.ToArray();
            foreach (var payment in GameMoney.Payments(had, owed))
            {
                Assert.True(payment.Amount > 0 && payment.Amount <= balance[payment.From]);
                balance[payment.From] -= payment.Amount;
                balance[payment.To] += payment.Amount;
            }

            Assert.Equal(owed, balance);
        }
    }
}
