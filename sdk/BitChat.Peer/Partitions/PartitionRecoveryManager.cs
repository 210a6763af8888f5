using BitChat.Messages;

namespace BitChat.Peer;

/// <summary>
/// Who can be reached, and what to do about it. Nothing here undoes what was decided: MajorityRule means that a quorum goes on
/// and the undecided proposals of the others lapse; SplitBrainResolution that undecided rounds are compared, which agreement
/// itself settles by the latest proof of lock; EmergencyRollback that this seat's own waiting operations are dropped. Fewer seats
/// than a quorum pause, whatever they are of the whole: 4 of 6 too.
/// </summary>
public sealed class PartitionRecoveryManager
{
    /// <summary>A seat that is silent for so long counts as out of reach.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(15);

    /// <summary>How long a seat below a quorum waits before it looks for others by itself.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>After so long below a quorum this seat's waiting operations are dropped.</summary>
    public static readonly TimeSpan Emergency = TimeSpan.FromMinutes(5);

    private readonly Dictionary<ValueId, Heard> _heard = [];
    private TimeSpan? _belowSince;

    /// <summary>True while fewer than a quorum are within reach.</summary>
    public bool IsPaused { get; private set; }

    /// <summary>What this peer does at the moment; null while all seats are within reach and level.</summary>
    public RecoveryStrategy? Strategy { get; private set; }

    /// <summary>A sign of life.</summary>
    public void HandleHeard(ReadOnlySpan<byte> peer, TimeSpan now) => Of(peer).At = now;

    /// <summary>How a peer sees the network. Believed only for what it says of itself and as a hint where relays may be.</summary>
    public void HandleView(ReadOnlySpan<byte> peer, NetworkView view, TimeSpan now)
    {
        var heard = Of(peer);
        heard.At = now;
        heard.View = view;
    }

    /// <summary>The number of a <see cref="Have"/> of a peer, which rises by one: what is missing was lost on the way.</summary>
    public void HandleNumber(ReadOnlySpan<byte> peer, uint number)
    {
        var heard = Of(peer);
        if (heard.Number is { } last && number > last && number - last < 64)
        {
            for (var lost = last + 1; lost < number; lost++)
            {
                heard.Loss += (1 - heard.Loss) / 16;
            }

            heard.Loss -= heard.Loss / 16;
        }

        heard.Number = number;
    }

    /// <summary>Share of messages lost from a peer, measured over about the last 16.</summary>
    public double LossOf(ReadOnlySpan<byte> peer) => _heard.TryGetValue(ValueId.Of(peer), out var heard) ? heard.Loss : 0;

    /// <summary>The peer's own word of its height; 0 where it never said.</summary>
    public ulong HeightOf(ReadOnlySpan<byte> peer) => _heard.TryGetValue(ValueId.Of(peer), out var heard) ? heard.View?.Height ?? 0 : 0;

    /// <summary>True where the peer was heard of late.</summary>
    public bool IsReachable(ReadOnlySpan<byte> peer, TimeSpan now) => _heard.TryGetValue(ValueId.Of(peer), out var heard) && heard.At is { } at && now - at <= Silence;

    /// <summary>Seats within reach: heard of late, or heard by one that is.</summary>
    public IReadOnlyList<Seat> Reachable(SeatSet seats, int self, TimeSpan now)
    {
        ArgumentNullException.ThrowIfNull(seats);
        var near = seats.Seats.Where(seat => seat.Number == self || IsReachable(seat.Peer.Span, now)).ToArray();
        var relayed = near.Where(seat => seat.Number != self)
            .SelectMany(seat => _heard[ValueId.Of(seat.Peer.Span)].View?.Peers ?? [])
            .Where(view => view.LastHeard <= Silence)
            .Select(view => ValueId.Of(view.Peer.Span))
            .ToHashSet();
        return [.. seats.Seats.Where(seat => near.Contains(seat) || relayed.Contains(ValueId.Of(seat.Peer.Span)))];
    }

    /// <summary>Assesses the situation. The strategy where it changed, else null.</summary>
    /// <param name="seats">The seats.</param>
    /// <param name="self">This one.</param>
    /// <param name="height">Its decided height.</param>
    /// <param name="now">Now.</param>
    public RecoveryStrategy? Assess(SeatSet seats, int self, ulong height, TimeSpan now)
    {
        ArgumentNullException.ThrowIfNull(seats);

        // At the start nobody has been heard of yet; silence counts from there.
        foreach (var seat in seats.Seats)
        {
            Of(seat.Peer.Span).At ??= now;
        }

        foreach (var gone in _heard.Keys.Where(key => !seats.Seats.Any(seat => ValueId.Of(seat.Peer.Span) == key)).ToArray())
        {
            _heard.Remove(gone);
        }

        var count = Reachable(seats, self, now).Count;
        var wasPaused = IsPaused;
        IsPaused = count < seats.Quorum;
        _belowSince = IsPaused ? _belowSince ?? now : null;
        var isBehind = seats.Seats.Any(seat => seat.Number != self && IsReachable(seat.Peer.Span, now) && HeightOf(seat.Peer.Span) > height);
        RecoveryStrategy? next = IsPaused
            ? now - _belowSince >= Emergency ? RecoveryStrategy.EmergencyRollback
                : now - _belowSince >= Patience ? RecoveryStrategy.ActiveReconnection
                : RecoveryStrategy.WaitForHeal
            : isBehind ? RecoveryStrategy.CertifiedCatchUp
            : wasPaused ? RecoveryStrategy.SplitBrainResolution
            : count < seats.Count ? RecoveryStrategy.MajorityRule
            : null;
        var changed = next != Strategy;
        Strategy = next;
        return changed ? next : null;
    }

    /// <summary>This peer's own view.</summary>
    public NetworkView View(SeatSet seats, int self, ulong height, uint round, ReadOnlyMemory<byte> stateRoot, TimeSpan now)
    {
        ArgumentNullException.ThrowIfNull(seats);
        return new NetworkView
        {
            Peers = [.. seats.Seats.Where(seat => seat.Number != self && IsReachable(seat.Peer.Span, now)).Select(seat =>
            {
                var heard = _heard[ValueId.Of(seat.Peer.Span)];
                return new PeerView { Peer = seat.Peer, LastHeard = now - heard.At!.Value, PacketLoss = (float)heard.Loss, Hops = 0, Height = heard.View?.Height ?? 0 };
            })],
            Height = height,
            Round = round,
            StateRoot = stateRoot,
            Missing = [],
        };
    }

    private Heard Of(ReadOnlySpan<byte> peer)
    {
        var id = ValueId.Of(peer);
        if (!_heard.TryGetValue(id, out var heard))
        {
            _heard[id] = heard = new Heard();
        }

        return heard;
    }

    private sealed class Heard
    {
        public TimeSpan? At { get; set; }

        public NetworkView? View { get; set; }

        public uint? Number { get; set; }

        public double Loss { get; set; }
    }
}
