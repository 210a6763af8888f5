using System.Numerics;
using BitChat.Messages;
using Xtmp.Crypto;

namespace BitChat.Peer.Tests.Table;

/// <summary>What a table can come to, over random operations of all kinds, its seats read again: from a journal or a checkpoint.</summary>
public sealed class StateTests(ITestOutputHelper output)
{
    private static readonly byte[] s_game = new byte[16];
    private readonly TableRules _rules = new(new Anything(), Numbers.Instance, new ProofCache());
    private readonly Dictionary<string, int> _done = [];

    [Fact]
    public void every_state_that_a_table_comes_to_is_read_again()
    {
        var (states, closed) = (0, 0);
        for (var seed = 0; seed < 30; seed++)
        {
            var random = new Random(seed);
            var players = new List<Player>();
            var count = random.Next(2, 9);
            var isPostQuantum = random.Next(4) == 0;
            var witnesses = random.Next(Math.Min(count, 4));
            for (var i = 0; i < count; i++)
            {
                players.Add(new Player(i, isPostQuantum));
            }

            var state = TableState.Open(
                s_game,
                seed % 2 == 0 ? CrapsTable.Kind : CoinTossTable.Kind,
                [.. players.Select((player, number) => player.Seat(number, number >= count - witnesses))],
                [.. players.Select((_, number) => number >= count - witnesses ? 0UL : (ulong)random.Next(1, 1_000))],
                (ulong)random.Next(100, 5_000),
                TestTable.Opened,
                isPostQuantum);
            var stay = random.Next(2, 9);
            for (var step = 0; step < 300 && !state.Snapshot.Closed; step++)
            {
                var at = state.Snapshot.DecidedAt + TimeSpan.FromTicks(random.NextInt64(TimeSpan.TicksPerSecond));
                var (by, body, wait) = Next(state, players, random, isPostQuantum, stay);
                var player = state.Seats![by].Peer;
                var operation = new GameOperation { OperationId = Sha256.HashData(BitConverter.GetBytes(step))[..16], Player = player, Sequence = state.Snapshot.Sequences[by].Last + 1, Body = EncodedOperation.Of(body), Signature = new byte[64] };
                var value = _rules.Build(state, [operation], at + wait, static (_, _) => { });
                var after = _rules.Apply(state, value, out var fault);
                Assert.True(after is not null, $"seed {seed}, step {step}: {fault}");
                if (value.Operations.Count > 0)
                {
                    _done[body.GetType().Name] = _done.GetValueOrDefault(body.GetType().Name) + 1;
                }

                state = after;
                var snapshot = EncodedOperation.Parse<TableSnapshot>(EncodedOperation.Of(state.Encoded));
                Assert.True(snapshot is not null, $"seed {seed}, step {step}, {body.GetType().Name}: the encoding is not read");
                var again = TableState.Parse(s_game, state.Height, snapshot);
                Assert.True(again is not null && again.Root.AsSpan().SequenceEqual(state.Root), $"seed {seed}, step {step}, {body.GetType().Name}: the state is not read");
                states++;
            }

            closed += state.Snapshot.Closed ? 1 : 0;
        }

        output.WriteLine($"{states} states, {closed} tables closed; {string.Join(", ", _done.OrderBy(done => done.Key, StringComparer.Ordinal).Select(done => $"{done.Value} {done.Key}"))}");
        Assert.Equal(10, _done.Count);
        Assert.True(closed > 3);
    }

    private (int By, TableOperation Body, TimeSpan Wait) Next(TableState state, List<Player> players, Random random, bool isPostQuantum, int stay)
    {
        var seats = state.Seats!;
        var by = random.Next(seats.Count);
        Player Of(int seat) => players.Find(player => player.Peer.Span.SequenceEqual(seats[seat].Peer.Span))!;
        var coin = state.Snapshot.Coin;
        if (random.Next(40) == 0)
        {
            return (by, new LeaderRotation { Term = state.Snapshot.Term + 1, Leader = (byte)((state.Snapshot.Leader + 1) % seats.Count) }, TableRules.Term);
        }

        if (state.Game.AwaitsRoll)
        {
            if (random.Next(12) == 0)
            {
                return (by, new RollAbort { Roll = state.Game.Roll, Reveals = [] }, TableRules.RollPatience);
            }

            if (!state.UsesCoin && state.Snapshot.Commits.Count < seats.Count)
            {
                return (by, new RandomnessCommit { Roll = state.Game.Roll, Seat = (byte)by, Commitment = Commitments.Commit(seats, by, state.Game.Roll, Commitments.Make(seats, by, state.Game.Roll, new byte[32])) }, default);
            }

            var needed = state.UsesCoin ? CoinDealings.Threshold(seats) : seats.Count;
            RandomnessReveal[] parts =
            [
                .. seats.Seats.Where(seat => !state.UsesCoin || seat.CoinKey is not null).Take(needed).Select(seat => new RandomnessReveal
                {
                    Roll = state.Game.Roll,
                    Seat = seat.Number,
                    Proof = state.UsesCoin ? ThresholdCoin.Share(Numbers.Instance, seats, state.Game.Roll, Secret(seat.Number)) : Commitments.Make(seats, seat.Number, state.Game.Roll, new byte[32]),
                }),
            ];
            return _rules.Outcome(state, parts) is { } randomness
                ? (by, new RollOutcome { Roll = state.Game.Roll, Randomness = randomness, Reveals = [.. parts] }, default)
                : (by, new RollAbort { Roll = state.Game.Roll, Reveals = [] }, TableRules.RollPatience);
        }

        var change = random.Next(60);
        if (change == 0 || (change < 6 && seats.Count < stay))
        {
            var guest = random.Next(3) == 0 ? players[random.Next(players.Count)] : new Player(players.Count, isPostQuantum);
            players.Add(guest);
            return (by, new SeatAdmission { Request = guest.Request((ulong)random.Next(3) * 100) }, default);
        }

        if (change == 7 || (change < 12 && seats.Count > stay))
        {
            return (by, new SeatLeave(), default);
        }

        if (change == 12)
        {
            var accused = random.Next(seats.Count);
            var bad = new GameOperation { OperationId = new byte[16], Player = seats[accused].Peer, Sequence = 1, Body = new byte[] { 0xC1 }, Signature = new byte[64] };
            return (by, new SeatExpulsion { Accused = seats[accused].Peer, Evidence = new BadOperation { Operation = bad } }, default);
        }

        if (state.UsesCoin && !coin.Ready && random.Next(3) > 0)
        {
            if (coin.Dealings.Count < CoinDealings.Threshold(seats) || random.Next(6) == 0)
            {
                var dealing = CoinDealings.Deal(Numbers.Instance, seats, by, new byte[32]);
                return (by, random.Next(8) == 0 ? dealing with { MaskedShares = [.. dealing.MaskedShares.Select(static (share, seat) => seat == 0 ? new byte[32] : share)] } : dealing, default);
            }

            var bad = coin.Dealings.Where(dealt => Opened(dealt, by) is null).Select(dealt => (int)dealt.Seat).ToArray();
            var accepted = coin.Dealings.Where(dealt => !bad.Contains(dealt.Seat)).Aggregate(0, static (bits, dealt) => bits | (1 << dealt.Seat));
            return (by, new CoinVerdict { Accepted = (byte)accepted, Complaints = [.. bad.Select(dealer => CoinDealings.Complain(Numbers.Instance, seats, dealer, coin.Dealings.First(dealt => dealt.Seat == dealer).Dealing, by, Of(by).DealSecret))] }, default);
        }

        if (state.Game.Close is { } close && random.Next(5) == 0)
        {
            return (state.Snapshot.Leader, new GamePlay { Body = close }, default);
        }

        var amount = (ulong)random.Next(1, 120);
        var body = state.Game is not CrapsTable craps ? EncodedOperation.Of<TossOperation>(new TossBet { Heads = random.Next(2) == 0, Amount = amount })
            : craps.Bets.Count > 0 && random.Next(6) == 0 ? EncodedOperation.Of<CrapsOperation>(new TakeDown { BetOperation = Convert.FromHexString(craps.Bets[random.Next(craps.Bets.Count)].Id) })
            : EncodedOperation.Of<CrapsOperation>(Bet((CrapsBet)random.Next(10)));
        return (by, new GamePlay { Body = body }, default);

        PlaceBet Bet(CrapsBet bet) => new()
        {
            Bet = bet,
            Amount = amount,
            Point = bet == CrapsBet.Place ? (byte)(4 + random.Next(3)) : bet == CrapsBet.HardWay ? (byte)(4 + (2 * random.Next(4))) : default(byte?),
        };

        BigInteger? Opened(SeatDealing dealt, int seat) => CoinDealings.Open(Numbers.Instance, seats, dealt.Seat, dealt.Dealing, seat, Of(seat).DealSecret);

        BigInteger Secret(int seat) => coin.Dealings.Aggregate(BigInteger.Zero, (sum, dealt) => Numbers.Instance.Reduce(sum + (Opened(dealt, seat) ?? 0)));
    }

    private sealed class Player(int number, bool isPostQuantum)
    {
        private readonly byte[] _key = Sha256.HashData(BitConverter.GetBytes(number));

        public ReadOnlyMemory<byte> Peer => PeerIds.Of(_key);

        public BigInteger DealSecret { get; } = number + 2;

        private byte[] DealKey => Numbers.Instance.Encode(Numbers.Instance.Multiply(Numbers.Instance.Generator, DealSecret));

        private ReadOnlyMemory<byte>? Second => isPostQuantum ? new byte[MlDsa87.PublicKeySize] : default(ReadOnlyMemory<byte>?);

        public Seat Seat(int at, bool isWitness) => new() { Number = (byte)at, Peer = Peer, Ed25519Key = _key, Witness = isWitness, DealKey = DealKey, PostQuantumKey = Second };

        public JoinRequest Request(ulong chips) =>
            new() { Player = Peer, Ed25519Key = _key, DisplayName = "guest", Chips = chips, ProtocolVersion = 1, Nonce = new byte[16], DealKey = DealKey, PostQuantumKey = Second, RequestSignature = new byte[64] };
    }

    /// <summary>Signatures are not what is looked at here.</summary>
    private sealed class Anything : ISeatSignatures
    {
        public byte[] Sign(ReadOnlySpan<byte> message) => new byte[64];

        public bool Verify(Seat seat, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) => true;

        public byte[] SignPostQuantum(ReadOnlySpan<byte> message) => throw new NotSupportedException("No state has signatures.");

        public bool VerifyPostQuantum(Seat seat, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) => true;
    }

    /// <summary>Whole numbers modulo a prime under addition: the algebra of the coin without its secrecy.</summary>
    private sealed class Numbers : CoinGroup
    {
        public static Numbers Instance { get; } = new();

        public override BigInteger Order { get; } = (BigInteger.One << 61) - 1;

        public override GroupPoint Generator { get; } = new Number(1);

        public override GroupPoint? Decode(ReadOnlySpan<byte> bytes) =>
            bytes.Length == PointSize && new BigInteger(bytes, isUnsigned: true, isBigEndian: true) is { IsZero: false } value && value < Order ? new Number(value) : null;

        public override byte[] Encode(GroupPoint point) => [0, .. EncodeScalar(((Number)point).Value)];

        public override GroupPoint Multiply(GroupPoint point, BigInteger scalar) => new Number(Reduce(((Number)point).Value * scalar));

        public override GroupPoint Add(GroupPoint one, GroupPoint other) => new Number(Reduce(((Number)one).Value + ((Number)other).Value));

        public override GroupPoint HashToPoint(ReadOnlySpan<byte> text) => new Number(HashToScalar(text));

        private sealed class Number(BigInteger value) : GroupPoint
        {
            public BigInteger Value { get; } = value;
        }
    }
}
