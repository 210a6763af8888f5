using BitChat.Messages;

namespace BitChat.Peer.Tests;

/// <summary>
/// What a locked seat votes for, step by step. The mutants among the rules here fall in the simulator too; by hand one sees where.
/// </summary>
public sealed class LockTests
{
    private const int Self = 3;

    private readonly byte[][] _secrets = [.. Enumerable.Range(0, 4).Select(seat => HashSignatures.Register(seat, seed: -1))];
    private readonly SeatSet _seats;
    private readonly SimulatedValues _values = new(Self);
    private readonly List<SignedIntent> _disk = [];
    private readonly List<Vote> _votes = [];
    private Proposal? _proposal;

    public LockTests()
    {
        _seats = new SeatSet(new byte[16], 1, _secrets.Select((secret, number) => new Seat { Number = (byte)number, Peer = new byte[32], DealKey = new byte[33], Ed25519Key = HashSignatures.PublicOf(secret) }));
    }

    [Fact]
    public void a_locked_seat_votes_against_another_value()
    {
        Assert.Null(PrevoteInRoundOne(ConsensusRules.Sound, proofOfLock: null));
        Assert.NotNull(PrevoteInRoundOne(ConsensusRules.Sound with { KeepsLock = false }, proofOfLock: null));
    }

    [Fact]
    public void a_proof_of_lock_that_nobody_has_seen_moves_no_vote()
    {
        Assert.Empty(VotesInRoundOne(ConsensusRules.Sound, proofOfLock: 0));
        Assert.NotNull(PrevoteInRoundOne(ConsensusRules.Sound with { ChecksProofOfLock = false }, proofOfLock: 0));
    }

    [Fact]
    public void a_restart_keeps_the_lock()
    {
        Assert.Null(PrevoteInRoundOne(ConsensusRules.Sound, proofOfLock: null, restarts: true));
        Assert.NotNull(PrevoteInRoundOne(ConsensusRules.Sound with { RestoresLock = false }, proofOfLock: null, restarts: true));
    }

    [Fact]
    public void a_value_is_precommitted_only_with_a_quorum_of_prevotes()
    {
        foreach (var (rules, expected) in new[] { (ConsensusRules.Sound, new[] { VoteKind.Prevote }), (ConsensusRules.Sound with { NeedsPrevotes = false }, [VoteKind.Prevote, VoteKind.Precommit]) })
        {
            _votes.Clear();
            var coordinator = new ConsensusCoordinator(_seats, Self, new HashSignatures(_secrets[Self]), _values, new ConsensusLimits(), rules);
            coordinator.StartHeight(1);
            coordinator.HandleProposal(1, ProposalOf(1, 0, SimulatedValues.Make(1, _values.Root, 1, 0), proofOfLock: null));
            Drain(coordinator);
            Assert.Equal(expected, _votes.Select(vote => vote.Kind));
        }
    }

    [Fact]
    public void a_lock_follows_its_proof_where_the_votes_themselves_do_not_suffice()
    {
        // Of a seat that signs three values two are kept; the lock of another seat rests on the third.
        var coordinator = new ConsensusCoordinator(_seats, Self, new HashSignatures(_secrets[Self]), _values, new ConsensusLimits(), ConsensusRules.Sound);
        coordinator.StartHeight(1);
        var value = SimulatedValues.Make(1, _values.Root, 1, 0);
        var id = SeatSet.IdOf(value);
        coordinator.HandleVote(0, VoteOf(0, 0, VoteKind.Prevote, Unknown));
        coordinator.HandleVote(0, VoteOf(0, 0, VoteKind.Prevote, SeatSet.IdOf(Other())));
        Assert.Equal(ConsensusInput.Equivocation, coordinator.HandleVote(0, VoteOf(0, 0, VoteKind.Prevote, id)));
        coordinator.HandleVote(1, VoteOf(1, 0, VoteKind.Prevote, id));
        coordinator.HandleVote(2, VoteOf(2, 0, VoteKind.Prevote, id));
        coordinator.HandleTimeout(new(ConsensusTimeoutKind.Propose, 1, 0));
        coordinator.HandleTimeout(new(ConsensusTimeoutKind.Precommit, 1, 0));
        Drain(coordinator);
        _votes.Clear();
        coordinator.HandleProposal(2, ProposalOf(2, 1, value, proofOfLock: 0));
        Drain(coordinator);
        Assert.Empty(_votes);
        var proof = new LockProof
        {
            Epoch = 1,
            Height = 1,
            Round = 0,
            ValueId = id,
            Signatures = [.. new[] { 0, 1, 2 }.Select(seat => new SeatSignature { Seat = (byte)seat, Signature = VoteOf(seat, 0, VoteKind.Prevote, id).VoteSignature })],
        };
        Assert.Equal(ConsensusInput.Invalid, coordinator.HandleLockProof(proof with { Signatures = [proof.Signatures[0], proof.Signatures[0], proof.Signatures[1]] }));
        Assert.Equal(ConsensusInput.Taken, coordinator.HandleLockProof(proof));
        Drain(coordinator);
        Assert.True(Assert.Single(_votes).ValueId!.Value.Span.SequenceEqual(id));
    }

    [Fact]
    public void a_lock_is_released_by_the_prevotes_of_a_later_one()
    {
        var coordinator = Locked(ConsensusRules.Sound);
        coordinator.HandleTimeout(new(ConsensusTimeoutKind.Precommit, 1, 0));
        coordinator.HandleTimeout(new(ConsensusTimeoutKind.Precommit, 1, 1));
        Drain(coordinator);
        _votes.Clear();
        var other = Other();
        foreach (var seat in new[] { 0, 1, 2 })
        {
            coordinator.HandleVote(seat, VoteOf(seat, 1, VoteKind.Prevote, SeatSet.IdOf(other)));
        }

        // Seat 3 proposes in round 2 itself, so the proof comes with round 3, of seat 0.
        coordinator.HandleTimeout(new(ConsensusTimeoutKind.Precommit, 1, 2));
        Drain(coordinator);
        _votes.Clear();
        coordinator.HandleProposal(0, ProposalOf(0, 3, other, proofOfLock: 1));
        Drain(coordinator);
        Assert.True(Assert.Single(_votes).ValueId!.Value.Span.SequenceEqual(SeatSet.IdOf(other)));
    }

    [Fact]
    public void a_lock_outlives_the_rounds_that_are_kept()
    {
        // Locked in round 0, this seat was away while the others went on for 70 rounds. It proposes in round 70 itself.
        var away = Locked(ConsensusRules.Sound);
        var value = SimulatedValues.Make(1, _values.Root, 1, 0);
        _proposal = null;
        foreach (var seat in new[] { 0, 1 })
        {
            away.HandleVote(seat, VoteOf(seat, 70, VoteKind.Prevote, Unknown));
        }

        Drain(away);
        Assert.Equal(70u, away.Round);
        Assert.Equal(0u, _proposal!.ProofOfLockRound);
        Assert.Equal(SeatSet.IdOf(value), SeatSet.IdOf(_proposal.Value));
        away.HandleHave(1, []);
        var proof = Assert.Single(Effects(away).OfType<ConsensusEffect.SendLockProof>(), sent => sent.Proof.Round == 0).Proof;

        // One of the others has never seen the lock, and takes its proof once a proposal rests on it.
        var other = new ConsensusCoordinator(_seats, 1, new HashSignatures(_secrets[1]), _values, new ConsensusLimits(), ConsensusRules.Sound);
        other.StartHeight(1);
        foreach (var seat in new[] { 0, 2 })
        {
            other.HandleVote(seat, VoteOf(seat, 70, VoteKind.Prevote, Unknown));
        }

        Effects(other);
        Assert.Equal(ConsensusInput.RoundOutOfReach, other.HandleLockProof(proof));
        Assert.Equal(ConsensusInput.Taken, other.HandleProposal(Self, _proposal));
        Assert.DoesNotContain(Effects(other), effect => effect is ConsensusEffect.Persist);
        Assert.Equal(ConsensusInput.Taken, other.HandleLockProof(proof));
        var intent = Assert.Single(Effects(other).OfType<ConsensusEffect.Persist>()).Intent;
        Assert.Equal((70u, VoteKind.Prevote), (intent.Round, intent.Kind!.Value));
        Assert.True(intent.ValueId!.Value.Span.SequenceEqual(SeatSet.IdOf(value)));

        // What nothing rests on any more is forgotten with the rest.
        foreach (var seat in new[] { 0, 2 })
        {
            other.HandleVote(seat, VoteOf(seat, 150, VoteKind.Prevote, Unknown));
        }

        Assert.Equal(150u, other.Round);
        Assert.Equal(ConsensusInput.RoundOutOfReach, other.HandleLockProof(proof));
    }

    [Fact]
    public void a_prevote_names_the_proof_it_rests_on_and_none_goes_against_an_earlier_precommit_without_one()
    {
        // Locked on one value in round 0 and on another in round 2: the later lock alone does not make the other value free.
        var coordinator = Locked(ConsensusRules.Sound);
        foreach (var round in new[] { 0u, 1u })
        {
            coordinator.HandleTimeout(new(ConsensusTimeoutKind.Precommit, 1, round));
        }

        Drain(coordinator);
        var other = Other();
        var id = SeatSet.IdOf(other);
        foreach (var seat in new[] { 0, 1, 2 })
        {
            coordinator.HandleVote(seat, VoteOf(seat, 1, VoteKind.Prevote, id));
            coordinator.HandleVote(seat, VoteOf(seat, 3, VoteKind.Prevote, id, 1));
        }

        coordinator.HandleTimeout(new(ConsensusTimeoutKind.Precommit, 1, 2));
        Drain(coordinator);
        _votes.Clear();
        coordinator.HandleProposal(0, ProposalOf(0, 3, other, proofOfLock: 1));
        Drain(coordinator);
        Assert.Equal([(VoteKind.Prevote, 1u), (VoteKind.Precommit, null)], _votes.Select(vote => (vote.Kind, vote.ProofOfLockRound)));
        Assert.All(_votes, vote => Assert.True(vote.ValueId!.Value.Span.SequenceEqual(id)));

        // The same after a restart, which brings both locks back.
        foreach (var (restarts, proof, expected) in new[] { (false, default(uint?), false), (true, null, false), (true, 1u, true), (true, 3u, true) })
        {
            var seat = restarts ? new ConsensusCoordinator(_seats, Self, new HashSignatures(_secrets[Self]), _values, new ConsensusLimits(), ConsensusRules.Sound) : coordinator;
            if (restarts)
            {
                seat.StartHeight(1, [.. _disk.Where(intent => intent.Round <= 3).Reverse()]);
                foreach (var voter in new[] { 0, 1, 2 })
                {
                    seat.HandleVote(voter, VoteOf(voter, 1, VoteKind.Prevote, id));
                }
            }

            seat.HandleTimeout(new(ConsensusTimeoutKind.Precommit, 1, 3));
            Drain(seat);
            _votes.Clear();
            seat.HandleProposal(1, ProposalOf(1, 4, other, proof));
            Drain(seat);
            var vote = Assert.Single(_votes, vote => vote.Round == 4);
            Assert.Equal((expected, expected ? proof : null), (vote.ValueId is not null, vote.ProofOfLockRound));
        }
    }

    [Fact]
    public void prevotes_that_name_different_proofs_make_no_lock()
    {
        var coordinator = new ConsensusCoordinator(_seats, Self, new HashSignatures(_secrets[Self]), _values, new ConsensusLimits(), ConsensusRules.Sound);
        coordinator.StartHeight(1);
        var value = Other();
        var id = SeatSet.IdOf(value);
        coordinator.HandleTimeout(new(ConsensusTimeoutKind.Precommit, 1, 0));
        coordinator.HandleTimeout(new(ConsensusTimeoutKind.Precommit, 1, 1));
        coordinator.HandleVote(0, VoteOf(0, 1, VoteKind.Prevote, id));
        coordinator.HandleVote(1, VoteOf(1, 1, VoteKind.Prevote, id, 0));
        coordinator.HandleVote(2, VoteOf(2, 1, VoteKind.Prevote, id));
        Assert.False(Assert.Single(coordinator.Have(), have => have.Round == 1).LockProof);

        // The same seat under another proof: a contradiction, and both count.
        Assert.Equal(ConsensusInput.Equivocation, coordinator.HandleVote(1, VoteOf(1, 1, VoteKind.Prevote, id)));
        Assert.True(Assert.Single(coordinator.Have(), have => have.Round == 1).LockProof);
        Assert.Equal((uint?)null, Assert.IsType<Evidence.DoubleVoteArm>(Assert.Single(Effects(coordinator).OfType<ConsensusEffect.Accuse>()).Evidence).Value.Second.ProofOfLockRound);
    }

    [Fact]
    public void a_proof_stands_only_in_a_prevote_for_a_value_and_is_of_an_earlier_round()
    {
        var coordinator = new ConsensusCoordinator(_seats, Self, new HashSignatures(_secrets[Self]), _values, new ConsensusLimits(), ConsensusRules.Sound);
        coordinator.StartHeight(1);
        var id = SeatSet.IdOf(Other());
        Assert.Equal(ConsensusInput.Invalid, coordinator.HandleVote(0, VoteOf(0, 2, VoteKind.Precommit, id, 1)));
        Assert.Equal(ConsensusInput.Invalid, coordinator.HandleVote(0, VoteOf(0, 2, VoteKind.Prevote, id, 2)));
        Assert.Equal(ConsensusInput.Invalid, coordinator.HandleVote(0, VoteOf(0, 2, VoteKind.Prevote, [], 1) with { ValueId = null }));
        Assert.Equal(ConsensusInput.BadSignature, coordinator.HandleVote(0, VoteOf(0, 2, VoteKind.Prevote, id, 1) with { ProofOfLockRound = 0 }));
        Assert.Equal(ConsensusInput.Taken, coordinator.HandleVote(0, VoteOf(0, 2, VoteKind.Prevote, id, 1)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void who_breaks_its_lock_is_accused_whichever_vote_comes_first(bool precommitFirst)
    {
        var coordinator = new ConsensusCoordinator(_seats, Self, new HashSignatures(_secrets[Self]), _values, new ConsensusLimits(), ConsensusRules.Sound);
        coordinator.StartHeight(1);
        var (one, other) = (SeatSet.IdOf(SimulatedValues.Make(1, _values.Root, 1, 0)), SeatSet.IdOf(Other()));

        // With a proof of the round of the lock or a later one, for the same value, or before the lock: nothing is broken.
        Vote[] good = [VoteOf(0, 3, VoteKind.Prevote, other, 2), VoteOf(0, 4, VoteKind.Prevote, one), VoteOf(0, 1, VoteKind.Prevote, other), VoteOf(0, 5, VoteKind.Prevote, other, 4), VoteOf(0, 6, VoteKind.Prevote, []) with { ValueId = null, VoteSignature = new HashSignatures(_secrets[0]).Sign(SignedText.OfVote(_seats, 1, 6, VoteKind.Prevote, default)) }];
        var lockedOn = VoteOf(0, 2, VoteKind.Precommit, one);
        foreach (var vote in precommitFirst ? [lockedOn, .. good] : (Vote[])[.. good, lockedOn])
        {
            Assert.Equal(ConsensusInput.Taken, coordinator.HandleVote(0, vote));
        }

        Assert.DoesNotContain(Effects(coordinator), effect => effect is ConsensusEffect.Accuse);
        var broken = VoteOf(0, 7, VoteKind.Prevote, other, 1);
        if (precommitFirst)
        {
            coordinator.HandleVote(0, broken);
        }
        else
        {
            coordinator = new ConsensusCoordinator(_seats, Self, new HashSignatures(_secrets[Self]), _values, new ConsensusLimits(), ConsensusRules.Sound);
            coordinator.StartHeight(1);
            coordinator.HandleVote(0, broken);
            Assert.DoesNotContain(Effects(coordinator), effect => effect is ConsensusEffect.Accuse);
            coordinator.HandleVote(0, lockedOn);
        }

        var accused = Assert.Single(Effects(coordinator).OfType<ConsensusEffect.Accuse>());
        Assert.Equal(new BrokenLock { Precommit = lockedOn, Prevote = broken }, Assert.IsType<Evidence.BrokenLockArm>(accused.Evidence).Value);
        Assert.Equal(0, accused.Seat);
    }

    private static List<ConsensusEffect> Effects(ConsensusCoordinator coordinator)
    {
        var effects = new List<ConsensusEffect>();
        while (coordinator.PollEffect() is { } effect)
        {
            effects.Add(effect);
        }

        return effects;
    }

    [Fact]
    public void real_signatures_make_a_certificate_that_any_changed_byte_breaks()
    {
        var keys = Enumerable.Range(0, 4).Select(seat => Xtmp.Crypto.Ed25519PrivateKey.FromSeed(Enumerable.Repeat((byte)seat, 32).ToArray())).ToArray();
        var seats = new SeatSet(new byte[16], 1, keys.Select((key, number) => new Seat { Number = (byte)number, Peer = new byte[32], DealKey = new byte[33], Ed25519Key = PublicOf(key) }));
        var value = _values.Propose(1);
        var id = SeatSet.IdOf(value);
        var certificate = new CommitCertificate
        {
            Epoch = 1,
            Height = 1,
            Round = 0,
            ValueId = id,
            Signatures = [.. new[] { 0, 1, 3 }.Select(seat => new SeatSignature
            {
                Seat = (byte)seat,
                Signature = new Ed25519Signatures(keys[seat]).Sign(SignedText.OfVote(seats, 1, 0, VoteKind.Precommit, id)),
            })],
        };
        var signatures = new Ed25519Signatures(keys[0]);
        var decided = new DecidedValue { Value = value, Certificate = certificate };
        Assert.True(Certificates.Verify(seats, signatures, decided));
        Assert.False(Certificates.Verify(seats, signatures, decided with { Certificate = certificate with { Round = 1 } }));
        Assert.False(Certificates.Verify(seats, signatures, decided with { Certificate = certificate with { Signatures = [.. certificate.Signatures.Take(2)] } }));
        Assert.False(Certificates.Verify(seats, signatures, decided with { Certificate = certificate with { Signatures = [certificate.Signatures[0], certificate.Signatures[0], certificate.Signatures[1]] } }));
        Assert.False(Certificates.Verify(seats, signatures, decided with { Value = value with { StateRoot = new byte[32] } }));
    }

    private static byte[] PublicOf(Xtmp.Crypto.Ed25519PrivateKey key)
    {
        var bytes = new byte[32];
        key.WritePublicKey(bytes);
        return bytes;
    }

    private ReadOnlyMemory<byte>? PrevoteInRoundOne(ConsensusRules rules, uint? proofOfLock, bool restarts = false) =>
        Assert.Single(VotesInRoundOne(rules, proofOfLock, restarts)).ValueId;

    /// <summary>Locks the seat on a value in round 0, and has another proposed in round 1.</summary>
    private List<Vote> VotesInRoundOne(ConsensusRules rules, uint? proofOfLock, bool restarts = false)
    {
        var coordinator = Locked(rules);
        if (restarts)
        {
            coordinator = new ConsensusCoordinator(_seats, Self, new HashSignatures(_secrets[Self]), _values, new ConsensusLimits(), rules);
            coordinator.StartHeight(1, _disk);
            Drain(coordinator);
        }

        coordinator.HandleTimeout(new(ConsensusTimeoutKind.Precommit, 1, 0));
        Drain(coordinator);
        _votes.Clear();
        coordinator.HandleProposal(2, ProposalOf(2, 1, Other(), proofOfLock));
        Drain(coordinator);
        return _votes;
    }

    private ConsensusCoordinator Locked(ConsensusRules rules)
    {
        _disk.Clear();
        _votes.Clear();
        var coordinator = new ConsensusCoordinator(_seats, Self, new HashSignatures(_secrets[Self]), _values, new ConsensusLimits(), rules);
        coordinator.StartHeight(1);
        var value = SimulatedValues.Make(1, _values.Root, 1, 0);
        coordinator.HandleProposal(1, ProposalOf(1, 0, value, proofOfLock: null));
        coordinator.HandleVote(0, VoteOf(0, 0, VoteKind.Prevote, SeatSet.IdOf(value)));
        coordinator.HandleVote(1, VoteOf(1, 0, VoteKind.Prevote, SeatSet.IdOf(value)));
        Drain(coordinator);
        Assert.Equal([VoteKind.Prevote, VoteKind.Precommit], _votes.Select(vote => vote.Kind));
        Assert.All(_votes, vote => Assert.True(vote.ValueId!.Value.Span.SequenceEqual(SeatSet.IdOf(value))));
        return coordinator;
    }

    private static readonly byte[] Unknown = [.. Enumerable.Repeat((byte)9, 32)];

    private ProposedValue Other() => SimulatedValues.Make(1, _values.Root, 2, 9);

    private void Drain(ConsensusCoordinator coordinator)
    {
        while (coordinator.PollEffect() is { } effect)
        {
            switch (effect)
            {
                case ConsensusEffect.Persist(var intent):
                    _disk.Add(intent);
                    coordinator.HandlePersisted(intent);
                    break;
                case ConsensusEffect.SendProposal(var proposal, _):
                    _proposal = proposal;
                    break;
                case ConsensusEffect.SendVote(Self, var vote, _):
                    _votes.Add(vote);
                    break;
            }
        }
    }

    private Vote VoteOf(int seat, uint round, VoteKind kind, byte[] id, uint? proof = null) => new()
    {
        Epoch = 1,
        Height = 1,
        Round = round,
        Kind = kind,
        ValueId = id,
        ProofOfLockRound = proof,
        VoteSignature = new HashSignatures(_secrets[seat]).Sign(SignedText.OfVote(_seats, 1, round, kind, id, proof)),
    };

    private Proposal ProposalOf(int seat, uint round, ProposedValue value, uint? proofOfLock) => new()
    {
        Epoch = 1,
        Height = 1,
        Round = round,
        ProofOfLockRound = proofOfLock,
        Value = value,
        ProposerSignature = new HashSignatures(_secrets[seat]).Sign(SignedText.OfProposal(_seats, 1, round, proofOfLock, SeatSet.IdOf(value))),
    };
}
