using BitChat.Client;
using BitChat.Messages;
using BitChat.Peer;
using Xtmp.Crypto;
using Xtmp.Messages;
using Xtmp.Protocol;
using static Xtmp.Grains.Tests.GrainsFixture;

namespace Xtmp.Grains.Tests.Games;

/// <summary>Games in the silo: chips are money, and it follows certified states alone.</summary>
public sealed class GameTests : IAsyncDisposable
{
    private static readonly byte[] GameId = [.. Enumerable.Repeat((byte)5, 16)];

    private readonly GrainsFixture _silo = new();
    private readonly TestWallet _house = new(1);
    private readonly TestWallet[] _players = [new(2), new(3)];
    private readonly Ed25519PrivateKey[] _keys = [.. Enumerable.Range(0, 2).Select(number => Ed25519PrivateKey.FromSeed(Enumerable.Repeat((byte)(number + 1), 32).ToArray()))];
    private readonly PeerSecrets[] _secrets;
    private byte _operation;

    public GameTests()
    {
        _secrets = [.. _keys.Select((key, number) => PeerSecrets.Of(key, Enumerable.Repeat((byte)(number + 50), 32).ToArray()))];
    }

    private GameClient Games => new(_silo.Silo);

    private string Captor => "grain:Game/" + Convert.ToHexStringLower(GameId);

    public ValueTask DisposeAsync() => _silo.DisposeAsync();

    [Fact]
    public async Task a_table_that_closes_pays_out_what_it_certified()
    {
        await OpenAsync();
        var listed = await new LobbyClient(_silo.Silo).ListAsync(new LobbyList { Lobby = "craps" });
        Assert.Equal(GameId, Assert.Single(listed.Games.ToArray()).GameId.ToArray());
        await JoinAsync(0);
        await JoinAsync(1);
        Assert.Equal(GamePhase.Playing, (await StatusAsync()).Phase);
        await ExpectAsync(_players[0], 900, 100);

        var decided = Play((await StatusAsync()).First!, rolls: 3, leaves: true);
        await ArchiveAsync(decided.Take(decided.Count / 2));
        _silo.Restart();
        await ArchiveAsync(decided);
        var status = await StatusAsync();
        Assert.Equal(GamePhase.Settled, status.Phase);
        Assert.Equal(700UL, status.Payouts.ToArray().Aggregate(0UL, (sum, payout) => sum + payout.Chips));
        await ExpectAsync(_players[0], 900 + status.Payouts[0].Chips, 0);
        await ExpectAsync(_players[1], 900 + status.Payouts[1].Chips, 0);
        await ExpectAsync(_house, 500 + status.Payouts[2].Chips, 0);
        Assert.NotEqual((100UL, 100UL), (status.Payouts[0].Chips, status.Payouts[1].Chips));
        Assert.Empty((await new LobbyClient(_silo.Silo).ListAsync(new LobbyList { Lobby = "craps" })).Games.ToArray());

        // All of it can be had back, and proves itself.
        var history = new List<DecidedValue>();
        while (history.Count < decided.Count)
        {
            history.AddRange((await Games.HistoryAsync(new GameHistory { GameId = GameId, FromHeight = (ulong)history.Count + 1 })).Decided.ToArray());
        }

        Assert.Equal(decided, history);
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
        _silo.Time.Advance(_silo.Options.GamePatience + TimeSpan.FromMinutes(1));
        await _silo.Silo.WhenQuietAsync();
        var status = await StatusAsync();
        Assert.Equal(GamePhase.Settled, status.Phase);
        await ExpectAsync(_players[0], 900 + status.Payouts[0].Chips, 0);
        await ExpectAsync(_players[1], 900 + status.Payouts[1].Chips, 0);
        await ExpectAsync(_house, 500 + status.Payouts[2].Chips, 0);
    }

    [Fact]
    public async Task at_an_abandoned_table_of_two_only_who_kept_its_part_of_the_roll_back_loses_its_stake()
    {
        await OpenAsync();
        await JoinAsync(0);
        await JoinAsync(1);
        var genesis = TableState.Parse(GameId, 0, (await StatusAsync()).First!.State)!;
        GameTable? first = null;
        var calls = new WithheldReveals(_silo.Silo, seat: 1, () => first!.State.Height);
        await using (first = new GameTable(new GameClient(calls), _secrets[0], genesis, null, TimeProvider.System))
        await using (var second = new GameTable(new GameClient(calls), _secrets[1], genesis, null, TimeProvider.System))
        {
            await second.BetAsync(CrapsBet.Field, 30);
            await first.BetAsync(CrapsBet.Field, 20);
            await calls.HandedIn.WaitAsync(Patience);
            Assert.True(first.State.Game.AwaitsRoll);
            Assert.Contains(((CrapsTable)first.State.Game).Bets, bet => bet.Player == Convert.ToHexString(_secrets[1].PeerId.Span));
        }

        _silo.Time.Advance(_silo.Options.GamePatience + TimeSpan.FromMinutes(1));
        await _silo.Silo.WhenQuietAsync();
        Assert.Equal(GamePhase.Settled, (await StatusAsync()).Phase);
        await ExpectAsync(_players[0], 1_000, 0);
        await ExpectAsync(_players[1], 970, 0);
        await ExpectAsync(_house, 1_030, 0);
    }

    [Fact]
    public async Task operations_are_left_for_the_device_of_a_player_that_is_silent()
    {
        await OpenAsync();
        await JoinAsync(0);
        var key = P256Group.Instance.Encode(P256Group.Instance.Multiply(P256Group.Instance.Generator, 7));
        var devices = new DeviceClient(_silo.Silo);
        await devices.RegisterAsync(new DeviceRegister { DeviceId = "phone", Owner = _players[1].Id, Kind = DeviceKind.Phone, PublicKey = key, Protocols = [IotProtocol.Xtmp], Capabilities = DeviceCapabilities.Display }, _players[1].Context);
        await Games.JoinAsync(Join(1, await HoldAsync(_players[1], 100, Captor)) with { Device = "phone" }, _players[1].Context);
        var operation = new GameOperation { OperationId = new byte[16], Player = _secrets[0].PeerId, Sequence = 1, Body = EncodedOperation.Of<TableOperation>(new SeatLeave()), Signature = new byte[64] };
        var envelope = new ConsensusMessage { MessageId = new byte[32], Sender = _secrets[0].PeerId, GameId = GameId, Round = 1, Timestamp = _silo.Time.GetUtcNow(), Payload = operation, Signature = new byte[64] };
        async Task<uint> WaitingAsync()
        {
            await Games.DeliverAsync(new GameMessage { GameId = GameId, Envelope = envelope });
            await _silo.Silo.WhenQuietAsync();
            return (await devices.StatusAsync(new DeviceStatus { DeviceId = "phone" }, _players[1].Context)).Waiting;
        }

        Assert.Equal(0U, await WaitingAsync());
        _silo.Time.Advance(PartitionRecoveryManager.Silence);
        Assert.Equal(1U, await WaitingAsync());
        await Games.DeliverAsync(new GameMessage { GameId = GameId, Envelope = envelope with { Sender = _secrets[1].PeerId } });
        Assert.Equal(1U, await WaitingAsync());
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
        await RefusedAsync(XtmpErrorCode.HoldUnknown, Games.JoinAsync(Join(0, new byte[16]), _players[0].Context), "hold_id");
        var other = await HoldAsync(_players[0], 100, "grain:Game/00");
        await RefusedAsync(XtmpErrorCode.HoldClosed, Games.JoinAsync(Join(0, other), _players[0].Context), "hold_id");
        var small = await HoldAsync(_players[0], 10, Captor);
        await RefusedAsync(XtmpErrorCode.AmountInvalid, Games.JoinAsync(Join(0, small, 10), _players[0].Context), "hold_id");
        await JoinAsync(0);
        await RefusedAsync(XtmpErrorCode.PermissionDenied, Games.LeaveAsync(new GameLeave { GameId = GameId, Wallet = _players[0].Id }, _players[1].Context), "wallet");
        await Games.LeaveAsync(new GameLeave { GameId = GameId, Wallet = _players[0].Id }, _players[0].Context);
        await ExpectAsync(_players[0], 890, 110);
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

    private async Task OpenAsync()
    {
        foreach (var wallet in _players.Append(_house))
        {
            await _silo.Wallet.RegisterAsync(wallet.Registration(), wallet.Context);
        }

        var hold = await HoldAsync(_house, 500, Captor);
        var create = new GameCreate { GameId = GameId, Wallet = _house.Id, BankHold = hold, Kind = "craps", Seats = 2, MinBuyIn = 50 };
        await Games.CreateAsync(create, _house.Context);
        await Games.CreateAsync(create, _house.Context);
    }

    private async Task<byte[]> HoldAsync(TestWallet wallet, ulong amount, string captor)
    {
        var id = new byte[16];
        id[0] = ++_operation;
        var hold = wallet.Sign(new WalletHold { OperationId = id, Wallet = wallet.Id, Amount = amount, Currency = Currency, Captor = captor, ExpiresAt = _silo.Time.GetUtcNow().AddDays(1), Signature = new byte[64] });
        await _silo.Wallet.HoldAsync(hold, wallet.Context);
        return id;
    }

    private async Task JoinAsync(int player)
    {
        var join = Join(player, await HoldAsync(_players[player], 100, Captor));
        var seat = await Games.JoinAsync(join, _players[player].Context);
        Assert.Equal(seat.Seat, (await Games.JoinAsync(join, _players[player].Context)).Seat);
    }

    private GameJoin Join(int player, byte[] hold, ulong chips = 100)
    {
        var key = new byte[32];
        _keys[player].WritePublicKey(key);
        var request = new JoinRequest { Player = _secrets[player].PeerId, Ed25519Key = key, DisplayName = $"player {player}", Chips = chips, ProtocolVersion = 1, Nonce = new byte[16], DealKey = _secrets[player].DealKey, RequestSignature = new byte[64] };
        request = request with { RequestSignature = _secrets[player].Signatures.Sign(PeerIds.JoinText(GameId, request)) };
        return new GameJoin { GameId = GameId, Wallet = _players[player].Id, HoldId = hold, Player = request };
    }

    private async Task ArchiveAsync(IEnumerable<DecidedValue> decided)
    {
        foreach (var chunk in decided.Chunk(16))
        {
            await Games.ArchiveAsync(new GameArchive { GameId = GameId, Decided = [.. chunk], Reveals = [] });
        }
    }

    private ValueTask<GameStatusReply> StatusAsync() => Games.StatusAsync(new GameStatus { GameId = GameId });

    private async Task ExpectAsync(TestWallet wallet, ulong balance, ulong held)
    {
        var reply = await _silo.Wallet.BalanceAsync(new WalletBalance { Wallet = wallet.Id }, wallet.Context);
        Assert.Equal((balance, held), (reply.Balance, reply.Held));
    }

    /// <summary>Both peers play, messages arriving at once, on a time of their own.</summary>
    private List<DecidedValue> Play(TranscriptStart first, ulong rolls, bool leaves)
    {
        var genesis = TableState.Parse(first.GameId, 0, first.State)!;
        var peers = _secrets.Select(secrets => new TablePeer(secrets, genesis, new TablePeerOptions { BettingWindow = TimeSpan.FromSeconds(1) })).ToArray();
        var decided = new List<DecidedValue>();
        var inbox = new Queue<(int To, ConsensusMessage Message)>();
        var now = TimeSpan.Zero;
        PeerTime Time() => new(now, genesis.Snapshot.DecidedAt + now);

        void Drain()
        {
            for (var busy = true; busy;)
            {
                busy = false;
                for (var number = 0; number < 2; number++)
                {
                    while (peers[number].PollEffect() is { } effect)
                    {
                        busy = true;
                        switch (effect)
                        {
                            case PeerEffect.Send(_, var message):
                                inbox.Enqueue((1 - number, message));
                                break;
                            case PeerEffect.Persist(_, { } intent):
                                peers[number].HandlePersisted(intent, Time());
                                break;
                            case PeerEffect.Applied(var value, _) when value.Value.Height == (ulong)decided.Count + 1:
                                decided.Add(value);
                                break;
                        }
                    }
                }

                if (inbox.TryDequeue(out var next))
                {
                    busy = true;
                    peers[next.To].HandleMessage(next.Message, Time());
                }
            }
        }

        foreach (var peer in peers)
        {
            peer.Start(Time());
        }

        var betOn = ulong.MaxValue;
        while (now < TimeSpan.FromMinutes(5) && !peers.All(peer => leaves ? peer.State.Snapshot.Closed : peer.State.Game.Roll >= rolls))
        {
            Drain();
            var roll = peers[0].State.Game.Roll;
            if (roll < rolls && betOn != roll && !peers[0].State.Game.AwaitsRoll)
            {
                betOn = roll;
                peers[0].Play(EncodedOperation.Of<CrapsOperation>(new PlaceBet { Bet = CrapsBet.Field, Amount = 20, Point = null }), Time());
                peers[1].Play(EncodedOperation.Of<CrapsOperation>(new PlaceBet { Bet = CrapsBet.AnySeven, Amount = 7, Point = null }), Time());
            }
            else if (roll >= rolls && leaves && betOn != ulong.MaxValue - 1)
            {
                betOn = ulong.MaxValue - 1;
                peers[0].Submit(new SeatLeave(), Time());
            }

            Drain();
            now = peers.Min(peer => peer.PollTimeout()!.Value) is var due && due > now ? due : now + TimeSpan.FromMilliseconds(1);
            foreach (var peer in peers)
            {
                peer.HandleTimeout(Time());
            }
        }

        Drain();
        return decided;
    }
}
