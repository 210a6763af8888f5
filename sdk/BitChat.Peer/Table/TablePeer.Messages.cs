using BitChat.Messages;

namespace BitChat.Peer;

/// <summary>What comes from others. Every message gets a typed answer; none throws, stops the peer, or makes it keep more than its bounds.</summary>
public sealed partial class TablePeer
{
    private const int MaxJoiners = 8;

    /// <summary>
    /// A seat that has what this peer lacks is asked at once, one that is behind is helped at once, but no more often than this;
    /// all who have no seat are answered together no more often than this. Otherwise small messages would buy long answers.
    /// Other answers to a seat have an <see cref="AnswerBudget"/>.
    /// </summary>
    private static readonly TimeSpan AnswerInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>Whom inputs are counted for whose sender is not sure.</summary>
    private static readonly byte[] s_nobody = new byte[32];

    /// <summary>Takes a message.</summary>
    public PeerInput HandleMessage(ConsensusMessage message, PeerTime now)
    {
        ArgumentNullException.ThrowIfNull(message);
        _now = now;
        var seat = message.Sender.Length == 32 ? State.Seats?.Find(message.Sender.Span) : null;
        var isAsked = seat is null && _synchronizer.HasAskedStranger(message.Sender.Span, now.Elapsed);
        var input = _gate.Check(message, seat is { } number ? State.Seats![number] : null, now.Clock, isAsked) ?? Dispatch(message, seat);
        if (seat is null && input == PeerInput.UnknownSeat)
        {
            HeedStranger(message);
        }

        if (message.Sender.Length == 32)
        {
            // Of a seat that did not sign the envelope nothing is held against it for what is in there, nor for what is refused
            // before the signature is looked at; nor for an old envelope, which others may send again.
            var isItsOwn = !MessageGate.IsSelfSigned(message.Payload) || input is PeerInput.Taken or PeerInput.Equivocation;
            if (isItsOwn && input is not (PeerInput.BadSignature or PeerInput.BadMessageId or PeerInput.ForeignGame or PeerInput.TooLarge or PeerInput.Malformed or PeerInput.BadClock)
                && !(seat is null && input == PeerInput.Lied))
            {
                _antiCheat.HandleInput(message.Sender.Span, input, now.Elapsed);
            }
            else
            {
                _antiCheat.HandleInput(s_nobody, input, now.Elapsed);
            }

            if (seat is not null && input is PeerInput.Taken && !MessageGate.IsSelfSigned(message.Payload))
            {
                _partitions.HandleHeard(message.Sender.Span, now.Elapsed);
            }
        }

        Advance();
        return input;
    }

    private static PeerInput Of(ConsensusInput input) => input switch
    {
        ConsensusInput.Taken => PeerInput.Taken,
        ConsensusInput.Duplicate => PeerInput.Duplicate,
        ConsensusInput.Foreign => PeerInput.OldEpoch,
        ConsensusInput.BadSignature => PeerInput.BadSignature,
        ConsensusInput.PastHeight => PeerInput.PastHeight,
        ConsensusInput.FutureHeight => PeerInput.FutureHeight,
        ConsensusInput.RoundOutOfReach => PeerInput.RoundOutOfReach,
        ConsensusInput.RoundAhead => PeerInput.RoundAhead,
        ConsensusInput.NotProposer => PeerInput.NotProposer,
        ConsensusInput.Equivocation => PeerInput.Equivocation,
        _ => PeerInput.Invalid,
    };

    private PeerInput Dispatch(ConsensusMessage message, int? seat) => message.Payload switch
    {
        ConsensusPayload.JoinRequestArm { Value: var request } => HandleJoin(message, request),
        ConsensusPayload.StateSyncArm { Value: { Phase: StateSyncPhase.Request } request } => HandleRequest(message.Sender, seat, request),
        ConsensusPayload.StateSyncArm { Value: var sync } when seat is null => HandleSync(message, sync, isSeat: false),
        _ when seat is null => PeerInput.UnknownSeat,
        _ => DispatchOf(message, seat.Value),
    };

    private PeerInput DispatchOf(ConsensusMessage message, int number) => message.Payload switch
    {
        ConsensusPayload.ProposalArm { Value: var proposal } => Enter(message, number, proposal.Epoch, proposal.Height) ?? Of(_consensus!.HandleProposal(number, proposal)),
        ConsensusPayload.VoteArm { Value: var vote } => Enter(message, number, vote.Epoch, vote.Height) ?? Of(_consensus!.HandleVote(number, vote)),
        ConsensusPayload.LockProofArm { Value: var proof } => Enter(message, number, proof.Epoch, proof.Height) ?? Of(_consensus!.HandleLockProof(proof)),
        ConsensusPayload.OperationArm { Value: var operation } => HandleOperation(number, operation),
        ConsensusPayload.HaveArm { Value: var have } => HandleHave(number, have),
        ConsensusPayload.StateSyncArm { Value: var sync } => HandleSync(message, sync, isSeat: true),
        ConsensusPayload.RandomnessRevealArm { Value: var reveal } => HandleReveal(message, number, reveal),
        ConsensusPayload.CheckpointVoteArm { Value: var vote } => HandleCheckpoint(vote),
        ConsensusPayload.HeartbeatArm { Value: var heartbeat } => HandleHeartbeat(message, number, heartbeat),
        ConsensusPayload.PartitionRecoveryArm { Value: var recovery } => recovery.Epoch > State.Snapshot.Epoch ? PeerInput.FutureEpoch : PeerInput.Taken,
        ConsensusPayload.LeaderProposalArm { Value: var proposal } => HandleLeader(proposal),
        ConsensusPayload.LeaderAcceptArm { Value: var accept } => HandleAccept(number, accept),
        ConsensusPayload.DisputeClaimArm { Value: var claim } => HandleClaim(claim.DisputeId, claim.Accused, claim.Evidence),
        ConsensusPayload.DisputeVoteArm => PeerInput.Taken,
        ConsensusPayload.CheatAlertArm { Value: var alert } => alert.Evidence is Evidence.StatisticsArm or Evidence.BadEnvelopeArm ? PeerInput.Taken : HandleClaim(null, alert.Suspect, alert.Evidence),
        ConsensusPayload.JoinAcceptArm { Value: var accept } => HandleAccept(message.Sender, accept),
        ConsensusPayload.JoinRejectArm => PeerInput.NotNow,
        ConsensusPayload.RandomnessCommitArm => PeerInput.NotNow,
        _ => PeerInput.UnknownKind,
    };

    /// <summary>Null for a message of agreement that is due. One for the next height begins it here too.</summary>
    private PeerInput? Enter(ConsensusMessage message, int seat, ulong epoch, ulong height)
    {
        if (epoch != State.Snapshot.Epoch || _consensus is null)
        {
            return epoch > State.Snapshot.Epoch ? PeerInput.FutureEpoch : PeerInput.OldEpoch;
        }

        if (height <= State.Height)
        {
            return PeerInput.PastHeight;
        }

        if (height > State.Height + 1 || _isForked)
        {
            KeepEarly(seat, message, height);
            return PeerInput.FutureHeight;
        }

        if (!_isRunning)
        {
            if (!IsSigned(seat, message))
            {
                // Who has no seat begins no height.
                return PeerInput.BadSignature;
            }

            Run();
        }

        return null;
    }

    private PeerInput HandleOperation(int seat, GameOperation operation)
    {
        if (!operation.Player.Span.SequenceEqual(State.Seats![seat].Peer.Span))
        {
            return PeerInput.Invalid;
        }

        if (operation.Sequence <= State.Snapshot.Sequences[seat].Last || _pool.Contains(seat, operation.Sequence))
        {
            return PeerInput.Duplicate;
        }

        if (!_rules.IsSigned(State, State.Seats[seat], operation))
        {
            return PeerInput.BadSignature;
        }

        if (EncodedOperation.Parse<TableOperation>(operation.Body.Span) is null or TableOperation.UnknownArm)
        {
            Accuse(seat, new BadOperation { Operation = operation });
            return PeerInput.Invalid;
        }

        return _pool.Add(seat, operation);
    }

    /// <summary>Another seat says what it has: it is sent what it lacks, and this peer notes what it lacks itself.</summary>
    private PeerInput HandleHave(int seat, Have have)
    {
        var peer = State.Seats![seat].Peer;
        _partitions.HandleNumber(peer.Span, have.Number);
        if (!_answers[seat].Take(_now.Elapsed))
        {
            return PeerInput.TooMany;
        }

        if (have.Height > State.Height + 1)
        {
            _synchronizer.HandleAhead(peer, have.Height - 1, _now.Elapsed);
            if (!_isRunning)
            {
                AskAhead();
            }

            return PeerInput.FutureHeight;
        }

        if (have.Height <= State.Height)
        {
            if (StateSynchronizer.Deltas(have.Height, State, _log) is { } deltas && MayAnswer(ref _answeredAt[seat]))
            {
                Send(deltas, peer);
            }

            return PeerInput.PastHeight;
        }

        if (have.Epoch != State.Snapshot.Epoch)
        {
            return PeerInput.Invalid;
        }

        if (Seat is { } self && have.Sequences.Count > self)
        {
            _held[seat] = have.Sequences[self];
        }

        if (have.Rounds.Count > 0 && !_isRunning && !_isForked && _consensus is not null)
        {
            Run();
        }

        if (_isRunning)
        {
            _consensus!.HandleHave(seat, have.Rounds);
        }

        for (var other = 0; other < State.Seats.Count && other < have.Sequences.Count; other++)
        {
            if (_pool.Highest(other) > have.Sequences[other])
            {
                foreach (var operation in _pool.Above(other, have.Sequences[other]).Take(8))
                {
                    Relay(operation, State.Seats[other].Peer, peer);
                }
            }
        }

        if (have.Roll == State.Game.Roll && State.Game.AwaitsRoll && (_roll.Bits & ~have.Reveals) != 0)
        {
            foreach (var reveal in _roll.All.Where(reveal => (have.Reveals & (1 << reveal.Seat)) == 0))
            {
                Send(reveal, peer);
            }
        }

        if (_checkpoints.Pending is { } pending && have.CheckpointHeight == pending.Height)
        {
            for (var signer = 0; signer < State.Seats.Count; signer++)
            {
                if ((have.CheckpointSignatures & (1 << signer)) == 0 && _checkpoints.VoteOf(signer) is { } vote)
                {
                    Send(vote, peer);
                }
            }
        }
        else if (_log.Checkpoint is { } certified && have.CheckpointHeight == certified.Height)
        {
            foreach (var signature in certified.Signatures.Where(signature => (have.CheckpointSignatures & (1 << signature.Seat)) == 0))
            {
                Send(new CheckpointVote { Epoch = certified.Epoch, Height = certified.Height, OperationIndex = certified.OperationIndex, StateRoot = certified.StateRoot, SeatSetHash = certified.SeatSetHash, Signature = signature }, peer);
            }
        }

        if (Lacks(have) && MayAnswer(ref _answeredAt[seat]))
        {
            Send(HaveFor(seat), peer);
        }

        return PeerInput.Taken;
    }

    private bool MayAnswer(ref TimeSpan? last)
    {
        if (_now.Elapsed - last < AnswerInterval)
        {
            return false;
        }

        last = _now.Elapsed;
        return true;
    }

    /// <summary>True where another seat at the same height has operations, a proposal, parts of a roll or of a checkpoint that this peer has not. Votes are not waited for so: there are others on the way.</summary>
    private bool Lacks(Have have)
    {
        for (var other = 0; other < State.Seats!.Count && other < have.Sequences.Count; other++)
        {
            if (have.Sequences[other] > Math.Max(State.Snapshot.Sequences[other].Last, _pool.Highest(other)))
            {
                return true;
            }
        }

        return (have.Roll == State.Game.Roll && State.Game.AwaitsRoll && (have.Reveals & ~_roll.Bits) != 0)
            || (_checkpoints.Pending is { } pending && have.CheckpointHeight == pending.Height && (have.CheckpointSignatures & ~_checkpoints.Bits) != 0)
            || (_isRunning && _consensus!.LacksProposal(have.Rounds));
    }

    private PeerInput HandleReveal(ConsensusMessage message, int sender, RandomnessReveal reveal)
    {
        if (reveal.Roll != State.Game.Roll || !State.Game.AwaitsRoll || (!State.UsesCoin && State.Snapshot.Commits.Count < State.Seats!.Count))
        {
            if (reveal.Roll == State.Game.Roll || reveal.Roll == State.Game.Roll + 1)
            {
                _early.Add(sender, message);
            }

            return PeerInput.NotNow;
        }

        if (!State.Seats!.Contains(reveal.Seat))
        {
            return PeerInput.BadReveal;
        }

        if (_roll[reveal.Seat] is not null)
        {
            return PeerInput.Duplicate;
        }

        if (!_rules.IsGood(State, reveal))
        {
            if (sender == reveal.Seat && reveal.Proof is RandomnessProof.OpeningArm && _commitOperations.TryGetValue(sender, out var commit))
            {
                Accuse(sender, new BadReveal
                {
                    Commit = commit,
                    Reveal = new SignedContent { Sender = message.Sender, GameId = message.GameId, Round = message.Round, Timestamp = message.Timestamp, Payload = message.Payload },
                    RevealSignature = message.Signature,
                });
            }

            return PeerInput.BadReveal;
        }

        _roll.Add(reveal);
        return PeerInput.Taken;
    }

    private PeerInput HandleCheckpoint(CheckpointVote vote)
    {
        var input = _checkpoints.Handle(vote);
        if (input == PeerInput.Taken)
        {
            TakeCheckpoint();
        }

        return input;
    }

    private PeerInput HandleHeartbeat(ConsensusMessage message, int seat, PeerHeartbeat heartbeat)
    {
        _partitions.HandleView(message.Sender.Span, heartbeat.View, _now.Elapsed);
        if (heartbeat.View.Height <= State.Height
            && _log.Decided.FirstOrDefault(decided => decided.Value.Height == heartbeat.View.Height) is { } known
            && !known.Value.StateRoot.Span.SequenceEqual(heartbeat.View.StateRoot.Span)
            && StateSynchronizer.Deltas(Math.Max(_log.Decided[0].Value.Height, heartbeat.View.Height - Math.Min(heartbeat.View.Height, 16)), State, _log) is { } deltas
            && MayAnswer(ref _answeredAt[seat]))
        {
            // One of the two has been misled; the certificates show by whom.
            Send(deltas, message.Sender);
        }

        if (heartbeat.View.Height > State.Height)
        {
            _synchronizer.HandleAhead(message.Sender, heartbeat.View.Height, _now.Elapsed);
        }

        if (State.Seats is { } seats && Seat is { } self && IsPaused)
        {
            Heard(seats, self);
        }

        return PeerInput.Taken;
    }

    /// <summary>While paused, every sign of life may be the one that ends it.</summary>
    private void Heard(SeatSet seats, int self)
    {
        var before = _partitions.Strategy;
        _partitions.Assess(seats, self, State.Height, _now.Elapsed);
        if (_partitions.Strategy != before)
        {
            _effects.Enqueue(new PeerEffect.Partition(_partitions.Strategy));
        }
    }

    /// <summary>A seat says that this peer is let in: what decided it is asked for at once. Believed is only that.</summary>
    private PeerInput HandleAccept(ReadOnlyMemory<byte> sender, JoinAccept accept)
    {
        if (Seat is not null || accept.Certificate.Height <= State.Height)
        {
            return PeerInput.NotNow;
        }

        _synchronizer.HandleAhead(sender, accept.Certificate.Height, _now.Elapsed);
        AskAhead();
        return PeerInput.Taken;
    }

    private PeerInput HandleLeader(LeaderProposal proposal)
    {
        if (proposal.Term != State.Snapshot.Term + 1 || State.Seats!.Find(proposal.Leader.Span) != (State.Snapshot.Leader + 1) % State.Seats.Count || !IsRotationDue())
        {
            return PeerInput.NotNow;
        }

        Send(new LeaderAccept { Term = proposal.Term, Leader = proposal.Leader }, null);
        return PeerInput.Taken;
    }

    private PeerInput HandleAccept(int seat, LeaderAccept accept)
    {
        if (accept.Term != State.Snapshot.Term + 1)
        {
            return PeerInput.NotNow;
        }

        _leaderAccepts |= (byte)(1 << seat);
        return PeerInput.Taken;
    }

    /// <summary>A claim with evidence: what proves is held, so that whoever proposes expels.</summary>
    private PeerInput HandleClaim(ReadOnlyMemory<byte>? dispute, ReadOnlyMemory<byte> accused, Evidence evidence)
    {
        if (State.Seats!.Find(accused.Span) is not { } seat)
        {
            return PeerInput.NotNow;
        }

        var holds = Fits(accused, evidence) && _rules.IsProof(State, seat, evidence);
        if (holds && _antiCheat.Hold(new HeldEvidence(accused, CheatKind.Equivocation, 1, evidence, _now.Elapsed), other => _rules.IsProof(State, seat, other)))
        {
            _effects.Enqueue(new PeerEffect.Suspected(_antiCheat.Evidence[^1]));
        }

        if (dispute is { } id)
        {
            Send(new DisputeVote { DisputeId = id, Uphold = holds, Reason = null }, null);
        }

        return holds ? PeerInput.Taken : PeerInput.BadEvidence;
    }

    private PeerInput HandleJoin(ConsensusMessage message, JoinRequest request)
    {
        var reason = State.Seats is null || IsPaused ? JoinRejectReason.Partitioned
            : State.Snapshot.Excluded.Any(excluded => excluded.Span.SequenceEqual(request.Player.Span)) ? JoinRejectReason.Excluded
            : !TableRules.TakesMore(State) ? JoinRejectReason.TableFull
            : request.ProtocolVersion != 1 ? JoinRejectReason.VersionMismatch
            : default(JoinRejectReason?);
        if (!request.Player.Span.SequenceEqual(message.Sender.Span) || !_rules.IsGood(State, request))
        {
            return PeerInput.BadSignature;
        }

        if (State.Seats?.Find(request.Player.Span) is not null)
        {
            return PeerInput.Duplicate;
        }

        reason ??= !TableRules.TakesChips(State, request) || !Admits(request) ? JoinRejectReason.Refused : null;
        if (reason is { } refused)
        {
            Send(new JoinReject { Player = request.Player, Reason = refused, Detail = null }, message.Sender);
            return PeerInput.NotNow;
        }

        foreach (var old in _joiners.Where(joiner => _now.Elapsed - joiner.Value.At >= JoinPatience).Select(joiner => joiner.Key).ToArray())
        {
            _joiners.Remove(old);
        }

        if (_joiners.Count >= MaxJoiners && !_joiners.ContainsKey(ValueId.Of(request.Player.Span)))
        {
            return PeerInput.TooMany;
        }

        _joiners[ValueId.Of(request.Player.Span)] = (request, _now.Elapsed);
        return PeerInput.Taken;
    }

    /// <summary>Where nobody else judges requests each is good once: others may send it again when its player has left.</summary>
    private bool Admits(JoinRequest request) => _options.Admits is { } admits
        ? admits(request)
        : !_log.Epochs.Any(step => step.Decided.Value.Operations is [.., var last]
            && EncodedOperation.Parse<TableOperation>(last.Body.Span) is TableOperation.AdmitArm { Value.Request: var used }
            && used.Player.Span.SequenceEqual(request.Player.Span) && used.Nonce.Span.SequenceEqual(request.Nonce.Span));
}
