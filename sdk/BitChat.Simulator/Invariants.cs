using BitChat.Messages;
using BitChat.Peer;
using Xtmp.Protocol;

namespace BitChat.Simulator;

/// <summary>What must hold in every life, whatever goes wrong.</summary>
internal sealed class Invariants(Life life)
{
    /// <summary>Heights that were begun for something that another had decided, in a life without Byzantine seats: so many, and a third of all.</summary>
    private const ulong MaxEmpty = 20;

    /// <summary>What a correct seat may lose of another's trust by messages: more only by statistics, which loss explains.</summary>
    private const double MaxPenalty = 0.35;

    private const string Fork = "two values decided at height";

    private readonly Dictionary<ulong, List<(ValueId Id, DecidedValue Decided, TableState State)>> _decided = [];
    private readonly Dictionary<(int Seat, ulong Epoch, ulong Height, uint Round, int Kind), ValueId?> _signed = [];
    private readonly HashSet<ulong> _closed = [];
    private readonly HashSet<(string Player, string Id)> _bets = [];
    private readonly HashSet<ValueId> _expelled = [];
    private readonly HashSet<string> _admitted = [];
    private ((ulong Roll, DateTimeOffset? Moved) Of, TimeSpan At) _roll;
    private readonly SimulatedSignatures _verifier = new(life.Options.Seed, 0);

    /// <summary>What was broken first, or null.</summary>
    public string? Violation { get; private set; }

    public ulong Heights => _decided.Count == 0 ? 0 : _decided.Keys.Max();

    public ulong Rolls { get; private set; }

    public ulong Epochs { get; private set; } = 1;

    public int Expelled => _expelled.Count;

    public int Snapshots { get; private set; }

    public int Lies { get; private set; }

    public ulong Empty { get; private set; }

    public IReadOnlyList<int> Culprits { get; private set; } = [];

    /// <summary>A correct seat holds both certificates of a fork.</summary>
    public bool SeesFork { get; private set; }

    /// <summary>What is broken first counts. That a table beyond its bounds forks is no surprise: anything else would be.</summary>
    public void Break(string what) => Violation = Violation is null || (life.IsBeyond && Violation.StartsWith(Fork, StringComparison.Ordinal)) ? what : Violation;

    /// <summary>No seat signs two values for one height, round and kind, across crashes; nothing of a roll leaves before bets are final.</summary>
    public void HandleSent(SimulatedPeer peer, ConsensusMessage message)
    {
        if (!message.Sender.Span.SequenceEqual(peer.Id.Span))
        {
            return;
        }

        switch (message.Payload)
        {
            case ConsensusPayload.VoteArm { Value: var vote }:
                Signed(peer, vote.Epoch, vote.Height, vote.Round, (int)vote.Kind, ValueId.Of(vote.ValueId));
                break;
            case ConsensusPayload.ProposalArm { Value: var proposal }:
                Signed(peer, proposal.Epoch, proposal.Height, proposal.Round, 0, ValueId.Of(proposal.Value));
                break;
            case ConsensusPayload.RandomnessRevealArm { Value: var reveal }:
                if (!_closed.Contains(reveal.Roll))
                {
                    Break($"seat {peer.Number} told its part of roll {reveal.Roll} before bets were final");
                }

                break;
        }
    }

    public void HandleDecided(SimulatedPeer peer, DecidedValue decided, TableState state)
    {
        var height = decided.Value.Height;
        life.Log($"{peer.Number} decides {height} {Convert.ToHexString(decided.Certificate.ValueId.Span[..8])}");
        if (peer.IsByzantine)
        {
            return;
        }

        var all = DecidedAt(height);
        foreach (var known in all)
        {
            if (ReferenceEquals(known.Decided.Value, decided.Value) || known.Id == ValueId.Of(decided.Value))
            {
                if (!known.State.Root.AsSpan().SequenceEqual(state.Root))
                {
                    Break($"two states after height {height}");
                }

                return;
            }
        }

        if (all.Count > 0)
        {
            var (first, second) = (all[0].Decided.Certificate.Round, decided.Certificate.Round);
            Break($"{Fork} {height} in {(first == second ? $"round {first}" : $"rounds {first} and {second}")}");
            if (!life.IsBeyond)
            {
                return;
            }
        }

        // Each side of a fork goes on from its own state.
        var before = height == 1 ? life.Genesis : DecidedAt(height - 1).FirstOrDefault(previous => decided.Value.PreviousStateRoot.Span.SequenceEqual(previous.State.Root)).State;
        if (before is null)
        {
            Break($"height {height} was decided on a state that nobody decided");
            return;
        }

        if (before.Seats is null || !Certificates.Verify(before.Seats, _verifier, decided))
        {
            Break($"the certificate of height {height} proves nothing");
        }

        var rules = new TableRules(_verifier, SmallGroup.Instance, new ProofCache());
        if (rules.Apply(before, decided.Value, out var fault) is not { } replayed || !replayed.Root.AsSpan().SequenceEqual(state.Root))
        {
            Break($"height {height} does not follow from the rules: {fault}");
            return;
        }

        _decided[height] = [.. all, (ValueId.Of(decided.Value), decided, state)];
        Epochs = Math.Max(Epochs, state.Snapshot.Epoch);
        if (state.Game.AwaitsRoll)
        {
            _closed.Add(state.Game.Roll);
        }

        Conserved(before, state, height);
        foreach (var operation in decided.Value.Operations)
        {
            switch (EncodedOperation.Parse<TableOperation>(operation.Body.Span))
            {
                case TableOperation.RollArm { Value: var outcome }:
                    Rolls++;
                    Outcomes.Check(life, before, outcome);
                    break;
                case TableOperation.AbortArm { Value: var abort }:
                    // Drift of a clock and the way to a quorum take less than the tenth.
                    if (!life.IsBeyond && life.Now - _roll.At < TableRules.RollPatience / 2 * 0.9)
                    {
                        Break($"roll {abort.Roll} was ended {(life.Now - _roll.At).TotalSeconds:0.0} s after it last moved");
                    }

                    break;
                case TableOperation.AdmitArm { Value.Request: var request }:
                    if (!_admitted.Add(Convert.ToHexString([.. request.Player.Span, .. request.Nonce.Span])) && !life.IsBeyond)
                    {
                        Break($"a request to join was granted a second time at height {height}");
                    }

                    break;
                case TableOperation.ExpelArm { Value: var expulsion }:
                    _expelled.Add(ValueId.Of(expulsion.Accused.Span));
                    if (life.Peers.FirstOrDefault(other => other.Id.Span.SequenceEqual(expulsion.Accused.Span)) is { IsByzantine: false } innocent)
                    {
                        Break($"seat {innocent.Number} was expelled and is correct");
                    }

                    break;
            }
        }

        if (_roll.Of != (state.Game.Roll, state.Snapshot.RollMovedAt))
        {
            _roll = ((state.Game.Roll, state.Snapshot.RollMovedAt), life.Now);
        }

        if (TableState.Parse(state.GameId, height, SimulatedPeer.ReadBack(state.Encoded))?.Root.AsSpan().SequenceEqual(state.Root) != true)
        {
            Break($"no restart reads the state of height {height}");
        }

        // Of Byzantine seats any may begin a height; and in other lives players ask for bets that cannot be.
        Empty += decided.Value.Operations.Count == 0 ? 1UL : 0;
        if (life is { Options.Faults: 0, Replay: not null } && Empty > MaxEmpty + (height / 3))
        {
            Break($"{Empty} heights without an operation, up to height {height}");
        }

        // Otherwise a life promises what no table can hold, and its verdict says nothing about the engine.
        Invariant.Check(Violation is not null || life.IsBeyond || state.Seats is not { } left || life.Peers.Count(other => other.IsByzantine && left.Find(other.Id.Span) is not null) <= left.MaxFaults);
    }

    public void HandleCaughtUp(SimulatedPeer peer, TableState state)
    {
        life.Log($"{peer.Number} catches up to {state.Height}");
        Snapshots++;
        if (!peer.IsByzantine && !DecidedAt(state.Height).Any(known => known.State.Root.AsSpan().SequenceEqual(state.Root)))
        {
            Break($"seat {peer.Number} took a state for height {state.Height} that was not decided");
        }
    }

    public void HandleSuspected(SimulatedPeer peer, HeldEvidence held)
    {
        // Who stands on one side of a fork cannot tell the other side's values from lies. Proof is another matter.
        var bar = life.IsBeyond ? 1 : 0.9;
        life.Log($"{peer.Number} suspects {Convert.ToHexString(held.Suspect.Span[..4])} {held.Kind} {held.Severity}");
        Lies += held.Evidence is Evidence.BadEnvelopeArm ? 1 : 0;
        if (!peer.IsByzantine && held.Severity >= bar && life.Peers.FirstOrDefault(other => other.Id.Span.SequenceEqual(held.Suspect.Span)) is { IsByzantine: false } innocent)
        {
            Break($"seat {peer.Number} holds evidence ({held.Kind}) against seat {innocent.Number}, which is correct");
        }
    }

    public void HandleForked(SimulatedPeer peer, IReadOnlyList<Seat> culprits)
    {
        if (peer.IsByzantine)
        {
            return;
        }

        life.Log($"{peer.Number} sees a fork");
        SeesFork = true;
        foreach (var culprit in culprits)
        {
            var blamed = life.Peers.First(other => other.Id.Span.SequenceEqual(culprit.Peer.Span));
            Culprits = [.. Culprits.Append(blamed.Number).Distinct().Order()];
            if (!blamed.IsByzantine)
            {
                Violation = $"seat {peer.Number} blames seat {blamed.Number} for a fork, which is correct";
            }
        }
    }

    /// <summary>Some time after healing every correct seat has decided something that was not decided before.</summary>
    public void CheckProgress(IReadOnlyDictionary<SimulatedPeer, ulong> heights)
    {
        if (life.IsBeyond || _decided.Count == 0 || _decided[Heights][0].State.Snapshot.Closed)
        {
            if (_decided.Count == 0 && !life.IsBeyond)
            {
                Break("nothing was ever decided");
            }

            return;
        }

        if (Slowest() is { } peer && peer.Height <= heights.Values.Max())
        {
            Break($"no progress after healing: seat {peer.Number} stands at height {peer.Height}; the highest at healing was {heights.Values.Max()}");
        }
    }

    /// <summary>The correct seat that has decided least.</summary>
    public SimulatedPeer? Slowest() =>
        _decided.Count > 0 && _decided[Heights][0].State.Seats is { } seats ? life.Peers.Where(peer => !peer.IsByzantine && seats.Find(peer.Id.Span) is not null).MinBy(peer => peer.Height) : null;

    /// <summary>Memory is bounded. That a replay gives the same is checked height by height.</summary>
    public void CheckEnd()
    {
        if (Violation is not null)
        {
            return;
        }

        foreach (var peer in life.Peers.Where(peer => !peer.IsByzantine))
        {
            if (peer.Peer.Log.Decided.Count > TableLog.MaxDecided || peer.Peer.Log.Epochs.Count > TableLog.MaxEpochs || peer.Peer.AntiCheat.Evidence.Count > AntiCheatValidator.MaxEvidence)
            {
                Break($"seat {peer.Number} keeps more than its bounds");
            }

            foreach (var other in life.Peers.Where(other => !other.IsByzantine))
            {
                var bad = peer.Peer.AntiCheat.InputsOf(other.Id.Span).Where(static input => AntiCheatValidator.PenaltyOf(input.Key) > 0).OrderBy(static input => input.Key).ToArray();
                if (!life.IsBeyond && bad.Sum(static input => AntiCheatValidator.PenaltyOf(input.Key) * input.Value) > MaxPenalty)
                {
                    Break($"seat {peer.Number} holds against seat {other.Number}, which is correct: {string.Join(", ", bad)}");
                }

            }
        }
    }

    private List<(ValueId Id, DecidedValue Decided, TableState State)> DecidedAt(ulong height) => _decided.GetValueOrDefault(height) ?? [];

    private void Signed(SimulatedPeer peer, ulong epoch, ulong height, uint round, int kind, ValueId? id)
    {
        if (!_signed.TryAdd((peer.Number, epoch, height, round, kind), id) && _signed[(peer.Number, epoch, height, round, kind)] != id)
        {
            Break($"seat {peer.Number} signed two values at height {height}, round {round}, kind {kind}");
        }
    }

    private void Conserved(TableState before, TableState state, ulong height)
    {
        var table = (CrapsTable)state.Game;
        var paid = state.Snapshot.PaidOut.Aggregate(UInt128.Zero, (sum, player) => sum + player.Chips);
        if (table.TotalChips + paid != state.Snapshot.BroughtIn)
        {
            Break($"chips are not conserved at height {height}");
        }

        // A bet that is gone was settled, and never comes back. On both sides of a fork it may.
        foreach (var bet in table.Bets)
        {
            if (!((CrapsTable)before.Game).Bets.Any(other => (other.Player, other.Id) == (bet.Player, bet.Id)) && !_bets.Add((bet.Player, bet.Id)) && !life.IsBeyond)
            {
                Break($"a bet is placed a second time at height {height}");
            }
        }

        if (table.Bets.Select(bet => (bet.Player, bet.Id)).Distinct().Count() != table.Bets.Count)
        {
            Break($"a bet lies on the table twice at height {height}");
        }
    }
}
