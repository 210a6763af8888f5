using BitChat.Messages;
using Xtmp.Protocol;

namespace BitChat.Peer;

/// <summary>Heads or tails against the bank, paid even: the smallest game there is, and the proof that a table can play another than craps.</summary>
public sealed record CoinTossTable : IGame
{
    private readonly TossState _state;

    private CoinTossTable(TossState state) => _state = state;

    public static GameKind Kind { get; } = new("coin-toss", Open, Parse);

    public ulong Roll => _state.Toss;

    public bool AwaitsRoll => _state.Final;

    public UInt128 TotalChips => _state.Players.Aggregate((UInt128)_state.Bank, (sum, player) => sum + player.Chips) + _state.Stakes.Aggregate(UInt128.Zero, (sum, stake) => sum + stake.Stake);

    public ReadOnlyMemory<byte>? Close => _state.Stakes.Count == 0 ? null : EncodedOperation.Of<TossOperation>(new CloseBets { Roll = Roll });

    public IReadOnlyList<PlayerChips> Players => _state.Players;

    public GameStep Play(ReadOnlyMemory<byte> player, ReadOnlyMemory<byte> operation, ReadOnlySpan<byte> body)
    {
        switch (EncodedOperation.Parse<TossOperation>(body))
        {
            case TossOperation.BetArm { Value: var bet }:
                var chips = ChipsOf(player);
                var fault = chips is null ? GameFault.UnknownPlayer
                    : AwaitsRoll ? GameFault.WrongPhase
                    : _state.Stakes.Any(stake => Same(stake.Player, player)) ? GameFault.TooManyBets
                    : bet.Amount == 0 || bet.Amount > chips ? GameFault.NotEnoughChips
                    : _state.Stakes.Aggregate((UInt128)bet.Amount, (sum, stake) => sum + stake.Stake) > _state.Bank ? GameFault.BankTooSmall
                    : GameFault.None;
                return fault != GameFault.None ? new GameStep(this, fault) : With(_state with
                {
                    Players = Add(_state.Players, player, -(long)bet.Amount),
                    Stakes = [.. _state.Stakes.Append(new TossStake { Player = player, Heads = bet.Heads, Stake = bet.Amount }).OrderBy(stake => Convert.ToHexString(stake.Player.Span), StringComparer.Ordinal)],
                });
            case TossOperation.CloseBetsArm { Value: var close }:
                return AwaitsRoll || _state.Stakes.Count == 0 ? new GameStep(this, GameFault.WrongPhase)
                    : close.Roll != Roll ? new GameStep(this, GameFault.WrongRoll)
                    : With(_state with { Final = true });
            default:
                return new GameStep(this, GameFault.Malformed);
        }
    }

    public GameStep Settle(ReadOnlySpan<byte> randomness)
    {
        if (!AwaitsRoll)
        {
            return new GameStep(this, GameFault.WrongPhase);
        }

        var isHeads = Dice.Take(randomness, 1, 2)[0] == 0;
        return End(stake => stake.Heads == isHeads ? 2 : 0);
    }

    public GameStep Abort(IReadOnlyCollection<ReadOnlyMemory<byte>> atFault) =>
        AwaitsRoll ? End(stake => atFault.Any(player => Same(player, stake.Player)) ? 0 : 1) : new GameStep(this, GameFault.WrongPhase);

    public GameStep Sit(ReadOnlyMemory<byte> player, ulong chips) =>
        ChipsOf(player) is not null || _state.Players.Count >= SeatSet.MaxSeats ? new GameStep(this, GameFault.NoPlace)
        : TotalChips + chips > long.MaxValue ? new GameStep(this, GameFault.NotEnoughChips)
        : With(_state with { Players = Sorted(_state.Players.Append(new PlayerChips { Player = player, Chips = chips })) });

    public GameStep Leave(ReadOnlyMemory<byte> player, bool forfeits)
    {
        if (AwaitsRoll)
        {
            return new GameStep(this, GameFault.WrongPhase);
        }

        if (ChipsOf(player) is not { } chips)
        {
            return new GameStep(this, GameFault.UnknownPlayer);
        }

        chips += _state.Stakes.Where(stake => Same(stake.Player, player)).Aggregate(0UL, (sum, stake) => sum + stake.Stake);
        var left = _state with
        {
            Players = [.. _state.Players.Where(other => !Same(other.Player, player))],
            Stakes = [.. _state.Stakes.Where(stake => !Same(stake.Player, player))],
            Bank = _state.Bank + (forfeits ? chips : 0),
        };
        return new GameStep(new CoinTossTable(left), PaidOut: forfeits ? 0 : chips);
    }

    public byte[] ToBytes() => EncodedOperation.Of(_state);

    private static CoinTossTable Open(IEnumerable<PlayerChips> players, ulong bank) =>
        new(new TossState { Players = Sorted(players), Bank = bank, Stakes = [], Toss = 0, Final = false });

    /// <summary>Null for the bytes of no table that is played: each stake can be settled, and the bank can pay.</summary>
    private static CoinTossTable? Parse(ReadOnlyMemory<byte> bytes) =>
        EncodedOperation.Parse<TossState>(bytes.Span) is { } state
            && new CoinTossTable(state) is { } table
            && state.Players.Select(player => Convert.ToHexString(player.Player.Span)).Distinct().Count() == state.Players.Count
            && state.Stakes.Select(stake => Convert.ToHexString(stake.Player.Span)).Distinct().Count() == state.Stakes.Count
            && state.Stakes.All(stake => stake.Stake > 0 && table.ChipsOf(stake.Player) is not null)
            && state.Stakes.Aggregate(UInt128.Zero, (sum, stake) => sum + stake.Stake) <= state.Bank
            && table.TotalChips <= long.MaxValue ? table : null;

    private static bool Same(ReadOnlyMemory<byte> one, ReadOnlyMemory<byte> other) => one.Span.SequenceEqual(other.Span);

    private static ValueList<PlayerChips> Sorted(IEnumerable<PlayerChips> players) => [.. players.OrderBy(player => Convert.ToHexString(player.Player.Span), StringComparer.Ordinal)];

    private static ValueList<PlayerChips> Add(ValueList<PlayerChips> players, ReadOnlyMemory<byte> player, long chips) =>
        [.. players.Select(other => Same(other.Player, player) ? other with { Chips = (ulong)((long)other.Chips + chips) } : other)];

    private ulong? ChipsOf(ReadOnlyMemory<byte> player) => _state.Players.FirstOrDefault(other => Same(other.Player, player))?.Chips;

    /// <summary>Every stake goes to its player 0, 1 or 2 times; the bank pays or takes the difference.</summary>
    private GameStep End(Func<TossStake, int> times)
    {
        var players = _state.Players;
        var bank = _state.Bank;
        foreach (var stake in _state.Stakes)
        {
            players = Add(players, stake.Player, times(stake) * (long)stake.Stake);
            bank = (ulong)((long)bank + ((1 - times(stake)) * (long)stake.Stake));
        }

        return With(_state with { Players = players, Bank = bank, Stakes = [], Toss = Roll + 1, Final = false });
    }

    private static GameStep With(TossState state) => new(new CoinTossTable(state));
}
