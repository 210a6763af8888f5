using BitChat.Messages;

namespace BitChat.Peer;

/// <summary>Catching up, helping others to, and what shows that a table has forked.</summary>
public sealed partial class TablePeer
{
    private PeerInput HandleRequest(ReadOnlyMemory<byte> sender, int? seat, StateSync request)
    {
        if (seat is { } number ? !_answers[number].Take(_now.Elapsed) : !MayAnswer(ref _strangerAnsweredAt))
        {
            return seat is null ? PeerInput.UnknownSeat : PeerInput.TooMany;
        }

        var sent = false;
        foreach (var answer in StateSynchronizer.Answer(request, State, _log))
        {
            Send(answer, sender);
            sent = true;
        }

        return sent ? PeerInput.Taken : PeerInput.NotNow;
    }

    /// <summary>
    /// Seats may have changed while this peer was away, until nobody sits there whom it knows. While it hears no quorum of those it
    /// knows, it asks strangers that claim to be ahead: what they answer is followed from the seats it knows, or not at all.
    /// </summary>
    private void HeedStranger(ConsensusMessage message)
    {
        var height = message.Payload switch
        {
            ConsensusPayload.HaveArm { Value.Height: > 0 and var next } => next - 1,
            ConsensusPayload.HeartbeatArm { Value.View.Height: var decided } => decided,
            _ => 0UL,
        };
        if (height > State.Height && State.Seats is not null && (IsPaused || Seat is null))
        {
            _synchronizer.HandleStranger(message.Sender, height, _now.Elapsed);
        }
    }

    /// <summary>Values and checkpoints that this peer lacks. What contradicts a quorum's signatures is a lie, and the envelope shows whose.</summary>
    private PeerInput HandleSync(ConsensusMessage message, StateSync sync, bool isSeat)
    {
        _synchronizer.HandleAnswer(message.Sender.Span);
        var input = PeerInput.NotNow;
        if (sync.Phase == StateSyncPhase.Checkpoint)
        {
            input = _synchronizer.HandleCheckpoint(sync, State, out var whole);
            if (whole is var (state, checkpoint, epochs))
            {
                Adopt(state, checkpoint, epochs);
            }
            else if (input == PeerInput.Taken && sync.Chunks.Count == 0)
            {
                // The seats are followed some way on: the rest of it is asked for.
                Send(_synchronizer.RequestFrom(State), message.Sender);
            }
        }
        else if (sync.Phase == StateSyncPhase.Deltas)
        {
            foreach (var decided in sync.Deltas)
            {
                if (decided.Value.Height <= State.Height)
                {
                    CheckFork(decided);
                    continue;
                }

                if (decided.Value.Height > State.Height + 1 || _isForked || State.Seats is null)
                {
                    break;
                }

                input = HandleDecided(message.Sender, decided);
                if (input != PeerInput.Taken)
                {
                    break;
                }
            }

            if (input == PeerInput.Taken && !sync.StateRoot.Span.SequenceEqual(State.Root))
            {
                // One message did not hold all that the other has.
                Send(_synchronizer.RequestFrom(State), message.Sender);
            }
        }

        if (!isSeat && input == PeerInput.Taken)
        {
            _synchronizer.HeedFurther(message.Sender, _now.Elapsed);
        }

        if (input == PeerInput.Lied)
        {
            _synchronizer.Leave(message.Sender.Span, _now.Elapsed);
            if (!isSeat)
            {
                // Nobody's key shows whose envelope it was.
                return input;
            }

            var evidence = new BadEnvelope { ContentHash = message.MessageId, Signature = message.Signature, Rule = "state that no quorum has certified" };
            var held = new HeldEvidence(message.Sender, CheatKind.Equivocation, 0.9, evidence, _now.Elapsed);
            if (_antiCheat.Hold(held))
            {
                _effects.Enqueue(new PeerEffect.Suspected(held));
            }
        }

        return input;
    }

    private PeerInput HandleDecided(ReadOnlyMemory<byte> sender, DecidedValue decided)
    {
        if (_isRunning)
        {
            var input = _consensus!.HandleDecided(decided);
            while (_consensus?.PollEffect() is { } effect)
            {
                Carry(effect);
            }

            return input != ConsensusInput.Taken ? PeerInput.Lied : _isForked ? AskForFork(sender) : PeerInput.Taken;
        }

        if (_consensusRules.VerifiesCertificates && !Certificates.Verify(State.Seats!, _secrets.Signatures, decided, _consensusRules))
        {
            return PeerInput.Lied;
        }

        if (Settle(decided) == PeerInput.Taken)
        {
            return PeerInput.Taken;
        }

        _isForked = true;
        return AskForFork(sender);
    }

    /// <summary>A quorum has certified what does not follow from this peer's state: more are Byzantine than the table bears. Earlier values show where the ways part, and by whose signatures.</summary>
    private PeerInput AskForFork(ReadOnlyMemory<byte> peer)
    {
        if (_log.Decided.Count > 0)
        {
            Send(_synchronizer.RequestFrom(State) with { FromHeight = _log.Decided[0].Value.Height }, peer);
        }

        return PeerInput.NotNow;
    }

    /// <summary>A certified value for a height that was decided otherwise here: a fork, with the seats that signed both.</summary>
    private void CheckFork(DecidedValue other)
    {
        if (_isForkProved
            || _log.Decided.FirstOrDefault(decided => decided.Value.Height == other.Value.Height) is not { } known
            || known.Certificate.ValueId.Span.SequenceEqual(other.Certificate.ValueId.Span)
            || SeatsOf(other.Certificate.Epoch) is not { } seats
            || !Certificates.Verify(seats, _secrets.Signatures, other, _consensusRules))
        {
            return;
        }

        // Of different epochs a number may be another seat's.
        var culprits = ForkProof.Culprits(known, other);
        if (!_isForkShown || culprits.Count > 0)
        {
            _effects.Enqueue(new PeerEffect.Forked(known, other, [.. culprits.Select(seat => seats[seat])]));
        }

        _isForked = _isForkShown = true;
        _isForkProved = culprits.Count > 0;
        _isRunning = false;
    }

    /// <summary>The seats of an epoch that is still in the log.</summary>
    private SeatSet? SeatsOf(ulong epoch) =>
        epoch == State.Snapshot.Epoch ? State.Seats
        : epoch == _log.Base.Snapshot.Epoch ? _log.Base.Seats
        : _log.Epochs.FirstOrDefault(step => step.Decided.Certificate.Epoch + 1 == epoch) is { } step ? new SeatSet(State.GameId, epoch, step.Seats)
        : null;

    /// <summary>Goes on from a certified checkpoint.</summary>
    private void Adopt(TableState state, Checkpoint checkpoint, IReadOnlyList<EpochStep> epochs)
    {
        EpochStep[] known = [.. _log.Epochs, .. epochs];
        State = state;
        _log = new TableLog(state);
        _log.Reset(state, checkpoint, known);
        _intents.RemoveAll(intent => intent.Height <= state.Height);
        _after.Clear();
        _checkpoints.Stop();
        Rewrite();
        _effects.Enqueue(new PeerEffect.CaughtUp(state));
        NewCoordinator();
        Turn();
    }
}
