using System.Runtime.InteropServices;
using BitChat.Messages;

namespace BitChat.Peer;

/// <summary>
/// What this peer holds against others. Signed proof expels; statistics and bad messages flag and lower trust. Bounded: evidence
/// is kept for an hour and at most <see cref="MaxEvidence"/> pieces of it, the gravest longest.
/// </summary>
public sealed class AntiCheatValidator
{
    public const int MaxEvidence = 256;

    /// <summary>Peers whose trust and figures are kept.</summary>
    public const int MaxPeers = 32;

    public static readonly TimeSpan Retention = TimeSpan.FromHours(1);

    /// <summary>How far a clock may be from the median of the seats'.</summary>
    public static readonly TimeSpan ClockTolerance = TimeSpan.FromSeconds(30);

    private readonly List<HeldEvidence> _evidence = [];
    private readonly Dictionary<ValueId, PeerRecord> _peers = [];

    /// <summary>All evidence that is held.</summary>
    public IReadOnlyList<HeldEvidence> Evidence => _evidence;

    /// <summary>How far a peer is trusted, 0 to 1.</summary>
    public double TrustIn(ReadOnlySpan<byte> peer, TimeSpan now) => _peers.TryGetValue(ValueId.Of(peer), out var record) ? record.Trust.At(now) : 1;

    /// <summary>Inputs of a peer by what became of them.</summary>
    public IReadOnlyDictionary<PeerInput, long> InputsOf(ReadOnlySpan<byte> peer) => _peers.TryGetValue(ValueId.Of(peer), out var record) ? record.Inputs : new Dictionary<PeerInput, long>();

    /// <summary>Counts what became of a message, and lowers trust by what that deserves.</summary>
    public void HandleInput(ReadOnlySpan<byte> peer, PeerInput input, TimeSpan now)
    {
        var record = Of(peer);
        CollectionsMarshal.GetValueRefOrAddDefault(record.Inputs, input, out _)++;
        var penalty = PenaltyOf(input);
        if (penalty > 0)
        {
            record.Trust.Lower(penalty, now);
        }
    }

    /// <summary>Keeps evidence; false where it is held already.</summary>
    public bool Hold(HeldEvidence held) => Hold(held, static _ => true);

    /// <summary>The same, where evidence of another epoch may prove nothing any more: it is then no reason to hold no other.</summary>
    internal bool Hold(HeldEvidence held, Func<Evidence, bool> proves)
    {
        ArgumentNullException.ThrowIfNull(held);
        _evidence.RemoveAll(other => held.At - other.At > Retention);
        if (_evidence.Exists(other => other.Suspect.Span.SequenceEqual(held.Suspect.Span) && other.Kind == held.Kind && other.Severity >= held.Severity && proves(other.Evidence)))
        {
            return false;
        }

        if (_evidence.Count == MaxEvidence)
        {
            _evidence.Remove(_evidence.MinBy(other => other.Severity)!);
        }

        _evidence.Add(held);
        Of(held.Suspect.Span).Trust.Lower(held.Severity, held.At);
        return true;
    }

    /// <summary>The dice of a roll that this peer led; evidence once they are too far from fair.</summary>
    public StatisticalEvidence? HandleDice(ReadOnlySpan<byte> leader, IEnumerable<int> faces, ulong height)
    {
        ArgumentNullException.ThrowIfNull(faces);
        var record = Of(leader);
        record.FirstHeight ??= height;
        foreach (var face in faces)
        {
            record.Dice.Add(face);
        }

        return record.Dice.IsSuspicious
            ? new StatisticalEvidence { Statistic = record.Dice.Statistic, PValue = Math.Min(1, Math.Min(record.Dice.PValue, record.Dice.CheckpointPValue)), Samples = record.Dice.Samples, FirstHeight = record.FirstHeight.Value, LastHeight = height }
            : null;
    }

    /// <summary>Whether a seat's part of a roll came in time; evidence once that is rarer than its link explains.</summary>
    public StatisticalEvidence? HandleReveal(ReadOnlySpan<byte> peer, bool isLate, double loss, ulong height)
    {
        var record = Of(peer);
        record.FirstHeight ??= height;
        record.Late.Add(isLate, loss);
        return record.Late.IsSuspicious
            ? new StatisticalEvidence { Statistic = record.Late.Statistic, PValue = record.Late.PValue, Samples = record.Late.Samples, FirstHeight = record.FirstHeight.Value, LastHeight = height }
            : null;
    }

    /// <summary>What an input costs: nothing where an honest peer may cause it by being late, early or repeated.</summary>
    internal static double PenaltyOf(PeerInput input) => input switch
    {
        PeerInput.BadSignature or PeerInput.BadMessageId => 0.2,
        PeerInput.Equivocation or PeerInput.Lied => 1,
        PeerInput.Invalid or PeerInput.Malformed or PeerInput.TooLarge or PeerInput.NotProposer or PeerInput.BadReveal or PeerInput.BadEvidence => 0.1,
        PeerInput.ForeignGame or PeerInput.BadClock => 0.05,
        PeerInput.TooMany => 0.01,
        _ => 0,
    };

    private PeerRecord Of(ReadOnlySpan<byte> peer)
    {
        var id = ValueId.Of(peer);
        if (!_peers.TryGetValue(id, out var record))
        {
            if (_peers.Count == MaxPeers)
            {
                // The newest goes: seats come first, strangers later.
                _peers.Remove(_peers.Last().Key);
            }

            _peers[id] = record = new PeerRecord();
        }

        return record;
    }

    private sealed class PeerRecord
    {
        public TrustScore Trust { get; } = new();

        public Dictionary<PeerInput, long> Inputs { get; } = [];

        public DiceStatistics Dice { get; } = new(SeatSet.MaxSeats);

        public LateReveals Late { get; } = new();

        public ulong? FirstHeight { get; set; }
    }
}
