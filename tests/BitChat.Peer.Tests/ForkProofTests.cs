using BitChat.Messages;

namespace BitChat.Peer.Tests;

/// <summary>Who is proved guilty of a fork among seven seats, of which 0, 1 and 2 sign both sides.</summary>
public sealed class ForkProofTests
{
    private static readonly int[] s_one = [0, 1, 2, 3, 4];
    private static readonly int[] s_other = [0, 1, 2, 5, 6];

    [Fact]
    public void two_certificates_of_one_round_prove_who_signed_both() =>
        Guilty([0, 1, 2], Decided(1, 2, s_one), Decided(2, 2, s_other));

    [Fact]
    public void of_two_rounds_the_prevotes_between_them_prove_who_broke_its_lock()
    {
        var early = Decided(1, 2, s_one);
        Guilty([0, 1, 2], early, Decided(2, 3, s_other, Prevotes(2, 3, null, s_other)));
        Guilty([0, 1, 2], early, Decided(2, 5, s_other, Prevotes(2, 5, 1, s_other)));

        // Whoever comes later follows a proof: those in the first quorum after the lock did not.
        Guilty([0, 1], early, Decided(2, 5, s_one, Prevotes(2, 5, 4, s_one), Prevotes(2, 4, 3, s_one), Prevotes(2, 3, 0, [0, 1, 5, 6, 2 + 3])));
        Guilty([2], early, Decided(2, 9, s_one, Prevotes(2, 9, 4, s_one), Prevotes(2, 4, null, [2, 5, 6])));
    }

    [Fact]
    public void a_proof_of_the_round_of_the_lock_is_held_against_the_prevotes_of_that_round()
    {
        var late = Decided(2, 4, s_one, Prevotes(2, 4, 2, s_one), Prevotes(2, 2, null, s_other));
        Guilty([0, 1, 2], Decided(1, 2, s_one, Prevotes(1, 2, null, s_one)), late);
        Guilty([], Decided(1, 2, s_one), late);
    }

    [Fact]
    public void without_the_prevotes_nobody_is_proved_guilty()
    {
        var early = Decided(1, 2, s_one, Prevotes(1, 2, null, s_one));
        Guilty([], early, Decided(2, 3, s_other));
        Guilty([], early, Decided(2, 5, s_other, Prevotes(2, 5, 4, s_other)));
        Guilty([], early, early);
        Guilty([], early, early with { Certificate = early.Certificate with { Round = 3 } });
        var late = Decided(2, 3, s_other, Prevotes(2, 3, null, s_other));
        Guilty([], early, late with { Certificate = late.Certificate with { Epoch = 2 } });
        Guilty([], early, late with { Certificate = late.Certificate with { Height = 2 } });
    }

    private static void Guilty(int[] expected, DecidedValue one, DecidedValue other)
    {
        Assert.Equal(expected, ForkProof.Culprits(one, other));
        Assert.Equal(expected, ForkProof.Culprits(other, one));
    }

    private static DecidedValue Decided(byte value, uint round, int[] seats, params LockProof[] prevotes) => new()
    {
        Value = new ProposedValue { Height = 1, PreviousStateRoot = new byte[32], StateRoot = new byte[32], Operations = [], ProposedAt = DateTimeOffset.UnixEpoch },
        Certificate = new CommitCertificate { Epoch = 1, Height = 1, Round = round, ValueId = Id(value), Signatures = Signatures(seats) },
        Prevotes = prevotes.Length == 0 ? default(Xtmp.Protocol.ValueList<LockProof>?) : [.. prevotes],
    };

    private static LockProof Prevotes(byte value, uint round, uint? proof, int[] seats) =>
        new() { Epoch = 1, Height = 1, Round = round, ValueId = Id(value), Signatures = Signatures(seats), ProofOfLockRound = proof };

    private static byte[] Id(byte value) => [.. Enumerable.Repeat(value, 32)];

    private static SeatSignature[] Signatures(int[] seats) => [.. seats.Select(seat => new SeatSignature { Seat = (byte)seat, Signature = new byte[64] })];
}
