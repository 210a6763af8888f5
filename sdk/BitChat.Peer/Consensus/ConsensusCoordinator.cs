using BitChat.Messages;
using Xtmp.Protocol;

namespace BitChat.Peer;

/// <summary>
/// One seat's part in deciding one value after another (Tendermint, arXiv 1807.04938; line numbers below are of its
/// algorithm 1). Not safe for concurrent use.
/// <para>Drain rule: after any Handle… or Start… call, take effects with <see cref="PollEffect"/> until it returns null, and
/// carry each out before the next.</para>
/// </summary>
public sealed class ConsensusCoordinator
{
    // A proposal and two votes of each of the latest rounds.
    private const int ResentMessages = 12;

    private readonly SeatSet _seats;
    private readonly int _self;
    private readonly ISeatSignatures _signatures;
    private readonly IValueRules _values;
    private readonly ConsensusLimits _limits;
    private readonly ConsensusRules _rules;
    private readonly Queue<ConsensusEffect> _effects = new();
    private readonly Queue<DecidedValue> _decisions = new();
    private readonly Dictionary<uint, Proposal> _proposals = [];
    private readonly Dictionary<(uint Round, VoteKind? Kind), SignedIntent> _intents = [];
    private readonly Dictionary<(uint Round, VoteKind? Kind), ConsensusEffect> _sent = [];
    private readonly HashSet<(uint Round, ConsensusTimeoutKind Kind)> _scheduled = [];
    private VoteKeeper _votes;
    private ProposedValue? _locked;
    private ProposedValue? _valid;
    private uint? _lockedRound;
    private uint? _validRound;
    private Step _step = Step.Decided;
    private int _resent;

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
        _values = values;
        _limits = limits;
        _rules = rules;
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

    /// <summary>After a restart, before <see cref="StartHeight"/>: the latest decided values, for seats that are behind.</summary>
    public void Restore(IEnumerable<DecidedValue> decided)
    {
        ArgumentNullException.ThrowIfNull(decided);
        foreach (var value in decided.OrderBy(value => value.Value.Height).TakeLast(_limits.KeptDecisions))
        {
            _decisions.Enqueue(value);
        }
    }

    /// <summary>Begins a height.</summary>
    /// <param name="height">One above the height decided last, or any height after a restart.</param>
    /// <param name="intents">After a restart: what this seat had made durable for this height.</param>
    public void StartHeight(ulong height, IEnumerable<SignedIntent>? intents = null)
    {
        Height = height;
        _votes = new VoteKeeper(_seats, _rules);
        _proposals.Clear();
        _intents.Clear();
        _sent.Clear();
        _scheduled.Clear();
        _locked = _valid = null;
        _lockedRound = _validRound = null;
        var round = 0u;
        foreach (var intent in intents ?? [])
        {
            if (intent.Height != height)
            {
                continue;
            }

            _intents[(intent.Round, intent.Kind)] = intent;
            round = Math.Max(round, intent.Round);
            foreach (var (seat, vote) in intent.Proof ?? [])
            {
                _votes.Add(seat, vote, out _);
            }

            if (_rules.RestoresLock && intent.Locks is { } locks && (_lockedRound is null || intent.Round > _lockedRound))
            {
                _locked = _valid = locks;
                _lockedRound = _validRound = intent.Round;
            }
        }

        // What was durable may have been sent: it is signed again, the same.
        foreach (var intent in _intents.Values.OrderBy(intent => intent.Round).ThenBy(intent => intent.Kind ?? 0).ToArray())
        {
            Sign(intent);
        }

        StartRound(round);
        _effects.Enqueue(new ConsensusEffect.ScheduleTimeout(new(ConsensusTimeoutKind.Resend, Height, 0), _limits.ResendInterval));
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

        if (Check(seat, proposal.Height, proposal.Round) is { } refused)
        {
            return refused;
        }

        if (_rules.ChecksProposer && _seats.Proposer(proposal.Height, proposal.Round) != seat)
        {
            return ConsensusInput.NotProposer;
        }

        var id = SeatSet.IdOf(proposal.Value);
        if (proposal.Value.Height != proposal.Height || proposal.ProofOfLockRound >= proposal.Round)
        {
            return ConsensusInput.Invalid;
        }

        if (_rules.VerifiesSignatures && !_signatures.Verify(_seats[seat], SignedText.OfProposal(_seats, proposal.Height, proposal.Round, proposal.ProofOfLockRound, id), proposal.ProposerSignature.Span))
        {
            return ConsensusInput.BadSignature;
        }

        if (_proposals.TryGetValue(proposal.Round, out var known))
        {
            if (known.ProofOfLockRound == proposal.ProofOfLockRound && SeatSet.IdOf(known.Value).AsSpan().SequenceEqual(id))
            {
                return ConsensusInput.Duplicate;
            }

            _effects.Enqueue(new ConsensusEffect.Accuse(seat, null, new DoubleProposal { First = known, Second = proposal }));
            return ConsensusInput.Equivocation;
        }

        _proposals[proposal.Round] = proposal;
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

        if (Check(seat, vote.Height, vote.Round) is { } refused)
        {
            return refused;
        }

        if (_rules.VerifiesSignatures && !_signatures.Verify(_seats[seat], SignedText.OfVote(_seats, vote.Height, vote.Round, vote.Kind, vote.ValueId is { } id ? id.Span : default), vote.VoteSignature.Span))
        {
            return ConsensusInput.BadSignature;
        }

        var input = _votes.Add(seat, vote, out var earlier);
        if (input == ConsensusInput.Equivocation)
        {
            _effects.Enqueue(new ConsensusEffect.Accuse(seat, new DoubleVote { First = earlier!, Second = vote }, null));
        }
        else if (input == ConsensusInput.Taken || !_rules.CountsSeatsOnce)
        {
            Evaluate();
        }

        return input;
    }

    /// <summary>A decided value with its proof, from a seat that is ahead.</summary>
    public ConsensusInput HandleDecided(DecidedValue decided)
    {
        ArgumentNullException.ThrowIfNull(decided);
        if (decided.Value.Height != Height || _step == Step.Decided)
        {
            return decided.Value.Height > Height ? ConsensusInput.FutureHeight : ConsensusInput.PastHeight;
        }

        if (_rules.VerifiesCertificates && !Certificates.Verify(_seats, _signatures, decided, Quorum, _rules.CountsSeatsOnce))
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
            case ConsensusTimeoutKind.Resend:
                Resend();
                _effects.Enqueue(new ConsensusEffect.ScheduleTimeout(timeout, _limits.ResendInterval));
                return;
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

    /// <summary>
    /// Sends again what others may have missed: what this seat said of late, in turn what it said earlier, and the votes of
    /// others that prove its lock, without which nobody could follow it.
    /// </summary>
    private void Resend()
    {
        var own = _sent.OrderByDescending(pair => pair.Key.Round).Select(pair => pair.Value).ToArray();
        foreach (var effect in own.Take(ResentMessages))
        {
            _effects.Enqueue(effect);
        }

        for (var i = 0; i < Math.Min(ResentMessages, own.Length - ResentMessages); i++)
        {
            _effects.Enqueue(own[ResentMessages + (_resent++ % (own.Length - ResentMessages))]);
        }

        if (_validRound is { } round && _valid is not null)
        {
            foreach (var (seat, vote) in _votes.Of(round, VoteKind.Prevote, SeatSet.IdOf(_valid)).Where(vote => vote.Seat != _self))
            {
                _effects.Enqueue(new ConsensusEffect.SendVote(seat, vote));
            }
        }
    }

    /// <summary>Null where a message of that height and round is to be looked at.</summary>
    private ConsensusInput? Check(int seat, ulong height, uint round)
    {
        if (height < Height || (height == Height && _step == Step.Decided))
        {
            if (_decisions.FirstOrDefault(decided => decided.Value.Height == height) is { } missed)
            {
                _effects.Enqueue(new ConsensusEffect.SendDecided(seat, missed));
            }

            return ConsensusInput.PastHeight;
        }

        return height > Height ? ConsensusInput.FutureHeight
            : round > Round + _limits.MaxRoundsAhead || round + _limits.MaxRoundsBehind < Round ? ConsensusInput.RoundOutOfReach
            : null;
    }

    // Line 11.
    private void StartRound(uint round)
    {
        Round = round;
        _step = Step.Propose;
        if (round > _limits.MaxRoundsBehind)
        {
            var below = round - _limits.MaxRoundsBehind;
            _votes.Forget(below);
            foreach (var old in _proposals.Keys.Where(key => key < below).ToArray())
            {
                _proposals.Remove(old);
            }
        }

        if (!_rules.KeepsLock)
        {
            _locked = null;
            _lockedRound = null;
        }

        if (_seats.Proposer(Height, round) == _self && !_intents.ContainsKey((round, null)))
        {
            var value = _valid ?? _values.Propose(Height);
            Intend(new SignedIntent(Height, round, null, SeatSet.IdOf(value), value, _validRound));
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
        foreach (var (round, proposal) in _proposals)
        {
            var id = SeatSet.IdOf(proposal.Value);
            if (_votes.Count(round, VoteKind.Precommit, id) >= Quorum && IsValid(proposal.Value))
            {
                Decide(new DecidedValue
                {
                    Value = proposal.Value,
                    Certificate = new CommitCertificate { Epoch = _seats.Epoch, Height = Height, Round = round, ValueId = id, Signatures = [.. _votes.Of(round, VoteKind.Precommit, id).Select(vote => new SeatSignature { Seat = (byte)vote.Seat, Signature = vote.Vote.VoteSignature })] },
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

        ReadOnlyMemory<byte> id = SeatSet.IdOf(proposal.Value);
        var isLockedOn = _locked is not null && SeatSet.IdOf(_locked).AsSpan().SequenceEqual(id.Span);
        bool accepts;
        if (proposal.ProofOfLockRound is not { } lockRound)
        {
            accepts = _lockedRound is null || isLockedOn;
        }
        else
        {
            if (_rules.ChecksProofOfLock && _votes.Count(lockRound, VoteKind.Prevote, id) < Quorum)
            {
                return false;
            }

            accepts = _lockedRound is null || _lockedRound <= lockRound || isLockedOn || !_rules.ChecksProofOfLock;
        }

        CastVote(VoteKind.Prevote, accepts && IsValid(proposal.Value) ? id : default(ReadOnlyMemory<byte>?));
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

        if (_proposals.TryGetValue(Round, out var proposal) && _validRound != Round)
        {
            ReadOnlyMemory<byte> id = SeatSet.IdOf(proposal.Value);
            if ((_votes.Count(Round, VoteKind.Prevote, id) >= Quorum || !_rules.NeedsPrevotes) && IsValid(proposal.Value))
            {
                _valid = proposal.Value;
                _validRound = Round;
                if (_step == Step.Prevote)
                {
                    _locked = proposal.Value;
                    _lockedRound = Round;
                    CastVote(VoteKind.Precommit, id);
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

    private bool IsValid(ProposedValue value) => !_rules.ChecksValues || _values.IsValid(value);

    private void CastVote(VoteKind kind, ReadOnlyMemory<byte>? valueId)
    {
        // What a restart brought back stands, whatever this seat would say now.
        if (!_intents.ContainsKey((Round, kind)))
        {
            var locks = kind == VoteKind.Precommit && valueId is not null;
            Intend(new SignedIntent(
                Height, Round, kind, valueId,
                Locks: locks ? _locked : null,
                Proof: locks ? [.. _votes.Of(Round, VoteKind.Prevote, valueId!.Value).Select(vote => new SeatVote(vote.Seat, vote.Vote))] : null));
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
        if (intent.Kind is { } kind)
        {
            var vote = new Vote
            {
                Epoch = _seats.Epoch,
                Height = intent.Height,
                Round = intent.Round,
                Kind = kind,
                ValueId = intent.ValueId,
                VoteSignature = _signatures.Sign(SignedText.OfVote(_seats, intent.Height, intent.Round, kind, intent.ValueId is { } id ? id.Span : default)),
            };
            _votes.Add(_self, vote, out _);
            Send((intent.Round, kind), new ConsensusEffect.SendVote(_self, vote));
            return;
        }

        Assertion.Check(intent.Value is not null);
        var proposal = new Proposal
        {
            Epoch = _seats.Epoch,
            Height = intent.Height,
            Round = intent.Round,
            ProofOfLockRound = intent.ProofOfLockRound,
            Value = intent.Value,
            ProposerSignature = _signatures.Sign(SignedText.OfProposal(_seats, intent.Height, intent.Round, intent.ProofOfLockRound, SeatSet.IdOf(intent.Value))),
        };
        _proposals[intent.Round] = proposal;
        Send((intent.Round, null), new ConsensusEffect.SendProposal(proposal));
    }

    private void Send((uint Round, VoteKind? Kind) key, ConsensusEffect effect)
    {
        _sent[key] = effect;
        _effects.Enqueue(effect);
    }

    private void Decide(DecidedValue decided)
    {
        _step = Step.Decided;
        _decisions.Enqueue(decided);
        if (_decisions.Count > _limits.KeptDecisions)
        {
            _decisions.Dequeue();
        }

        _effects.Enqueue(new ConsensusEffect.Decide(decided));
    }
}
