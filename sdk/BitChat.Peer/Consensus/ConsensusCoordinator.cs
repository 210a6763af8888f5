using BitChat.Messages;
using Xtmp.Protocol;

namespace BitChat.Peer;

/// <summary>
/// One seat's part in deciding one value after another (Tendermint, arXiv 1807.04938; line numbers below are of its
/// algorithm 1). Not safe for concurrent use.
/// <para>Drain rule: after any Handle… or Start… call, take effects with <see cref="PollEffect"/> until it returns null, and
/// carry each out before the next.</para>
/// </summary>
public sealed partial class ConsensusCoordinator
{
    /// <summary>Quorums of prevotes that a decided value carries at most.</summary>
    private const int MaxPrevotes = 8;

    private readonly SeatSet _seats;
    private readonly int _self;
    private readonly ISeatSignatures _signatures;
    private readonly ConsensusMessages _messages;
    private readonly IValueRules _values;
    private readonly ConsensusLimits _limits;
    private readonly ConsensusRules _rules;
    private readonly Queue<ConsensusEffect> _effects = new();
    private readonly Dictionary<uint, (Proposal Proposal, ValueId Id)> _proposals = [];
    private readonly Dictionary<ValueId, bool> _validity = [];
    private readonly Dictionary<(uint Round, VoteKind? Kind), SignedIntent> _intents = [];
    private readonly HashSet<(uint Round, ConsensusTimeoutKind Kind)> _scheduled = [];
    private readonly uint[] _farAhead;
    private VoteKeeper _votes;
    private (ProposedValue Value, ValueId Id, uint Round)? _locked;
    private (ProposedValue Value, ValueId Id, uint Round)? _valid;
    private uint? _lockedOtherwise;
    private Step _step = Step.Decided;

    /// <param name="seats">The table.</param>
    /// <param name="self">This seat's number.</param>
    /// <param name="signatures">Signs for this seat.</param>
    /// <param name="values">What may be decided.</param>
    /// <param name="limits">Bounds; null: the defaults.</param>
    public ConsensusCoordinator(SeatSet seats, int self, ISeatSignatures signatures, IValueRules values, ConsensusLimits? limits = null)
        : this(seats, self, signatures, values, limits ?? new ConsensusLimits(), ConsensusRules.Sound)
    {
    }

    internal ConsensusCoordinator(SeatSet seats, int self, ISeatSignatures signatures, IValueRules values, ConsensusLimits limits, ConsensusRules rules)
    {
        ArgumentNullException.ThrowIfNull(seats);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)self, (uint)seats.Count);
        _seats = seats;
        _self = self;
        _signatures = signatures;
        _messages = new ConsensusMessages(seats, signatures);
        _values = values;
        _limits = limits;
        _rules = rules;
        _farAhead = new uint[seats.Count];
        _votes = new VoteKeeper(seats, rules);
    }

    private enum Step : byte
    {
        Propose,
        Prevote,
        Precommit,
        Decided,
    }

    /// <summary>The height being decided, or decided last.</summary>
    public ulong Height { get; private set; }

    public uint Round { get; private set; }

    private int Quorum => _rules.Quorum(_seats);

    /// <summary>The next thing to do, or null.</summary>
    public ConsensusEffect? PollEffect() => _effects.TryDequeue(out var effect) ? effect : null;

    /// <summary>Begins a height.</summary>
    /// <param name="height">One above the height decided last, or any height after a restart.</param>
    /// <param name="intents">After a restart: what this seat had made durable for this height.</param>
    public void StartHeight(ulong height, IEnumerable<SignedIntent>? intents = null)
    {
        Height = height;
        _votes = new VoteKeeper(_seats, _rules);
        _proposals.Clear();
        _validity.Clear();
        _intents.Clear();
        _scheduled.Clear();
        Array.Clear(_farAhead);
        _locked = _valid = null;
        _lockedOtherwise = null;
        var round = 0u;
        foreach (var intent in (intents ?? []).OrderBy(intent => intent.Round))
        {
            if (intent.Height != height)
            {
                continue;
            }

            _intents[(intent.Round, intent.Kind)] = intent;
            round = Math.Max(round, intent.Round);
            if (intent.Proof is { } proof)
            {
                _votes.Add(proof);
            }

            if (_rules.RestoresLock && intent is { Kind: VoteKind.Precommit, Value: { } value })
            {
                _valid = (value, ValueId.Of(value), intent.Round);
                LockOn(_valid.Value);
            }
        }

        // What was durable may have been sent: it is signed again, the same.
        foreach (var intent in _intents.Values.OrderBy(intent => intent.Round).ThenBy(intent => intent.Kind ?? 0).ToArray())
        {
            Sign(intent);
        }

        StartRound(round);
        Evaluate();
    }

    /// <summary>An intent is durable: it is signed and sent.</summary>
    public void HandlePersisted(SignedIntent intent)
    {
        ArgumentNullException.ThrowIfNull(intent);
        if (intent.Height == Height && _step != Step.Decided && _intents.TryGetValue((intent.Round, intent.Kind), out var meant) && ReferenceEquals(meant, intent))
        {
            Sign(intent);
            Evaluate();
        }
    }

    public ConsensusInput HandleProposal(int seat, Proposal proposal)
    {
        ArgumentNullException.ThrowIfNull(proposal);
        if (!_seats.Contains(seat) || proposal.Epoch != _seats.Epoch)
        {
            return ConsensusInput.Foreign;
        }

        if (Check(proposal.Height, proposal.Round) is { } refused)
        {
            return refused;
        }

        if (_rules.ChecksProposer && _seats.Proposer(proposal.Height, proposal.Round) != seat)
        {
            return ConsensusInput.NotProposer;
        }

        var id = ValueId.Of(proposal.Value);
        if (proposal.Value.Height != proposal.Height || proposal.ProofOfLockRound >= proposal.Round)
        {
            return ConsensusInput.Invalid;
        }

        var isKnown = _proposals.TryGetValue(proposal.Round, out var known);
        if (isKnown && known.Proposal.ProofOfLockRound == proposal.ProofOfLockRound && known.Id == id)
        {
            return ConsensusInput.Duplicate;
        }

        if (_rules.VerifiesSignatures && !_messages.Verify(seat, proposal, id))
        {
            return ConsensusInput.BadSignature;
        }

        if (isKnown)
        {
            _effects.Enqueue(new ConsensusEffect.Accuse(seat, new DoubleProposal { First = ConsensusMessages.HeaderOf(known.Proposal, known.Id), Second = ConsensusMessages.HeaderOf(proposal, id) }));
            return ConsensusInput.Equivocation;
        }

        _proposals[proposal.Round] = (proposal, id);
        Evaluate();
        return ConsensusInput.Taken;
    }

    public ConsensusInput HandleVote(int seat, Vote vote)
    {
        ArgumentNullException.ThrowIfNull(vote);
        if (!_seats.Contains(seat) || vote.Epoch != _seats.Epoch || vote.Kind is not (VoteKind.Prevote or VoteKind.Precommit))
        {
            return ConsensusInput.Foreign;
        }

        if (vote.ProofOfLockRound is { } proofOfLockRound && (vote.Kind != VoteKind.Prevote || vote.ValueId is null || proofOfLockRound >= vote.Round))
        {
            return ConsensusInput.Invalid;
        }

        var refused = Check(vote.Height, vote.Round);
        if (refused is not null && refused != ConsensusInput.RoundAhead)
        {
            return refused.Value;
        }

        if (refused is null && _rules.CountsSeatsOnce && _votes.VoteOf(vote.Round, vote.Kind, seat) is { } known && ValueId.Of(known.ValueId) == ValueId.Of(vote.ValueId) && known.ProofOfLockRound == vote.ProofOfLockRound)
        {
            return ConsensusInput.Duplicate;
        }

        if (_rules.VerifiesSignatures && !_messages.Verify(seat, vote))
        {
            return ConsensusInput.BadSignature;
        }

        if (refused is not null)
        {
            return FollowAhead(seat, vote.Round);
        }

        vote = ConsensusMessages.Plain(vote);
        var input = _votes.Add(seat, vote, out var earlier);
        if (input == ConsensusInput.Equivocation)
        {
            _effects.Enqueue(new ConsensusEffect.Accuse(seat, new DoubleVote { First = ConsensusMessages.EvidenceOf(earlier!), Second = ConsensusMessages.EvidenceOf(vote) }));
            Evaluate();
        }
        else if (input == ConsensusInput.Taken || !_rules.CountsSeatsOnce)
        {
            if (_votes.BrokenBy(seat, vote) is { } broken)
            {
                _effects.Enqueue(new ConsensusEffect.Accuse(seat, broken));
            }

            Evaluate();
        }

        return input;
    }

    /// <summary>A quorum of prevotes, from whoever is locked by it.</summary>
    public ConsensusInput HandleLockProof(LockProof proof)
    {
        ArgumentNullException.ThrowIfNull(proof);
        if (proof.Epoch != _seats.Epoch)
        {
            return ConsensusInput.Foreign;
        }

        if (Check(proof.Height, proof.Round) is { } refused && !(refused == ConsensusInput.RoundOutOfReach && IsReferredTo(proof.Round)))
        {
            return refused;
        }

        if (_votes.LockOf(proof.Round) is not null)
        {
            return ConsensusInput.Duplicate;
        }

        if (_rules.VerifiesCertificates && !Certificates.Verify(_seats, _signatures, proof, _rules))
        {
            return ConsensusInput.Invalid;
        }

        _votes.Add(proof);
        Evaluate();
        return ConsensusInput.Taken;
    }

    /// <summary>A decided value with its proof, from a seat that is ahead.</summary>
    public ConsensusInput HandleDecided(DecidedValue decided)
    {
        ArgumentNullException.ThrowIfNull(decided);
        if (decided.Value.Height != Height || _step == Step.Decided)
        {
            return decided.Value.Height > Height ? ConsensusInput.FutureHeight : ConsensusInput.PastHeight;
        }

        if (_rules.VerifiesCertificates && !Certificates.Verify(_seats, _signatures, decided, _rules))
        {
            return ConsensusInput.Invalid;
        }

        Decide(decided);
        return ConsensusInput.Taken;
    }

    public void HandleTimeout(ConsensusTimeout timeout)
    {
        if (timeout.Height != Height || _step == Step.Decided)
        {
            return;
        }

        switch (timeout.Kind)
        {
            case ConsensusTimeoutKind.Propose when timeout.Round == Round && _step == Step.Propose:
                // Line 57.
                CastVote(VoteKind.Prevote, null);
                _step = Step.Prevote;
                break;
            case ConsensusTimeoutKind.Prevote when timeout.Round == Round && _step == Step.Prevote:
                // Line 61.
                CastVote(VoteKind.Precommit, null);
                _step = Step.Precommit;
                break;
            case ConsensusTimeoutKind.Precommit when timeout.Round == Round:
                // Line 65.
                StartRound(Round + 1);
                break;
        }

        Evaluate();
    }

    /// <summary>A proposal within reach may rest on a lock that is not: its seat was away for many rounds, and lets go of it for nothing less.</summary>
    private bool IsReferredTo(uint round) => _proposals.Values.Any(known => known.Proposal.ProofOfLockRound == round);

    /// <summary>Null where a message of that height and round is to be looked at.</summary>
    private ConsensusInput? Check(ulong height, uint round) =>
        height < Height || (height == Height && _step == Step.Decided) ? ConsensusInput.PastHeight
        : height > Height ? ConsensusInput.FutureHeight
        : round > Round + _limits.MaxRoundsAhead ? ConsensusInput.RoundAhead
        : round + _limits.MaxRoundsBehind < Round ? ConsensusInput.RoundOutOfReach
        : null;

    /// <summary>
    /// Of rounds beyond reach only the latest of each seat is kept, and followed once more seats than may be Byzantine are
    /// there: otherwise a seat that was away for long would refuse the very votes that could bring it back.
    /// </summary>
    private ConsensusInput FollowAhead(int seat, uint round)
    {
        _farAhead[seat] = Math.Max(_farAhead[seat], round);
        var reached = _farAhead.OrderDescending().ElementAt(_seats.MaxFaults);
        if (reached > Round)
        {
            StartRound(reached);
            Evaluate();
        }

        return ConsensusInput.RoundAhead;
    }

    // Line 11.
    private void StartRound(uint round)
    {
        Round = round;
        _step = Step.Propose;
        if (round > _limits.MaxRoundsBehind)
        {
            var below = round - _limits.MaxRoundsBehind;
            foreach (var old in _proposals.Keys.Where(key => key < below).ToArray())
            {
                _proposals.Remove(old);
            }

            _votes.Forget(below, keep: old => old == _locked?.Round || old == _valid?.Round || IsReferredTo(old));
        }

        if (!_rules.KeepsLock)
        {
            _locked = null;
            _lockedOtherwise = null;
        }

        // What this seat never voted in the round it leaves it never will: a vote against all lets those that are still there go
        // on. What brought it here may have been told to it alone, and a restart forgets what others said.
        foreach (var kind in (ReadOnlySpan<VoteKind>)(round == 0 ? [] : [VoteKind.Prevote, VoteKind.Precommit]))
        {
            if (!_intents.ContainsKey((round - 1, kind)))
            {
                Intend(new SignedIntent(Height, round - 1, kind, null));
            }
        }

        if (_seats.Proposer(Height, round) == _self && !_intents.ContainsKey((round, null)))
        {
            var value = _valid?.Value ?? _values.Propose(Height);
            Intend(new SignedIntent(Height, round, null, (_valid?.Id ?? ValueId.Of(value)).ToArray(), value, _valid?.Round));
        }

        Schedule(ConsensusTimeoutKind.Propose);
    }

    private void Schedule(ConsensusTimeoutKind kind)
    {
        if (_scheduled.Add((Round, kind)))
        {
            _effects.Enqueue(new ConsensusEffect.ScheduleTimeout(new(kind, Height, Round), _limits.Timeout(Round)));
        }
    }

    /// <summary>Applies the rules until none applies any more.</summary>
    private void Evaluate()
    {
        while (_step != Step.Decided && (TryDecide() || TrySkip() || TryPrevote() || TryPrecommit()))
        {
        }

        if (_step == Step.Prevote && _votes.CountAll(Round, VoteKind.Prevote) >= Quorum)
        {
            // Line 34.
            Schedule(ConsensusTimeoutKind.Prevote);
        }

        if (_step != Step.Decided && _votes.CountAll(Round, VoteKind.Precommit) >= Quorum)
        {
            // Line 47.
            Schedule(ConsensusTimeoutKind.Precommit);
        }
    }

    // Line 49.
    private bool TryDecide()
    {
        foreach (var (round, (proposal, id)) in _proposals)
        {
            if (_votes.Count(round, VoteKind.Precommit, id) >= Quorum && IsValid(proposal.Value, id))
            {
                Decide(new DecidedValue
                {
                    Value = proposal.Value,
                    Certificate = new CommitCertificate
                    {
                        Epoch = _seats.Epoch,
                        Height = Height,
                        Round = round,
                        ValueId = id.ToArray(),
                        Signatures = [.. _votes.Of(round, VoteKind.Precommit, id).Take(Quorum).Select(vote => new SeatSignature { Seat = (byte)vote.Seat, Signature = vote.Vote.VoteSignature, PostQuantum = vote.Vote.PostQuantumSignature })],
                    },
                    Prevotes = PrevotesBehind(round, id),
                });
                return true;
            }
        }

        return false;
    }

    // Line 55.
    private bool TrySkip()
    {
        if (_votes.RoundAhead(Round) is not { } ahead)
        {
            return false;
        }

        StartRound(ahead);
        return true;
    }

    // Lines 22 and 28.
    private bool TryPrevote()
    {
        if (_step != Step.Propose || !_proposals.TryGetValue(Round, out var proposal))
        {
            return false;
        }

        var id = proposal.Id;
        var proofRound = proposal.Proposal.ProofOfLockRound;
        if (proofRound is { } lockRound && _rules.ChecksProofOfLock && !_votes.HasLock(lockRound, id))
        {
            return false;
        }

        // Stricter than lines 22 and 28, which ask for no proof where the value is the one that the seat is locked on: it may have
        // precommitted another before. What a seat prevotes against a precommit of its own then always names a proof of that round
        // or a later one, and who broke a lock can be told from who followed a proof.
        var precommitted = _locked?.Id == id ? _lockedOtherwise : _locked?.Round;
        var accepts = proofRound is null
            ? precommitted is null && _values.IsWelcome(proposal.Proposal.Value)
            : precommitted is null || precommitted <= proofRound || !_rules.ChecksProofOfLock;
        CastVote(VoteKind.Prevote, accepts && IsValid(proposal.Proposal.Value, id) ? (proposal.Proposal.Value, id) : null, proofRound);
        _step = Step.Prevote;
        return true;
    }

    // Lines 36 and 44.
    private bool TryPrecommit()
    {
        if (_step is not (Step.Prevote or Step.Precommit))
        {
            return false;
        }

        if (_proposals.TryGetValue(Round, out var proposal) && _valid?.Round != Round)
        {
            var id = proposal.Id;
            if ((_votes.HasLock(Round, id) || !_rules.NeedsPrevotes) && IsValid(proposal.Proposal.Value, id))
            {
                _valid = (proposal.Proposal.Value, id, Round);
                if (_step == Step.Prevote)
                {
                    LockOn(_valid.Value);
                    CastVote(VoteKind.Precommit, (proposal.Proposal.Value, id));
                    _step = Step.Precommit;
                }

                return true;
            }
        }

        if (_step == Step.Prevote && _votes.Count(Round, VoteKind.Prevote, null) >= Quorum)
        {
            CastVote(VoteKind.Precommit, null);
            _step = Step.Precommit;
            return true;
        }

        return false;
    }

    private void LockOn((ProposedValue Value, ValueId Id, uint Round) lockedOn)
    {
        if (_locked is { } known && known.Id != lockedOn.Id)
        {
            _lockedOtherwise = known.Round;
        }

        _locked = lockedOn;
    }

    /// <summary>The quorums of prevotes that led to a value, the latest first, as far as this seat holds them.</summary>
    private ValueList<LockProof>? PrevotesBehind(uint round, ValueId id)
    {
        List<LockProof>? proofs = null;
        for (uint? at = round; at is { } number && proofs?.Count is not MaxPrevotes && _votes.LockOf(number, id) is { } proof; at = proof.ProofOfLockRound)
        {
            (proofs ??= []).Add(proof);
        }

        return proofs is null ? default(ValueList<LockProof>?) : proofs;
    }

    private bool IsValid(ProposedValue value, ValueId id)
    {
        if (!_rules.ChecksValues)
        {
            return true;
        }

        if (!_validity.TryGetValue(id, out var isValid))
        {
            if (_validity.Count > 4 * SeatSet.MaxSeats)
            {
                _validity.Clear();
            }

            _validity[id] = isValid = _values.IsValid(value);
        }

        return isValid;
    }

    private void CastVote(VoteKind kind, (ProposedValue Value, ValueId Id)? choice, uint? proofRound = null)
    {
        // What a restart brought back stands, whatever this seat would say now.
        if (!_intents.ContainsKey((Round, kind)))
        {
            var locks = kind == VoteKind.Precommit && choice is not null;
            Intend(new SignedIntent(Height, Round, kind, choice is { } chosen ? chosen.Id.ToArray() : default(ReadOnlyMemory<byte>?), locks ? choice!.Value.Value : null, choice is null ? null : proofRound, locks ? _votes.LockOf(Round) : null));
        }
    }

    private void Intend(SignedIntent intent)
    {
        _intents[(intent.Round, intent.Kind)] = intent;
        if (_rules.PersistsBeforeSigning)
        {
            _effects.Enqueue(new ConsensusEffect.Persist(intent));
        }
        else
        {
            Sign(intent);
            _effects.Enqueue(new ConsensusEffect.Persist(intent));
        }
    }

    private void Sign(SignedIntent intent)
    {
        if (intent.Kind is not null)
        {
            var vote = _messages.SignVote(intent);
            _votes.Add(_self, vote, out _);
            _effects.Enqueue(new ConsensusEffect.SendVote(_self, vote));
            return;
        }

        var proposal = _messages.SignProposal(intent);
        _proposals[intent.Round] = (proposal, ValueId.Of(intent.ValueId)!.Value);
        _effects.Enqueue(new ConsensusEffect.SendProposal(proposal));
    }

    private void Decide(DecidedValue decided)
    {
        _step = Step.Decided;
        _effects.Enqueue(new ConsensusEffect.Decide(decided));
    }
}
