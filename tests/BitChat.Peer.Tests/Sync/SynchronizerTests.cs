using BitChat.Messages;
using Xtmp.Crypto;
using Xtmp.Protocol;

namespace BitChat.Peer.Tests.Sync;

/// <summary>Catching up beside peers that lie: what is verified stays, and only who lied is blamed.</summary>
public sealed class SynchronizerTests : IDisposable
{
    // Post-quantum keys make the state some 12 pieces long.
    private readonly TestTable _table = new(4, postQuantum: true);
    private readonly TableRules _rules;
    private readonly Ed25519PrivateKey _key = Ed25519PrivateKey.FromSeed(TestTable.Seed(77));
    private readonly MlDsa87PrivateKey _second = MlDsa87PrivateKey.FromSeed(TestTable.Seed(79));
    private readonly PeerSecrets _newcomer;

    public SynchronizerTests()
    {
        _rules = new TableRules(_table.Secrets[0].Signatures, P256Group.Instance, new ProofCache());
        _newcomer = PeerSecrets.Of(_key, TestTable.Seed(78), _second);
    }

    public void Dispose()
    {
        _second.Dispose();
        _key.Dispose();
    }

    [Fact]
    public void a_piece_that_claims_another_count_blames_its_sender_and_nobody_else()
    {
        var (state, log) = Decide(_table.Genesis, new TableLog(_table.Genesis), 2);
        Certify(log, state);
        var behind = Synchronizer();
        var answer = Assert.Single(StateSynchronizer.Answer(behind.RequestFrom(_table.Genesis), state, log));
        Assert.True(answer.Chunks.Count > 4);

        // The path of the first piece is right for one piece more as well.
        var liar = answer with { Chunks = [answer.Chunks[0] with { Count = (ushort)(answer.Chunks[0].Count + 1) }] };
        Assert.NotNull(MerkleTree.RootOf(new byte[32], 0, liar.Chunks[0].Count, liar.Chunks[0].Path));
        Assert.Equal(PeerInput.Lied, behind.HandleCheckpoint(liar, _table.Genesis, out _));
        Assert.Equal(PeerInput.Taken, behind.HandleCheckpoint(answer, _table.Genesis, out var whole));
        Assert.Equal(state.Root, whole!.Value.State.Root);
    }

    [Fact]
    public void a_checkpoint_without_pieces_holds_nobody_up()
    {
        var (state, log) = Decide(_table.Genesis, new TableLog(_table.Genesis), 2);
        Certify(log, state);
        var behind = Synchronizer();
        var answer = Assert.Single(StateSynchronizer.Answer(behind.RequestFrom(_table.Genesis), state, log));
        Assert.Equal(PeerInput.NotNow, behind.HandleCheckpoint(answer with { Chunks = [] }, _table.Genesis, out _));
        Assert.Equal(PeerInput.Taken, behind.HandleCheckpoint(answer, _table.Genesis, out var whole));
        Assert.Equal(state.Root, whole!.Value.State.Root);
    }

    [Fact]
    public void pieces_come_from_several_peers_and_a_lie_between_them_undoes_none()
    {
        var (state, log) = Decide(_table.Genesis, new TableLog(_table.Genesis), 2);
        Certify(log, state);
        var behind = Synchronizer();
        var answer = Assert.Single(StateSynchronizer.Answer(behind.RequestFrom(_table.Genesis), state, log));
        (TableState State, Checkpoint Checkpoint, IReadOnlyList<EpochStep> Epochs)? whole = null;
        foreach (var piece in answer.Chunks.Reverse())
        {
            Assert.Null(whole);
            var changed = piece.Data.ToArray();
            changed[^1] ^= 1;
            Assert.Equal(PeerInput.Lied, behind.HandleCheckpoint(answer with { Chunks = [piece with { Data = changed }] }, _table.Genesis, out _));
            behind.Leave(_table.Secrets[3].PeerId.Span, TimeSpan.Zero);
            Assert.Equal(PeerInput.Taken, behind.HandleCheckpoint(answer with { Chunks = [piece] }, _table.Genesis, out whole));
        }

        Assert.Equal(state.Root, whole!.Value.State.Root);
    }

    [Fact]
    public void an_earlier_checkpoint_undoes_no_pieces_of_a_later_one()
    {
        var (early, earlyLog) = Decide(_table.Genesis, new TableLog(_table.Genesis), 2);
        Certify(earlyLog, early);
        var (late, lateLog) = (Decide(early, new TableLog(_table.Genesis), _table.Secrets[2], CoinDealings.Deal(P256Group.Instance, early.Seats!, 2, TestTable.Seed(2)), null), new TableLog(_table.Genesis));
        Certify(lateLog, late);
        var behind = Synchronizer();
        var old = Assert.Single(StateSynchronizer.Answer(behind.RequestFrom(_table.Genesis), early, earlyLog));
        var answer = Assert.Single(StateSynchronizer.Answer(behind.RequestFrom(_table.Genesis), late, lateLog));
        (TableState State, Checkpoint Checkpoint, IReadOnlyList<EpochStep> Epochs)? whole = null;
        foreach (var piece in answer.Chunks)
        {
            Assert.Equal(PeerInput.Taken, behind.HandleCheckpoint(answer with { Chunks = [piece] }, _table.Genesis, out whole));
            Assert.Equal(whole is null ? PeerInput.NotNow : PeerInput.Taken, behind.HandleCheckpoint(old with { Chunks = [old.Chunks[0]] }, _table.Genesis, out _));
        }

        Assert.Equal(late.Root, whole!.Value.State.Root);
    }

    [Fact]
    public void a_checkpoint_of_too_few_seats_or_of_another_state_is_a_lie()
    {
        var (state, log) = Decide(_table.Genesis, new TableLog(_table.Genesis), 2);
        Certify(log, state);
        var behind = Synchronizer();
        var answer = Assert.Single(StateSynchronizer.Answer(behind.RequestFrom(_table.Genesis), state, log));
        var checkpoint = answer.Checkpoint!;
        foreach (var bad in new[]
        {
            checkpoint with { Signatures = [.. checkpoint.Signatures.Take(2)] },
            checkpoint with { Signatures = [checkpoint.Signatures[0], checkpoint.Signatures[0], checkpoint.Signatures[1]] },
            checkpoint with { Signatures = [.. checkpoint.Signatures.Select(signature => signature with { PostQuantum = null })] },
            checkpoint with { StateRoot = new byte[32] },
            checkpoint with { OperationIndex = checkpoint.OperationIndex + 1 },
            checkpoint with { Height = checkpoint.Height + 1 },
            checkpoint with { GameId = new byte[16] },
            checkpoint with { UnknownFields = Padding },
        })
        {
            Assert.Equal(PeerInput.Lied, behind.HandleCheckpoint(answer with { Checkpoint = bad }, _table.Genesis, out var whole));
            Assert.Null(whole);
        }
    }

    [Fact]
    public void the_way_of_the_seats_may_be_longer_than_a_message()
    {
        var (state, log) = (_table.Genesis, new TableLog(_table.Genesis));
        for (var change = 0; change < 24; change++)
        {
            state = change % 2 == 0
                ? Decide(state, log, _table.Secrets[0], Admission(change), _newcomer)
                : Decide(state, log, _newcomer, new SeatLeave(), _newcomer);
        }

        Assert.Equal(25UL, state.Snapshot.Epoch);
        Certify(log, state);
        var behind = Synchronizer();
        var asked = 0;
        for (; ; )
        {
            Assert.True(++asked <= 24);
            (TableState State, Checkpoint Checkpoint, IReadOnlyList<EpochStep> Epochs)? whole = null;
            var request = behind.RequestFrom(_table.Genesis);
            foreach (var answer in StateSynchronizer.Answer(request, state, log))
            {
                Assert.True(answer.GetEncodedSize() < MessageGate.MaxBytes - 1_024, $"an answer of {answer.GetEncodedSize()} bytes");
                Assert.Equal(PeerInput.Taken, behind.HandleCheckpoint(answer, _table.Genesis, out whole));

                // Said twice it leads nowhere, so that nobody can keep this peer asking.
                Assert.Equal(PeerInput.NotNow, behind.HandleCheckpoint(answer with { Chunks = [] }, _table.Genesis, out _));
            }

            if (whole is var (found, _, epochs))
            {
                Assert.Equal(state.Root, found.Root);
                Assert.Equal(24, epochs.Count);
                break;
            }

            Assert.True(behind.RequestFrom(_table.Genesis).Epoch > request.Epoch);
        }

        Assert.True(asked > 2);
    }

    [Fact]
    public void who_leads_further_along_the_seats_than_the_checkpoint_is_leads_nobody_astray()
    {
        var log = new TableLog(_table.Genesis);
        var state = Decide(_table.Genesis, log, _table.Secrets[0], Admission(), _newcomer);
        (state, log) = Decide(state, log, 2);
        Certify(log, state);
        var certified = state;
        state = Decide(state, log, _newcomer, new SeatLeave(), _newcomer);
        var behind = Synchronizer();
        var way = behind.RequestFrom(_table.Genesis) with { Phase = StateSyncPhase.Checkpoint, Epochs = [.. log.Epochs] };
        Assert.Equal(PeerInput.Taken, behind.HandleCheckpoint(way, _table.Genesis, out _));
        Assert.Equal(3UL, behind.RequestFrom(_table.Genesis).Epoch);
        var answers = StateSynchronizer.Answer(behind.RequestFrom(_table.Genesis), state, log).ToArray();
        Assert.Equal([StateSyncPhase.Checkpoint, StateSyncPhase.Deltas], answers.Select(answer => answer.Phase));
        Assert.Equal(PeerInput.Taken, behind.HandleCheckpoint(answers[0], _table.Genesis, out var whole));
        Assert.Equal(certified.Root, whole!.Value.State.Root);
        Assert.Single(whole.Value.Epochs);
    }

    [Fact]
    public void a_journal_holds_every_change_of_seats_that_a_table_can_have()
    {
        var log = new TableLog(_table.Genesis);
        var (state, _) = Decide(_table.Genesis, log, 2);
        var step = new EpochStep { Decided = log.Decided[0], OperationIndex = 1, Seats = state.Snapshot.Seats, ChunksRoot = state.Pieces.Root };
        for (var change = 0; change < TableLog.MaxEpochs; change++)
        {
            log.Add(step);
        }

        Certify(log, state);
        var written = log.Records().OfType<JournalRecord.BaseArm>().Single();
        var read = Assert.IsType<JournalRecord.BaseArm>(EncodedOperation.Parse<JournalRecord>(EncodedOperation.Of<JournalRecord>(written)));
        Assert.Equal(TableLog.MaxEpochs, read.Value.Epochs.Count);
    }

    [Fact]
    public void a_step_of_the_seats_that_a_quorum_did_not_decide_is_a_lie()
    {
        var log = new TableLog(_table.Genesis);
        var state = Decide(_table.Genesis, log, _table.Secrets[0], Admission(), _newcomer);
        (state, log) = Decide(state, log, 2);
        Certify(log, state);
        var answer = Assert.Single(StateSynchronizer.Answer(Synchronizer().RequestFrom(_table.Genesis), state, log));
        var step = Assert.Single(answer.Epochs);
        foreach (var bad in new[]
        {
            step with { Seats = [.. step.Seats.Take(3)] },
            step with { ChunksRoot = new byte[32] },
            step with { UnknownFields = Padding },
            step with { Decided = step.Decided with { Certificate = step.Decided.Certificate with { Signatures = [.. step.Decided.Certificate.Signatures.Take(2)] } } },
        })
        {
            Assert.Equal(PeerInput.Lied, Synchronizer().HandleCheckpoint(answer with { Epochs = [bad] }, _table.Genesis, out _));
        }

        Assert.Equal(PeerInput.FutureEpoch, Synchronizer().HandleCheckpoint(answer with { Epochs = [] }, _table.Genesis, out _));
    }

    [Fact]
    public void peers_that_are_ahead_are_asked_in_turn_and_who_lied_is_left_out_for_a_minute()
    {
        var behind = Synchronizer();
        var (first, second) = (_table.Secrets[1].PeerId, _table.Secrets[2].PeerId);
        behind.HandleAhead(first, ulong.MaxValue, TimeSpan.Zero);
        behind.HandleAhead(second, 8, TimeSpan.Zero);
        var now = TimeSpan.Zero;
        ReadOnlyMemory<byte>? Ask() => behind.Poll(1, static _ => 1, now);
        Assert.Equal(first, Ask());
        Assert.Null(Ask());

        // Silent, or with an answer that is of no use: it is the other's turn.
        now += TimeSpan.FromSeconds(3);
        Assert.Equal(second, Ask());
        behind.HandleAnswer(second.Span);
        Assert.Equal(first, Ask());
        behind.HandleAnswer(first.Span);
        behind.HandleAhead(first, ulong.MaxValue, now);
        Assert.Equal(second, Ask());

        // A lie of one that was not asked ends no wait for another.
        behind.Leave(first.Span, now);
        Assert.Null(Ask());
        behind.HandleAnswer(second.Span);
        Assert.Equal(second, Ask());
        behind.HandleAnswer(second.Span);
        now += TimeSpan.FromSeconds(59);
        Assert.Equal(second, Ask());
        behind.HandleAnswer(second.Span);
        now += TimeSpan.FromSeconds(2);
        Assert.Equal(first, Ask());

        // Who is not ahead any more is not asked.
        behind.HandleAnswer(first.Span);
        Assert.Equal(first, behind.Poll(9, static _ => 1, now));
    }

    private SeatAdmission Admission(int nonce = 0)
    {
        var second = new byte[MlDsa87.PublicKeySize];
        _second.WritePublicKey(second);
        return new SeatAdmission { Request = _newcomer.Request(_table.Genesis.GameId.Span, TestTable.PublicOf(_key), second, "newcomer", 50, TestTable.Seed(nonce)[..16]) };
    }

    /// <summary>Fields that nobody knows, which no signature covers here.</summary>
    private static UnknownFields Padding { get; } = EncodedOperation.Parse<SeatSequence>([0x92, 0x00, 0xC5, 0x10, 0x00, .. new byte[4_096]])!.UnknownFields!;

    private StateSynchronizer Synchronizer() => new(_table.Genesis.GameId, _table.Secrets[0].Signatures, TableMutations.None);

    /// <summary>Some dealings, one a height.</summary>
    private (TableState State, TableLog Log) Decide(TableState state, TableLog log, int heights)
    {
        for (var height = 0; height < heights; height++)
        {
            state = Decide(state, log, _table.Secrets[height], CoinDealings.Deal(P256Group.Instance, state.Seats!, height, TestTable.Seed(height)), null);
        }

        return (state, log);
    }

    private TableState Decide(TableState state, TableLog log, PeerSecrets by, TableOperation body, PeerSecrets? fifth)
    {
        var seat = state.Seats!.Find(by.PeerId.Span)!.Value;
        var unsigned = new GameOperation { OperationId = new byte[16], Player = by.PeerId, Sequence = state.Snapshot.Sequences[seat].Last + 1, Body = EncodedOperation.Of(body), Signature = default };
        var operation = unsigned with { Signature = by.Signatures.Sign(PeerIds.OperationText(state.GameId.Span, unsigned)) };
        var value = _rules.Build(state, [operation], TestTable.Opened.AddSeconds(state.Height + 1), static (_, fault) => Assert.Fail($"{fault}"));
        Assert.Single(value.Operations);
        var id = SeatSet.IdOf(value);
        var text = SignedText.OfVote(state.Seats, value.Height, 0, VoteKind.Precommit, id);
        var decided = new DecidedValue
        {
            Value = value,
            Certificate = new CommitCertificate { Epoch = state.Snapshot.Epoch, Height = value.Height, Round = 0, ValueId = id, Signatures = [.. Sign(state.Seats, text, fifth)] },
        };
        Assert.True(Certificates.Verify(state.Seats, by.Signatures, decided));
        var after = _rules.Apply(state, value, out _)!;
        log.Add(decided);
        if (after.Snapshot.Epoch != state.Snapshot.Epoch)
        {
            log.Add(new EpochStep { Decided = decided, OperationIndex = after.Snapshot.OperationIndex, Seats = after.Snapshot.Seats, ChunksRoot = after.Pieces.Root });
        }

        return after;
    }

    /// <summary>Certifies a state as the log's checkpoint; nothing before it is kept.</summary>
    private void Certify(TableLog log, TableState state)
    {
        var text = PeerIds.CheckpointText(state.GameId.Span, state.Snapshot.Epoch, state.Height, state.Snapshot.OperationIndex, state.Root, state.SeatSetHash);
        log.Rebase(
            state,
            new Checkpoint
            {
                GameId = state.GameId,
                Epoch = state.Snapshot.Epoch,
                Height = state.Height,
                OperationIndex = state.Snapshot.OperationIndex,
                StateRoot = state.Root,
                SeatSetHash = state.SeatSetHash,
                Signatures = [.. Sign(state.Seats!, text, null)],
            },
            kept: 0);
    }

    private IEnumerable<SeatSignature> Sign(SeatSet seats, byte[] text, PeerSecrets? fifth) =>
        _table.Secrets.Concat(fifth is null ? [] : [fifth])
            .Select(secret => (Seat: seats.Find(secret.PeerId.Span), Secret: secret))
            .Where(signer => signer.Seat is not null)
            .OrderBy(signer => signer.Seat)
            .Take(seats.Quorum)
            .Select(signer => new SeatSignature { Seat = (byte)signer.Seat!, Signature = signer.Secret.Signatures.Sign(text), PostQuantum = signer.Secret.Signatures.SignPostQuantum(text) });
}
