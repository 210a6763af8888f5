using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using BitChat.Messages;
using BitChat.Peer;
using Xtmp.Crypto;

namespace BitChat.Simulator;

/// <summary>
/// A table's life on one thread and virtual time: its seats play craps while the network loses, repeats, reorders and splits,
/// seats crash and clocks step, and Byzantine seats do what they can. In the first half that is about safety; in the second the
/// network is whole, and every correct seat must get on. A seed replays a life event for event.
/// </summary>
public sealed class Life
{
    private const int MaxEvents = 2_000_000;

    private static readonly DateTimeOffset Epoch = DateTimeOffset.UnixEpoch.AddYears(50);

    /// <summary>After healing a correct seat has decided something new within this time.</summary>
    private static readonly TimeSpan Convergence = TimeSpan.FromSeconds(25);

    /// <summary>Heights after healing that end a life where only progress is waited for.</summary>
    private const int Further = 5;

    private readonly LifeOptions _options;
    private readonly PriorityQueue<Action, Due> _events = new();
    private readonly StringBuilder _lines = new();
    private readonly IncrementalHash _log = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly ulong[,] _sent;
    private readonly Fault[] _network;
    private readonly HashSet<SimulatedPeer> _leaving = [];
    private readonly (bool IsCut, TimeSpan Until)[] _cuts;
    private readonly TimeSpan[] _mutedUntil;
    private readonly Trap[] _traps;
    private long _order;
    private long _messages;

    public Life(LifeOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Seats, SeatSet.MaxSeats);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Seats, SeatSet.MinSeats);
        _options = options;
        var random = new SeededRandom(options.Seed, 0);
        Byzantine = Enumerable.Range(0, options.Seats).OrderBy(_ => random.Next()).Take(options.Faults).ToHashSet();
        Schedule = options.Schedule ?? Schedules.Of(options, Byzantine);
        Healing = TimeSpan.FromSeconds(options.Seconds / 2);
        _network = [.. Schedule.Where(fault => fault.Kind <= FaultKind.OneWay)];

        // One more than there are seats may come to the table later.
        var joins = options.Seats < SeatSet.MaxSeats && random.Chance(0.5);
        var secrets = Enumerable.Range(0, options.Seats + 1).Select(MakeSecrets).ToArray();
        Genesis = TableState.Open(
            new byte[16],
            CrapsTable.Kind,
            [.. secrets.Take(options.Seats).Select((secret, number) => new Seat { Number = (byte)number, Peer = secret.PeerId, Ed25519Key = SimulatedSignatures.KeyOf(options.Seed, number), DealKey = secret.DealKey })],
            [.. Enumerable.Repeat(1_000UL, options.Seats)],
            100_000,
            Epoch);
        Invariants = new Invariants(this);
        Replay = Schedule.FirstOrDefault(fault => fault.Kind == FaultKind.Replay) is { } replay ? new Replay(this, replay) : null;
        Peers = [.. secrets.Take(options.Seats + (joins ? 1 : 0)).Select((secret, number) => new SimulatedPeer(this, number, secret, Byzantine.Contains(number)))];
        // And one who has no seat.
        _cuts = new (bool, TimeSpan)[Peers.Count + 1];
        _mutedUntil = new TimeSpan[Peers.Count + 1];
        _sent = new ulong[Peers.Count + 1, Peers.Count];
        _traps = [.. Schedule.Where(fault => fault.Kind == FaultKind.Trap).Select(fault => new Trap(this, fault))];
    }

    internal IReadOnlyCollection<int> Byzantine { get; }

    internal IReadOnlyList<Fault> Schedule { get; }

    internal TimeSpan Healing { get; }

    internal TableState Genesis { get; }

    internal Invariants Invariants { get; }

    /// <summary>Who sends again what others sent, if anybody.</summary>
    internal Replay? Replay { get; }

    internal IReadOnlyList<SimulatedPeer> Peers { get; }

    internal LifeOptions Options => _options;

    internal TimeSpan Now { get; private set; }

    /// <summary>More seats are Byzantine than a table bears: something may break, and the rest of the life shows whether honest seats can prove who did it.</summary>
    internal bool IsBeyond => _options.Faults > (_options.Seats - 1) / 3;

    internal bool IsHealed => Now >= Healing;

    /// <summary>Lives it.</summary>
    public LifeResult Run()
    {
        foreach (var peer in Peers)
        {
            peer.Begin();
        }

        Replay?.Begin();
        foreach (var fault in Schedule)
        {
            switch (fault.Kind)
            {
                case FaultKind.Crash:
                    At(fault.From, () => Peers[fault.Seat].Crash(fault.To));
                    break;
                case FaultKind.CrashOnSend:
                    At(fault.From, () => Peers[fault.Seat].CrashOnSend(fault.To));
                    break;
                case FaultKind.CutOnDecision:
                    At(fault.From, () => _cuts[fault.Seat] = (false, fault.To));
                    break;
                case FaultKind.ClockStep:
                    At(fault.From, () => Peers[fault.Seat].Step(TimeSpan.FromMilliseconds(fault.Amount)));
                    At(fault.To, () => Peers[fault.Seat].Step(TimeSpan.FromMilliseconds(-fault.Amount)));
                    break;
            }
        }

        var end = TimeSpan.FromSeconds(_options.Seconds);
        var heights = new Dictionary<SimulatedPeer, ulong>();
        At(Healing, () =>
        {
            foreach (var peer in Peers)
            {
                heights[peer] = peer.Height;
            }
        });
        At(Healing + Convergence, () => Invariants.CheckProgress(heights));
        var isOver = false;
        void Look()
        {
            isOver = Invariants.Slowest()?.Height >= heights.Values.Max() + Further;
            After(TimeSpan.FromSeconds(1), Look);
        }

        if (_options.EndsOnProgress)
        {
            At(Healing, Look);
        }

        for (var count = 0; !isOver && (Invariants.Violation is null || IsBeyond) && _events.TryDequeue(out var next, out var due) && due.At <= end; count++)
        {
            Now = due.At;
            next();
            if (count == MaxEvents)
            {
                Invariants.Break($"more than {MaxEvents} events: somebody talks without end");
            }
        }

        Invariants.CheckEnd();
        EndLines();
        return new LifeResult(
            Invariants.Violation,
            Convert.ToHexString(_log.GetCurrentHash()),
            Invariants.Heights,
            Invariants.Rolls,
            _messages,
            Invariants.Epochs,
            Invariants.Expelled,
            Invariants.Snapshots,
            Invariants.Lies,
            Invariants.Culprits,
            Invariants.SeesFork,
            Schedule);
    }

    internal void After(TimeSpan wait, Action action) => At(Now + wait, action);

    internal void At(TimeSpan time, Action action) => _events.Enqueue(action, new Due(time, _order++));

    internal void Log(string line)
    {
        _lines.Append(CultureInfo.InvariantCulture, $"{Now.Ticks} {line}\n");
        if (_lines.Length > 4_096)
        {
            EndLines();
        }
    }

    private void EndLines()
    {
        _log.AppendData(Encoding.ASCII.GetBytes(_lines.ToString()));
        _lines.Clear();
    }

    internal DateTimeOffset Clock => Epoch + Now;

    /// <summary>
    /// Lets a correct seat leave where the table without it bears the Byzantine ones. Who ever asked to leave counts as gone and
    /// a Byzantine seat that may come back as seated: two who ask at once do not see each other go.
    /// </summary>
    internal bool LetsLeave(SimulatedPeer peer, TableState state)
    {
        bool Stays(SimulatedPeer other) => other != peer && !_leaving.Contains(other)
            && (other.IsByzantine ? !state.Snapshot.Excluded.Any(excluded => excluded.Span.SequenceEqual(other.Id.Span)) : state.Seats!.Find(other.Id.Span) is not null);
        var (count, byzantine) = (Peers.Count(Stays), Peers.Count(other => other.IsByzantine && Stays(other)));
        return count >= SeatSet.MinSeats && byzantine <= (count - 1) / 3 && (peer.IsByzantine || _leaving.Add(peer));
    }

    /// <summary>True while the seat misbehaves in that way.</summary>
    internal bool Does(int seat, FaultKind kind)
    {
        foreach (var fault in Schedule)
        {
            if (fault.Kind == kind && fault.Seat == seat)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Carries a message, or loses, repeats or delays it.</summary>
    internal void Carry(int from, int to, ConsensusMessage message)
    {
        // Each message of a link has its own chance, so that leaving one fault out changes no other message's fate.
        var random = new SeededRandom(_options.Seed, 1_000 + (((ulong)from << 40) | ((ulong)to << 32) | _sent[from, to]++));
        var (copies, delay) = (1, random.Time(5, 50));
        if (!IsHealed)
        {
            if (Now < _mutedUntil[from])
            {
                return;
            }

            foreach (var fault in _network)
            {
                if (Now < fault.From || Now >= fault.To)
                {
                    continue;
                }

                switch (fault.Kind)
                {
                    case FaultKind.Loss when random.Chance(fault.Amount):
                        return;
                    case FaultKind.Duplication when random.Chance(fault.Amount):
                        copies = 2;
                        break;
                    case FaultKind.Reordering when random.Chance(fault.Amount):
                        delay += random.Time(0, 800);
                        break;
                    case FaultKind.Partition when (((int)fault.Amount >> from) & 1) != (((int)fault.Amount >> to) & 1):
                        return;
                    case FaultKind.OneWay when fault.Seat == from && (((int)fault.Amount >> to) & 1) != 0:
                        return;
                }
            }
        }

        for (var copy = 0; copy < copies; copy++)
        {
            After(delay * (copy + 1), () =>
            {
                if (!IsCut(from) && !IsCut(to))
                {
                    _messages++;
                    Peers[to].Receive(message);
                }
            });
        }
    }

    /// <summary>A seat has decided: it may be cut off from here.</summary>
    internal void HandleDecided(int seat)
    {
        if (_cuts[seat].Until > Now)
        {
            _cuts[seat].IsCut = true;
        }
    }

    /// <summary>What the seat sends from now on is lost.</summary>
    internal void Mute(int seat, TimeSpan until) => _mutedUntil[seat] = until;

    /// <summary>A correct seat is about to send something.</summary>
    internal void HandleSent(SimulatedPeer peer, ConsensusMessage message)
    {
        foreach (var trap in _traps)
        {
            trap.HandleSent(peer, message);
        }

        Replay?.HandleSent(message);
    }

    /// <summary>True while the Byzantine seats keep to a trap.</summary>
    internal bool IsTrapSet => Array.Exists(_traps, static trap => trap.IsSet);

    private bool IsCut(int seat) => _cuts[seat].IsCut && Now < _cuts[seat].Until;

    private PeerSecrets MakeSecrets(int number)
    {
        var key = SimulatedSignatures.KeyOf(_options.Seed, number);
        var seed = Sha256.HashData([.. key, 1]);
        return new PeerSecrets(PeerIds.Of(key), new SimulatedSignatures(_options.Seed, number), SmallGroup.Instance, SmallGroup.Instance.HashToScalar([.. key, 2]), seed);
    }

    /// <summary>When something happens; of what happens at one time, what was planned first.</summary>
    private readonly record struct Due(TimeSpan At, long Order) : IComparable<Due>
    {
        public int CompareTo(Due other) => At != other.At ? At.CompareTo(other.At) : Order.CompareTo(other.Order);
    }
}
