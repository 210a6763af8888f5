using BitChat.Messages;

namespace BitChat.Peer.Tests.Simulation;

/// <summary>A seat with its disk. A crash loses what was not durable yet. A Byzantine seat also says what a correct one never would.</summary>
internal sealed class SimulatedSeat
{
    private readonly Simulator _table;
    private readonly HashSignatures _signatures;
    private readonly ConsensusRules _rules;
    private readonly List<SignedIntent> _disk = [];
    private readonly List<DecidedValue> _decided = [];
    private SimulatedValues _values;
    private ConsensusCoordinator _coordinator;
    private int _life;
    private bool _isDown;

    public SimulatedSeat(Simulator table, int number, byte[] secret, bool isByzantine, ConsensusRules rules)
    {
        _table = table;
        Number = number;
        IsByzantine = isByzantine;
        _signatures = new HashSignatures(secret);
        _rules = rules;
        _values = new SimulatedValues(number);
        _coordinator = Make();
    }

    public int Number { get; }

    public bool IsByzantine { get; }

    /// <summary>The height it works on, from 1.</summary>
    public ulong Height { get; private set; } = 1;

    public void Start()
    {
        _coordinator.StartHeight(Height, _disk);
        Drain();
        Tell(_life);
    }

    /// <summary>From time to time a seat says what it has, and is sent what it lacks.</summary>
    private void Tell(int life)
    {
        if (life != _life || _isDown)
        {
            return;
        }

        var (height, have) = (Height, _coordinator.Have());
        for (var to = 0; to < _table.Seats.Count; to++)
        {
            if (to != Number)
            {
                _table.Send(Number, to, seat => seat.Answer(Number, height, have));
            }
        }

        _table.After(TimeSpan.FromMilliseconds(400), () => Tell(life));
    }

    private void Answer(int to, ulong height, IReadOnlyList<RoundHave> have)
    {
        if (height < Height && _decided.Find(decided => decided.Value.Height == height) is { } missed)
        {
            _table.Send(Number, to, seat => seat.Deliver(coordinator => coordinator.HandleDecided(IsByzantine ? Forged(missed) : missed)));
        }
        else if (height == Height)
        {
            Deliver(coordinator => coordinator.HandleHave(to, have));
        }
    }

    /// <summary>The process dies and comes back later with what was durable. A Byzantine seat may come back with nothing.</summary>
    public void Crash()
    {
        if (_isDown)
        {
            return;
        }

        _isDown = true;
        _life++;
        if (IsByzantine && _table.Random.Next(2) == 0)
        {
            _disk.Clear();
        }

        _table.After(TimeSpan.FromMilliseconds(_table.Random.Next(10, 1_500)), () =>
        {
            _isDown = false;
            var root = _values.Root;
            _values = new SimulatedValues(Number) { Root = root };
            _coordinator = Make();
            Start();
        });
    }

    public void Deliver(Action<ConsensusCoordinator> input)
    {
        if (!_isDown)
        {
            input(_coordinator);
            Drain();
        }
    }

    private ConsensusCoordinator Make() => new(_table.Seats, Number, _signatures, _values, new ConsensusLimits(), IsByzantine ? ConsensusRules.Sound : _rules);

    private void Drain()
    {
        var life = _life;
        while (life == _life && _coordinator.PollEffect() is { } effect)
        {
            switch (effect)
            {
                case ConsensusEffect.Persist(var intent):
                    // Durable after a while; a crash before that loses it.
                    _table.After(TimeSpan.FromMilliseconds(_table.Random.Next(0, 10)), () =>
                    {
                        if (life == _life)
                        {
                            _disk.Add(intent);
                            Deliver(coordinator => coordinator.HandlePersisted(intent));
                        }
                    });
                    break;
                case ConsensusEffect.SendVote(var voter, var vote, int one):
                    _table.Send(Number, one, seat => seat.Deliver(coordinator => coordinator.HandleVote(voter, vote)));
                    break;
                case ConsensusEffect.SendVote(_, var vote, _):
                    _table.Signed(this, vote.Height, vote.Round, vote.Kind.ToString(), vote.ValueId);
                    Broadcast((coordinator, _) => coordinator.HandleVote(Number, vote));
                    Misbehave(vote);
                    break;
                case ConsensusEffect.SendProposal(var proposal, int one):
                    _table.Send(Number, one, seat => seat.Deliver(coordinator => coordinator.HandleProposal(_table.Seats.Proposer(proposal.Height, proposal.Round), proposal)));
                    break;
                case ConsensusEffect.SendProposal(var proposal, _):
                    _table.Signed(this, proposal.Height, proposal.Round, "Proposal", SeatSet.IdOf(proposal.Value));
                    Broadcast((coordinator, to) => coordinator.HandleProposal(Number, IsByzantine && (to % 2 == 0 || proposal.Round > 0) ? Other(proposal) : proposal));
                    break;
                case ConsensusEffect.SendLockProof(var proof, int one):
                    _table.Send(Number, one, seat => seat.Deliver(coordinator => coordinator.HandleLockProof(proof)));
                    break;
                case ConsensusEffect.ScheduleTimeout(var timeout, var after):
                    _table.After(after, () =>
                    {
                        if (life == _life)
                        {
                            Deliver(coordinator => coordinator.HandleTimeout(timeout));
                        }
                    });
                    break;
                case ConsensusEffect.Accuse(var seat, _):
                    _table.Accused(this, seat);
                    break;
                case ConsensusEffect.Decide(var decided):
                    _table.Decided(this, decided);
                    if (!_values.IsValid(decided.Value))
                    {
                        _table.Invalid(this, decided.Value);
                    }

                    _decided.Add(decided);
                    _values.Root = decided.Value.StateRoot.ToArray();
                    Height = decided.Value.Height + 1;
                    _disk.RemoveAll(intent => intent.Height < Height);
                    _coordinator.StartHeight(Height);
                    break;
            }
        }
    }

    private void Broadcast(Action<ConsensusCoordinator, int> input)
    {
        for (var to = 0; to < _table.Seats.Count; to++)
        {
            if (to != Number && !(IsByzantine && _table.Random.Next(4) == 0))
            {
                var receiver = to;
                _table.Send(Number, to, seat => seat.Deliver(coordinator => input(coordinator, receiver)));
            }
        }
    }

    /// <summary>Votes for something else too, repeats itself, votes in another's name, and proposes out of turn.</summary>
    private void Misbehave(Vote vote)
    {
        if (!IsByzantine)
        {
            return;
        }

        byte[]? other = _table.Random.Next(3) switch
        {
            0 => null,
            1 => SeatSet.IdOf(SimulatedValues.Make(vote.Height, _values.Root, Number, _table.Random.Next(3))),
            _ => vote.ValueId?.ToArray() ?? SeatSet.IdOf(SimulatedValues.Make(vote.Height, _values.Root, (int)((vote.Height + vote.Round) % (ulong)_table.Seats.Count), 0)),
        };
        var second = vote with
        {
            ValueId = other is null ? default(ReadOnlyMemory<byte>?) : other,
            VoteSignature = _signatures.Sign(SignedText.OfVote(_table.Seats, vote.Height, vote.Round, vote.Kind, other)),
        };
        var victim = _table.Random.Next(_table.Seats.Count);
        var inTheNameOf = _table.Random.Next(_table.Seats.Count);
        Broadcast((coordinator, to) =>
        {
            if (to == victim)
            {
                coordinator.HandleVote(Number, second);
                coordinator.HandleVote(Number, second);
                coordinator.HandleVote(inTheNameOf, second);
            }
        });
        var intruding = SimulatedValues.Make(vote.Height, _values.Root, Number, 7, isValid: _table.Random.Next(2) == 0);
        var outOfTurn = new Proposal
        {
            Epoch = 1,
            Height = vote.Height,
            Round = vote.Round,
            ProofOfLockRound = vote.Round > 0 && _table.Random.Next(2) == 0 ? vote.Round - 1 : null,
            Value = intruding,
            ProposerSignature = new byte[64],
        };
        outOfTurn = outOfTurn with
        {
            ProposerSignature = _signatures.Sign(SignedText.OfProposal(_table.Seats, vote.Height, vote.Round, outOfTurn.ProofOfLockRound, SeatSet.IdOf(intruding))),
        };
        Broadcast((coordinator, _) => coordinator.HandleProposal(Number, outOfTurn));
        var forged = new DecidedValue
        {
            Value = intruding,
            Certificate = new CommitCertificate
            {
                Epoch = 1,
                Height = vote.Height,
                Round = vote.Round,
                ValueId = SeatSet.IdOf(intruding),
                Signatures = [.. Enumerable.Repeat(Own(vote, intruding), _table.Seats.Quorum)],
            },
        };
        Broadcast((coordinator, _) => coordinator.HandleDecided(forged));
    }

    private SeatSignature Own(Vote vote, ProposedValue value) => new()
    {
        Seat = (byte)Number,
        Signature = _signatures.Sign(SignedText.OfVote(_table.Seats, vote.Height, vote.Round, VoteKind.Precommit, SeatSet.IdOf(value))),
    };

    private Proposal Other(Proposal proposal)
    {
        // In a later round another value than the one that may be locked, with a proof of lock that there is not, or with none.
        var value = SimulatedValues.Make(proposal.Height, _values.Root, Number, 5);
        uint? claimed = proposal.Round > 0 && (proposal.Height + proposal.Round) % 2 == 0 ? proposal.Round - 1 : null;
        return proposal with
        {
            Value = value,
            ProofOfLockRound = claimed,
            ProposerSignature = _signatures.Sign(SignedText.OfProposal(_table.Seats, proposal.Height, proposal.Round, claimed, SeatSet.IdOf(value))),
        };
    }

    private static DecidedValue Forged(DecidedValue decided) => decided with { Value = decided.Value with { StateRoot = new byte[32] } };
}
