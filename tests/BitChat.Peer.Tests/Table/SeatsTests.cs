using BitChat.Messages;
using Xtmp.Crypto;

namespace BitChat.Peer.Tests.Table;

/// <summary>Tables that many come to and go from.</summary>
public sealed class SeatsTests
{
    private readonly TestTable _table = new(4);
    private readonly TableRules _rules;

    public SeatsTests() => _rules = new TableRules(_table.Secrets[0].Signatures, P256Group.Instance, new ProofCache());

    [Fact]
    public void everybody_can_leave_a_table_however_many_have_come_and_gone()
    {
        var state = _table.Genesis;
        var guests = 0;
        while (TableRules.TakesMore(state))
        {
            var guest = Guest(guests++, out var key);
            Assert.True(guests < TableLog.MaxEpochs, "the table takes more than it keeps");
            state = Decide(state, _table.Secrets[0], Admission(guest, key, chips: 50));
            state = Decide(state, guest, new SeatLeave());
        }

        Assert.True(guests >= TableRules.LastAdmissions / 2, $"{guests} guests");
        var late = Guest(guests, out var lateKey);
        Assert.Equal(TableFault.BadAdmission, FaultOf(state, _table.Secrets[0], Admission(late, lateKey, chips: 50)));
        foreach (var secrets in _table.Secrets.Take(3))
        {
            state = Decide(state, secrets, new SeatLeave());
        }

        Assert.True(state.Snapshot.Closed);
        Assert.Equal(guests + 4, state.Snapshot.PaidOut.Count);
        Assert.Equal(state.Snapshot.BroughtIn, state.Game.TotalChips + state.Snapshot.PaidOut.Aggregate(0UL, (sum, paid) => sum + paid.Chips));
    }

    [Fact]
    public void a_table_seats_nobody_who_could_not_follow_its_seats_from_the_first_on()
    {
        var state = _table.Genesis;
        for (var guests = 0; TableRules.TakesMore(state); guests++)
        {
            Assert.True(guests < TableLog.MaxEpochs, "the table takes more than it keeps");

            // Without chips nothing is paid out, and only the changes of seats are left to count.
            var guest = Guest(guests, out var key);
            state = Decide(state, _table.Secrets[0], Admission(guest, key, chips: 0));
            state = Decide(state, guest, new SeatLeave());
        }

        Assert.InRange(state.Snapshot.Epoch, (ulong)TableRules.LastAdmissions, (ulong)TableLog.MaxEpochs - SeatSet.MaxSeats + 1);
        Assert.Empty(state.Snapshot.PaidOut.ToArray());
    }

    [Fact]
    public void who_missed_the_value_that_took_its_seat_hears_of_it_later()
    {
        var network = new TestNetwork(_table, new TablePeerOptions());
        Assert.True(network.RunUntil(() => network.Peers.All(peer => peer.State.Snapshot.Coin.Ready)));
        var (height, leaver, isCut) = (network.Peers[0].State.Height, network.Peers[3], false);
        network.Filter = (peer, message) =>
        {
            isCut |= peer == 3 && message.Payload is ConsensusPayload.VoteArm { Value: { Kind: VoteKind.Precommit, ValueId: not null } };
            return message;
        };
        network.Receives = peer => peer != 3 || !isCut;
        network.Do(3, peer => peer.Submit(new SeatLeave(), network.Now));
        Assert.True(network.RunUntil(() => network.Peers.Take(3).All(peer => peer.State.Seats!.Count == 3), 20));
        network.RunUntil(static () => false, 2);
        Assert.Equal((3, height), (leaver.Seat, leaver.State.Height));
        network.Receives = static _ => true;
        Assert.True(network.RunUntil(() => leaver.Seat is null));
    }

    [Fact]
    public void all_hear_of_the_end_of_a_table()
    {
        var network = new TestNetwork(new TestTable(2), new TablePeerOptions());
        network.Do(0, peer => peer.Submit(new SeatLeave(), network.Now));
        Assert.True(network.RunUntil(() => network.Peers.All(peer => peer.State.Snapshot.Closed)));
    }

    [Fact]
    public void seats_that_go_with_their_signatures_of_a_checkpoint_stop_nobody()
    {
        var table = new TestTable(5);
        var state = table.Genesis;
        var journal = new List<JournalRecord>();
        while (state.Height < TableLog.MaxDecided)
        {
            // One goes right after the first checkpoint is due, with its signature; the other withheld its own, and goes when the next is.
            var leaver = state.Height + 1 == TableLog.CheckpointHeights + 1 ? table.Secrets[0] : state.Height + 1 == TableLog.MaxDecided ? table.Secrets[4] : null;
            var value = leaver is null ? _rules.Build(state, [], TestTable.Opened, static (_, _) => { }) : Build(state, leaver, new SeatLeave(), static fault => Assert.Fail($"{fault}"));
            var certificate = new CommitCertificate { Epoch = state.Snapshot.Epoch, Height = value.Height, Round = 0, ValueId = SeatSet.IdOf(value), Signatures = [.. Enumerable.Range(0, 5).Select(seat => new SeatSignature { Seat = (byte)seat, Signature = new byte[64] })] };
            journal.Add(new DecidedValue { Value = value, Certificate = certificate, Prevotes = null });
            state = _rules.Apply(state, value, out _)!;
        }

        var network = new TestNetwork(table, new TablePeerOptions(), journal: journal);
        Assert.Equal(3, network.Peers[1].State.Seats!.Count);
        TableTests.Bet(network, 1);
        Assert.True(network.RunUntil(() => network.Peers[2].State.Snapshot.OperationIndex > state.Snapshot.OperationIndex));
        Assert.True(network.RunUntil(() => network.Peers[2].Log.Checkpoint is not null));
    }

    private static PeerSecrets Guest(int number, out byte[] publicKey)
    {
        var key = Ed25519PrivateKey.FromSeed([.. BitConverter.GetBytes(number), .. new byte[28]]);
        publicKey = TestTable.PublicOf(key);
        return PeerSecrets.Of(key, TestTable.Seed(200));
    }

    private SeatAdmission Admission(PeerSecrets guest, byte[] key, ulong chips) =>
        new() { Request = guest.Request(_table.Genesis.GameId.Span, key, null, "guest", chips, new byte[16]) };

    private TableState Decide(TableState state, PeerSecrets by, TableOperation body)
    {
        var value = Build(state, by, body, static fault => Assert.Fail($"{fault}"));
        return _rules.Apply(state, value, out _)!;
    }

    private TableFault FaultOf(TableState state, PeerSecrets by, TableOperation body)
    {
        var refused = TableFault.None;
        Build(state, by, body, fault => refused = fault);
        return refused;
    }

    private ProposedValue Build(TableState state, PeerSecrets by, TableOperation body, Action<TableFault> refused)
    {
        var unsigned = new GameOperation { OperationId = new byte[16], Player = by.PeerId, Sequence = state.Snapshot.Sequences[state.Seats!.Find(by.PeerId.Span)!.Value].Last + 1, Body = EncodedOperation.Of(body), Signature = default };
        var operation = unsigned with { Signature = by.Signatures.Sign(PeerIds.OperationText(state.GameId.Span, unsigned)) };
        return _rules.Build(state, [operation], TestTable.Opened.AddSeconds(state.Height + 1), (_, fault) => refused(fault));
    }
}
