using BitChat.Messages;
using Xtmp.Crypto;
using Xtmp.Protocol;

namespace BitChat.Peer;

/// <summary>From one height to the next: what this peer proposes, accepts, applies, and does of itself.</summary>
public sealed partial class TablePeer
{
    private readonly List<(ProposedValue Value, TableState? State)> _after = [];
    private readonly Dictionary<ValueId, (JoinRequest Request, TimeSpan At)> _joiners = [];
    private (CoinState? Of, System.Numerics.BigInteger? Secret) _coinSecret;
    private (CoinState? Of, CoinVerdict? Verdict) _verdict;
    private (ulong Roll, DateTimeOffset? Moved, TimeSpan At) _rollSeen;

    /// <summary>How long a request to join is proposed.</summary>
    private static readonly TimeSpan JoinPatience = TimeSpan.FromSeconds(60);

    /// <summary>Carries out agreement's effects, and begins a height where there is reason to.</summary>
    private void Advance()
    {
        for (; ; )
        {
            while (_consensus?.PollEffect() is { } effect)
            {
                Carry(effect);
            }

            if (HandleEarly())
            {
                continue;
            }

            if (_isRunning || _isForked || _consensus is null || IsPaused || !HasWork())
            {
                if (IsBusy && _gossipAt > _now.Elapsed + _options.GossipInterval)
                {
                    // The table no longer rests: what gets lost from here on is told of sooner.
                    ScheduleGossip(_options.GossipInterval);
                }

                return;
            }

            Run();
        }
    }

    private void Run()
    {
        _isRunning = true;
        _consensus!.StartHeight(
            State.Height + 1,
            [.. _intents.Where(intent => intent.Height == State.Height + 1 && intent.Epoch == State.Snapshot.Epoch).Select(intent =>
                new SignedIntent(intent.Height, intent.Round, intent.Kind, intent.ValueId, intent.Value, intent.ProofOfLockRound, intent.LockProof))]);
    }

    private void Carry(ConsensusEffect effect)
    {
        switch (effect)
        {
            case ConsensusEffect.SendProposal(var proposal, var to):
                Relay(proposal, State.Seats![State.Seats.Proposer(proposal.Height, proposal.Round)].Peer, PeerOf(to));
                break;
            case ConsensusEffect.SendVote(var seat, var vote, var to):
                Relay(vote, State.Seats![seat].Peer, PeerOf(to));
                break;
            case ConsensusEffect.SendLockProof(var proof, var to):
                Send(proof, PeerOf(to));
                break;
            case ConsensusEffect.Persist(var intent):
                var record = new JournalIntent { Epoch = State.Snapshot.Epoch, Height = intent.Height, Round = intent.Round, Kind = intent.Kind, ValueId = intent.ValueId, Value = intent.Value, ProofOfLockRound = intent.ProofOfLockRound, LockProof = intent.Proof };
                _intents.Add(record);
                _effects.Enqueue(new PeerEffect.Persist(record, intent));
                break;
            case ConsensusEffect.ScheduleTimeout(var timeout, var after):
                SetTimer(TimerKind.Consensus, after, timeout);
                break;
            case ConsensusEffect.Accuse(var seat, var evidence):
                Accuse(seat, evidence);
                break;
            case ConsensusEffect.Decide(var decided):
                if (Settle(decided) == PeerInput.Invalid)
                {
                    _isForked = true;
                    _isRunning = false;
                }

                break;
        }
    }

    /// <summary>Applies a value that a quorum has decided on top of this state.</summary>
    private PeerInput Settle(DecidedValue decided)
    {
        var before = State;
        var after = After(decided.Value);
        if (after is null)
        {
            return PeerInput.Invalid;
        }

        _isRunning = false;
        _intents.RemoveAll(intent => intent.Height <= after.Height);
        _after.Clear();
        _effects.Enqueue(new PeerEffect.Persist(decided, null));
        var own = decided.Value.Operations.Where(operation => operation.Player.Span.SequenceEqual(_secrets.PeerId.Span)).Select(operation => operation.Sequence).ToArray();
        var lapsed = before.Seats!.Find(_secrets.PeerId.Span) is { } self && own.Length > 0 && own.Max() is var last
            ? _pool.Above(self, 0).Where(operation => operation.Sequence <= last && !own.Contains(operation.Sequence)).ToArray()
            : [];
        Remember(decided, after);
        State = after;
        _effects.Enqueue(new PeerEffect.Applied(decided, after));
        foreach (var operation in lapsed)
        {
            _effects.Enqueue(new PeerEffect.Lapsed(operation, TableFault.OldSequence));
        }

        Watch(before, after, decided);
        if (after.Snapshot.Epoch != before.Snapshot.Epoch)
        {
            NewCoordinator();
            Welcome(before, decided);
        }
        else if (StartCheckpoint(after) is { } vote)
        {
            Send(vote, null);
        }

        Turn();
        return PeerInput.Taken;
    }

    /// <summary>Begins the checkpoint that is due with this state, if any, with this seat's signature. Which states those are is the same at all seats, after a restart too.</summary>
    private CheckpointVote? StartCheckpoint(TableState after) =>
        IsBeyond(after, _log.Base) && (_checkpoints.Pending is not { } pending || IsBeyond(after, pending)) ? _checkpoints.Start(after, after.Seats!, Seat) : null;

    private bool IsBeyond(TableState after, TableState checkpoint) =>
        after.Snapshot.Epoch > checkpoint.Snapshot.Epoch
        || after.Snapshot.OperationIndex / _options.CheckpointInterval > checkpoint.Snapshot.OperationIndex / _options.CheckpointInterval
        || after.Height / TableLog.CheckpointHeights > checkpoint.Height / TableLog.CheckpointHeights;

    /// <summary>The state after a value, computed once: a value is judged when it is proposed and applied when it is decided.</summary>
    private TableState? After(ProposedValue value)
    {
        foreach (var (known, state) in _after)
        {
            if (ReferenceEquals(known, value))
            {
                return state;
            }
        }

        var after = _rules.Apply(State, value, out _);
        Remember(value, after);
        return after;
    }

    private void Remember(ProposedValue value, TableState? after)
    {
        if (_after.Count == SeatSet.MaxSeats)
        {
            _after.RemoveAt(0);
        }

        _after.Add((value, after));
    }

    /// <summary>Adds a value to the log, and the change of seats that it made.</summary>
    private void Remember(DecidedValue decided, TableState after)
    {
        _log.Add(decided);
        if (after.Snapshot.Epoch != State.Snapshot.Epoch && !after.Snapshot.Closed)
        {
            _log.Add(new EpochStep { Decided = decided, OperationIndex = after.Snapshot.OperationIndex, Seats = after.Snapshot.Seats, ChunksRoot = after.Pieces.Root });
        }
    }

    /// <summary>After a height, and at the start: what waits is judged anew, and this seat does what is its part.</summary>
    private void Turn()
    {
        _roll.Turn(State);
        if ((_rollSeen.Roll, _rollSeen.Moved) != (State.Game.Roll, State.Snapshot.RollMovedAt))
        {
            _rollSeen = (State.Game.Roll, State.Snapshot.RollMovedAt, _now.Elapsed);
        }

        _bettingSince = State.Game.AwaitsRoll || State.Game.Close is null ? null : _bettingSince ?? _now.Elapsed;
        if (State.Seats is not { } seats)
        {
            _pool.Clear();
            return;
        }

        _pool.Sweep(State, Assess, (seat, operation, fault) =>
        {
            if (seat == Seat)
            {
                _effects.Enqueue(new PeerEffect.Lapsed(operation, fault));
            }
        });
        if (Seat is { } self)
        {
            DoPart(seats, self);
        }
    }

    /// <summary>Whether an operation could be decided now.</summary>
    private TableFault Assess(GameOperation operation) => _rules.Check(State, operation, Now) is var fault && fault == TableFault.None && !IsWelcome(operation) ? TableFault.WrongMoment : fault;

    /// <summary>Whether this seat votes for an operation that the rules allow. One that it would not vote for it does not propose either: all would wait for another's.</summary>
    private bool IsWelcome(GameOperation operation) => EncodedOperation.Parse<TableOperation>(operation.Body.Span) switch
    {
        // Who is here keeps nothing back: what it has not been heard of yet, others may have kept from the table. Times of
        // values are what proposers say; that seats see a roll begin one after the other takes less than half of the time.
        TableOperation.AbortArm { Value: var abort } => _now.Elapsed - _rollSeen.At >= TableRules.RollPatience / 2 && _roll.Enough(State) is null && _roll.All.All(held => abort.Reveals.Any(given => given.Seat == held.Seat))
            && _rules.AtFault(State, abort.Reveals)?.Any(player => player.Span.SequenceEqual(_secrets.PeerId.Span)) != true,
        TableOperation.AdmitArm { Value: var admission } => Admits(admission.Request),
        _ => true,
    };

    /// <summary>The median clock of the seats; others say what they like of theirs, the end of time too.</summary>
    private DateTimeOffset Now => new(Math.Clamp(_now.Clock.UtcTicks + _gate.MedianOffset.Ticks, 0, DateTimeOffset.MaxValue.UtcTicks), TimeSpan.Zero);

    /// <summary>What a seat owes the table: its part of the coin, its commitment, its part of the roll.</summary>
    private void DoPart(SeatSet seats, int self)
    {
        var coin = State.Snapshot.Coin;
        if (State.UsesCoin && !coin.Ready)
        {
            if (coin.Verdicts.Count == 0 && coin.Dealings.All(dealt => dealt.Seat != self) && (coin.Banned & (1 << self)) == 0)
            {
                Owe<TableOperation.DealArm>(self, () => CoinDealings.Deal(_secrets.Group, seats, self, _secrets.Seed.Span));
            }

            if (coin.Dealings.Count >= CoinDealings.Threshold(seats) && coin.Verdicts.All(verdict => verdict.Seat != self))
            {
                Owe<TableOperation.VerdictArm>(self, () => VerdictOn(seats, self, coin));
            }
        }
        else if (State.UsesCoin && !State.Game.AwaitsRoll && VerdictOn(seats, self, coin) is { Complaints.Count: > 0 } late)
        {
            Owe<TableOperation.VerdictArm>(self, () => late);
        }

        if (!State.Game.AwaitsRoll && _mutations.RevealsAfterBets)
        {
            return;
        }

        var roll = State.Game.Roll;
        if (!State.UsesCoin && State.Game.AwaitsRoll && State.Snapshot.Commits.All(commit => commit.Seat != self))
        {
            Owe<TableOperation.CommitArm>(self, () => new RandomnessCommit { Roll = roll, Seat = (byte)self, Commitment = Commitments.Commit(seats, self, roll, Commitments.Make(seats, self, roll, _secrets.Seed.Span)) });
        }

        if (_roll[self] is null && OwnReveal(seats, self, roll) is { } reveal)
        {
            _roll.Add(reveal);
            Send(reveal, null);
        }
    }

    private RandomnessReveal? OwnReveal(SeatSet seats, int self, ulong roll)
    {
        if (!State.UsesCoin)
        {
            return State.Snapshot.Commits.Count == seats.Count
                ? new RandomnessReveal { Roll = roll, Seat = (byte)self, Proof = Commitments.Make(seats, self, roll, _secrets.Seed.Span) }
                : null;
        }

        return State.Snapshot.Coin.Ready && SecretOf(seats, self, State.Snapshot.Coin) is { } secret
            ? new RandomnessReveal { Roll = roll, Seat = (byte)self, Proof = ThresholdCoin.Share(_secrets.Group, seats, roll, secret) }
            : null;
    }

    /// <summary>This seat's share of the coin's key; null where a dealing does not open. Opened once a coin.</summary>
    private System.Numerics.BigInteger? SecretOf(SeatSet seats, int self, CoinState coin)
    {
        if (ReferenceEquals(_coinSecret.Of, coin))
        {
            return _coinSecret.Secret;
        }

        System.Numerics.BigInteger? secret = System.Numerics.BigInteger.Zero;
        foreach (var dealt in coin.Dealings)
        {
            secret = CoinDealings.Open(_secrets.Group, seats, dealt.Seat, dealt.Dealing, self, _secrets.DealSecret) is { } share && secret is { } sum ? _secrets.Group.Reduce(sum + share) : null;
        }

        _coinSecret = (coin, secret);
        return secret;
    }

    private CoinVerdict VerdictOn(SeatSet seats, int self, CoinState coin)
    {
        if (!ReferenceEquals(_verdict.Of, coin))
        {
            _verdict = (coin, CheckDealings(seats, self, coin));
        }

        return _verdict.Verdict!;
    }

    private CoinVerdict CheckDealings(SeatSet seats, int self, CoinState coin)
    {
        var accepted = 0;
        var complaints = new List<CoinComplaint>();
        foreach (var dealt in coin.Dealings)
        {
            if (OpensWell(seats, self, dealt))
            {
                accepted |= 1 << dealt.Seat;
            }
            else
            {
                complaints.Add(CoinDealings.Complain(_secrets.Group, seats, dealt.Seat, dealt.Dealing, self, _secrets.DealSecret));
            }
        }

        return new CoinVerdict { Accepted = (byte)accepted, Complaints = [.. complaints] };
    }

    private bool OpensWell(SeatSet seats, int self, SeatDealing dealt) =>
        _cache.Verify([.. "opens"u8, .. BitConverter.GetBytes(seats.Epoch), dealt.Seat, .. EncodedOperation.Of(dealt.Dealing)], () => CoinDealings.Open(_secrets.Group, seats, dealt.Seat, dealt.Dealing, self, _secrets.DealSecret) is not null);

    /// <summary>Submits an operation of a kind unless one already waits that can be applied: a verdict that a later dealing has overtaken never will be.</summary>
    private void Owe<TArm>(int self, Func<TableOperation> make)
        where TArm : TableOperation
    {
        if (!_pool.Ready(self).Any(operation => EncodedOperation.Parse<TableOperation>(operation.Body.Span) is TArm))
        {
            Enqueue(make());
        }
    }

    /// <summary>The leader ends betting when its time is over.</summary>
    private void EndBetting()
    {
        if (Seat is { } self
            && State.Snapshot.Leader == self
            && _options.BettingWindow is { } window && _now.Elapsed - _bettingSince >= window
            && (!State.UsesCoin || State.Snapshot.Coin.Ready)
            && State.Game.Close is { } close
            && !_pool.Above(self, 0).Any(operation => EncodedOperation.Parse<TableOperation>(operation.Body.Span) is TableOperation.PlayArm { Value.Body: var body } && body.Span.SequenceEqual(close.Span)))
        {
            Enqueue(new GamePlay { Body = close });
        }
    }

    private bool HasWork() => _pool.HasReady || (Seat is not null && Duties().Any());

    /// <summary>What whoever proposes adds of itself.</summary>
    private IEnumerable<TableOperation> Duties()
    {
        if (State.Seats is not { } seats)
        {
            yield break;
        }

        if (State.Game.AwaitsRoll)
        {
            if (_roll.Enough(State) is { } parts)
            {
                if (_roll.OutcomeOf(parts, () => _rules.Outcome(State, parts)) is { } randomness)
                {
                    yield return new RollOutcome { Roll = State.Game.Roll, Randomness = randomness, Reveals = [.. parts] };
                }
            }
            else if (State.Snapshot.RollMovedAt is { } moved && Now - moved >= TableRules.RollPatience && _now.Elapsed - _rollSeen.At >= TableRules.RollPatience && _rules.AtFault(State, _roll.All) is not null)
            {
                yield return new RollAbort { Roll = State.Game.Roll, Reveals = [.. _roll.All] };
            }
        }
        else
        {
            foreach (var held in _antiCheat.Evidence)
            {
                if (held.Severity >= 1 && seats.Find(held.Suspect.Span) is { } accused && _rules.IsProof(State, accused, held.Evidence))
                {
                    yield return new SeatExpulsion { Accused = held.Suspect, Evidence = held.Evidence };
                    yield break;
                }
            }

            foreach (var (request, at) in _joiners.Values)
            {
                if (_now.Elapsed - at < JoinPatience
                    && TableRules.TakesMore(State)
                    && seats.Find(request.Player.Span) is null
                    && TableRules.TakesChips(State, request)
                    && (_options.Admits is not null || Admits(request)))
                {
                    yield return new SeatAdmission { Request = request };
                    yield break;
                }
            }
        }

        if (IsRotationDue() && System.Numerics.BitOperations.PopCount((uint)(_leaderAccepts | (1 << Seat!.Value))) >= seats.Quorum)
        {
            yield return new LeaderRotation { Term = State.Snapshot.Term + 1, Leader = (byte)((State.Snapshot.Leader + 1) % seats.Count) };
        }
    }

    private bool IsRotationDue() => State.Seats is not null && Now - State.Snapshot.TermStarted >= TableRules.Term;

    private void Accuse(int seat, Evidence evidence)
    {
        if (!Fits(State.Seats![seat].Peer, evidence))
        {
            return;
        }

        var held = new HeldEvidence(State.Seats![seat].Peer, CheatKind.Equivocation, 1, evidence, _now.Elapsed);
        if (_antiCheat.Hold(held, other => _rules.IsProof(State, seat, other) || !_rules.IsProof(State, seat, evidence)))
        {
            _effects.Enqueue(new PeerEffect.Suspected(held));
            Send(ClaimOf(held, _now.Clock), null);
        }
    }

    /// <summary>Evidence that no operation can hold expels nobody, and would keep what does from being held.</summary>
    private static bool Fits(ReadOnlyMemory<byte> accused, Evidence evidence) =>
        ((IXtmpStruct)(TableOperation)new SeatExpulsion { Accused = accused, Evidence = evidence }).GetEncodedSize() <= TableRules.MaxBodyBytes;

    private DisputeClaim ClaimOf(HeldEvidence held, DateTimeOffset now) => new()
    {
        DisputeId = Sha256.HashData([.. "BITCHAT1 dispute"u8, .. State.GameId.Span, .. held.Suspect.Span, .. EncodedOperation.Of(held.Evidence)]),
        Accused = held.Suspect,
        Kind = held.Evidence switch
        {
            Evidence.DoubleVoteArm => DisputeKind.DoubleSign,
            Evidence.DoubleProposalArm => DisputeKind.DoublePropose,
            Evidence.BadRevealArm => DisputeKind.InvalidReveal,
            Evidence.BrokenLockArm => DisputeKind.BrokenLock,
            _ => DisputeKind.InvalidOperation,
        },
        Evidence = held.Evidence,
        ClaimedAt = now,
    };

    /// <summary>Statistics of dice and of late parts, over what was just decided.</summary>
    private void Watch(TableState before, TableState after, DecidedValue decided)
    {
        foreach (var operation in decided.Value.Operations)
        {
            switch (EncodedOperation.Parse<TableOperation>(operation.Body.Span))
            {
                case TableOperation.CommitArm { Value: var commit }:
                    _commitOperations[commit.Seat] = operation;
                    break;
                case TableOperation.RollArm { Value: var outcome }:
                    var leader = before.Snapshot.Seats[before.Snapshot.Leader].Peer;
                    var (first, second) = Dice.Of(outcome.Randomness.Span);
                    Flag(leader, CheatKind.BiasedDice, _antiCheat.HandleDice(leader.Span, [first, second], after.Height));
                    foreach (var seat in before.Snapshot.Seats.Where(seat => seat.Number != Seat))
                    {
                        Flag(seat.Peer, CheatKind.LateReveals, _antiCheat.HandleReveal(seat.Peer.Span, _roll[seat.Number] is null, _partitions.LossOf(seat.Peer.Span), after.Height));
                    }

                    break;
            }
        }
    }

    private void Flag(ReadOnlyMemory<byte> suspect, CheatKind kind, StatisticalEvidence? evidence)
    {
        if (evidence is null)
        {
            return;
        }

        var held = new HeldEvidence(suspect, kind, 0.5, evidence, _now.Elapsed);
        if (_antiCheat.Hold(held))
        {
            _effects.Enqueue(new PeerEffect.Suspected(held));
            Send(new CheatAlert { Suspect = suspect, Kind = kind, Severity = held.Severity, Evidence = evidence, ObservedAt = _now.Clock }, null);
        }
    }

    /// <summary>Seats have changed: agreement starts anew with them.</summary>
    private void NewCoordinator()
    {
        _isRunning = false;
        _leaderAccepts = 0;
        _commitOperations.Clear();
        Array.Clear(_numbers);
        Array.Clear(_held);
        Array.Clear(_answeredAt);
        Array.Clear(_answers);
        _pool.Renumber(State.Seats);
        _gate.Keep(State.Seats);
        _early.Take();
        _signed = State.Seats is { } all ? new ConsensusMessages(all, _secrets.Signatures) : null;
        _consensus = State.Seats is { } seats && Seat is { } self ? new ConsensusCoordinator(seats, self, _secrets.Signatures, _values, _options.Consensus, _consensusRules) : null;
        _lastSequence = Seat is { } seat ? Math.Max(_lastSequence, State.Snapshot.Sequences[seat].Last) : _lastSequence;
    }

    /// <summary>Tells a newcomer that it sits at the table.</summary>
    private void Welcome(TableState before, DecidedValue decided)
    {
        foreach (var seat in State.Snapshot.Seats.Where(seat => before.Seats!.Find(seat.Peer.Span) is null))
        {
            _joiners.Remove(ValueId.Of(seat.Peer.Span));
            Send(new JoinAccept { Player = seat.Peer, Seat = seat.Number, Epoch = State.Snapshot.Epoch, Seats = State.Snapshot.Seats, Certificate = decided.Certificate }, seat.Peer);
        }
    }

    private void TakeCheckpoint()
    {
        if (_checkpoints.Take() is var (state, checkpoint))
        {
            _log.Rebase(state, checkpoint, _options.KeptHeights);
            Rewrite();
        }
    }

    /// <summary>What came before the checkpoint is needed no more. What was signed at the height in progress is: without it a restart could sign another value.</summary>
    private void Rewrite() => _effects.Enqueue(new PeerEffect.Rewrite([.. _log.Records(), .. _mutations.KeepsIntents ? _intents.Select(intent => (JournalRecord)intent) : []]));

    private static bool IsComplaint(GameOperation operation) =>
        EncodedOperation.Parse<TableOperation>(operation.Body.Span) is TableOperation.VerdictArm { Value.Complaints.Count: > 0 };

    /// <summary>
    /// True where a value makes bets final before a complaint can be decided that this seat knows, or that a seat makes once a roll
    /// is over: the roll would lack that seat's part, and the dealer could see the outcome before it gives its own part, or does not.
    /// </summary>
    private bool Overrules(TableState? after) =>
        after is { UsesCoin: true, Game.AwaitsRoll: true }
        && (State.Game.AwaitsRoll
            ? State.Game.Roll != after.Game.Roll
            : Enumerable.Range(0, SeatSet.MaxSeats).Any(seat => _pool.Above(seat, 0).Any(operation => IsComplaint(operation) && Assess(operation) == TableFault.None)));

    /// <summary>What agreement asks of the table.</summary>
    private sealed class TableValues(TablePeer peer) : IValueRules
    {
        public ProposedValue Propose(ulong height)
        {
            Invariant.Check(height == peer.State.Height + 1);

            // Complaints first: bets that become final before them would be refused, whoever asked for that.
            // While a roll is awaited nobody bets: an outcome that waits here too would let its sender's bets follow it, and their end.
            var waiting = peer._pool.From((int)(height % SeatSet.MaxSeats))
                .Where(operation => peer.IsWelcome(operation) && !(peer.State.Game.AwaitsRoll && EncodedOperation.Parse<TableOperation>(operation.Body.Span) is TableOperation.PlayArm))
                .OrderBy(operation => peer.State.UsesCoin && IsComplaint(operation) ? 0 : 1);

            // Who always has as much as a value holds would otherwise keep its own expulsion and the next leader from being decided.
            var value = peer._rules.Build(peer.State, waiting, [.. peer.Duties().Select(peer.Sign)], peer.Now, static (_, _) => { }, out var after);
            peer.Remember(value, after);
            return value;
        }

        public bool IsValid(ProposedValue value) => peer.After(value) is not null;

        public bool IsWelcome(ProposedValue value) =>
            ((value.ProposedAt - peer.Now).Duration() <= AntiCheatValidator.ClockTolerance || IsAhead(value.ProposedAt))
            && (peer.State.Height - peer._log.Base.Height < TableLog.MaxUncertified || (peer._checkpoints.Pending ?? peer._log.Base).Snapshot.Epoch != peer.State.Snapshot.Epoch)
            && !peer.Overrules(peer.After(value))
            && value.Operations.All(peer.IsWelcome);

        /// <summary>Where clocks were put back, the time of the last value is the earliest that another may have, and stands until they are there.</summary>
        private bool IsAhead(DateTimeOffset at) => at == peer.State.Snapshot.DecidedAt && at > peer.Now;
    }
}
