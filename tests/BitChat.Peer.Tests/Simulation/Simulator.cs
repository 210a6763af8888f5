using System.Security.Cryptography;
using BitChat.Messages;

namespace BitChat.Peer.Tests.Simulation;

/// <summary>
/// A table of seats on one thread, with a network that loses, repeats, reorders and splits, seats that crash and lose what was
/// not durable, and Byzantine ones. A seed replays a life event for event. Faults stop at half time; after that every
/// correct seat must reach the last height.
/// </summary>
internal sealed class Simulator
{
    private const int Heights = 12;
    private const int MaxEvents = 60_000;

    private static readonly TimeSpan Healing = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan End = TimeSpan.FromSeconds(120);

    private readonly Random _random;
    private readonly PriorityQueue<Action, (TimeSpan At, long Order)> _events = new();
    private readonly SimulatedSeat[] _seats;
    private readonly Dictionary<ulong, byte[]> _decided = [];
    private readonly Dictionary<(int Seat, ulong Height, uint Round, string Kind), string> _signed = [];
    private readonly IncrementalHash _log = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private int[] _side;
    private long _order;
    private TimeSpan _now;

    public Simulator(int seats, int faults, int seed, ConsensusRules? mutant = null)
    {
        _random = new Random(seed);
        var secrets = Enumerable.Range(0, seats).Select(seat => HashSignatures.Register(seat, seed)).ToArray();
        Seats = new SeatSet(new byte[16], 1, secrets.Select((secret, number) => new Seat { Number = (byte)number, Peer = new byte[32], DealKey = new byte[33], Ed25519Key = HashSignatures.PublicOf(secret) }));
        var byzantine = Enumerable.Range(0, seats).OrderBy(_ => _random.Next()).Take(faults).ToHashSet();
        _seats = [.. Enumerable.Range(0, seats).Select(number => new SimulatedSeat(this, number, secrets[number], byzantine.Contains(number), mutant ?? ConsensusRules.Sound))];
        _side = new int[seats];
        Loss = _random.Next(4) switch { 0 => 0, 1 => 0.05, 2 => 0.15, _ => 0.3 };
    }

    public SeatSet Seats { get; }

    public double Loss { get; }

    /// <summary>What was broken, or null.</summary>
    public string? Violation { get; private set; }

    /// <summary>Hash over all that happened.</summary>
    public string LogHash => Convert.ToHexString(_log.GetCurrentHash());

    public bool IsHealed => _now >= Healing;

    public Random Random => _random;

    /// <summary>Lives one life; the violation, or null.</summary>
    public string? Run()
    {
        foreach (var seat in _seats)
        {
            seat.Start();
        }

        After(TimeSpan.FromMilliseconds(_random.Next(500)), Disturb);
        for (var count = 0; count < MaxEvents && Violation is null && _events.TryDequeue(out var next, out var due) && due.At <= End; count++)
        {
            _now = due.At;
            next();
            if (_seats.All(seat => seat.IsByzantine || seat.Height > Heights))
            {
                return Violation;
            }
        }

        return Violation ?? $"no progress: correct seats stand at heights {string.Join(", ", _seats.Where(seat => !seat.IsByzantine).Select(seat => seat.Height))}";
    }

    public void After(TimeSpan wait, Action action) => _events.Enqueue(action, (_now + wait, _order++));

    /// <summary>Carries a message, or loses, repeats or delays it.</summary>
    public void Send(int from, int to, Action<SimulatedSeat> deliver)
    {
        var copies = IsHealed ? 1 : _random.NextDouble() < Loss ? 0 : _random.NextDouble() < 0.05 ? 2 : 1;
        for (var copy = 0; copy < copies; copy++)
        {
            After(TimeSpan.FromMilliseconds(_random.Next(5, IsHealed ? 60 : 400)), () =>
            {
                if (IsHealed || _side[from] == _side[to])
                {
                    deliver(_seats[to]);
                }
            });
        }
    }

    public void Decided(SimulatedSeat seat, DecidedValue decided)
    {
        var id = SeatSet.IdOf(decided.Value);
        Log($"{_now} {seat.Number} decides {decided.Value.Height} {Convert.ToHexString(id)}");
        if (seat.IsByzantine)
        {
            return;
        }

        if (!_decided.TryAdd(decided.Value.Height, id) && !_decided[decided.Value.Height].AsSpan().SequenceEqual(id))
        {
            Violation ??= $"two decisions at height {decided.Value.Height}";
        }

        if (!Certificates.Verify(Seats, new HashSignatures([]), decided))
        {
            Violation ??= $"a certificate at height {decided.Value.Height} proves nothing";
        }
    }

    public void Signed(SimulatedSeat seat, ulong height, uint round, string kind, ReadOnlyMemory<byte>? value)
    {
        var text = value is { } id ? Convert.ToHexString(id.Span) : "nil";
        Log($"{_now} {seat.Number} signs {kind} {height}/{round} {text}");
        if (!seat.IsByzantine && !_signed.TryAdd((seat.Number, height, round, kind), text) && _signed[(seat.Number, height, round, kind)] != text)
        {
            Violation ??= $"seat {seat.Number} signed two values as {kind} at {height}/{round}";
        }
    }

    public void Accused(SimulatedSeat by, int seat)
    {
        Log($"{_now} {by.Number} accuses {seat}");
        if (!by.IsByzantine && !_seats[seat].IsByzantine)
        {
            Violation ??= $"seat {by.Number} holds evidence against seat {seat}, which is correct";
        }
    }

    public void Invalid(SimulatedSeat seat, ProposedValue value) => Violation ??= seat.IsByzantine ? null : $"seat {seat.Number} decided a value that is not valid at height {value.Height}";

    private void Disturb()
    {
        if (IsHealed)
        {
            return;
        }

        if (_random.Next(2) == 0)
        {
            _side = [.. Enumerable.Range(0, _seats.Length).Select(_ => _random.Next(2))];
        }
        else
        {
            _side = new int[_seats.Length];
        }

        if (_random.Next(2) == 0)
        {
            _seats[_random.Next(_seats.Length)].Crash();
        }

        After(TimeSpan.FromMilliseconds(_random.Next(100, 4_000)), Disturb);
    }

    private void Log(string line) => _log.AppendData(System.Text.Encoding.ASCII.GetBytes(line + "\n"));
}
