using BitChat.Messages;

namespace BitChat.Peer;

/// <summary>What came before its time.</summary>
public sealed partial class TablePeer
{
    private readonly EarlyMessages _early = new();
    private ConsensusMessages? _signed;
    private ulong _earlyAt;

    /// <summary>A vote or proposal of the height after the next: only what its seat has signed takes its room.</summary>
    private void KeepEarly(int seat, ConsensusMessage message, ulong height)
    {
        if (height != State.Height + 2 || _isForked)
        {
            return;
        }

        if (message.Payload is not ConsensusPayload.LockProofArm && IsSigned(seat, message))
        {
            _early.Add(seat, message);
        }
    }

    private bool IsSigned(int seat, ConsensusMessage message) => message.Payload switch
    {
        ConsensusPayload.VoteArm { Value: var vote } => !_consensusRules.VerifiesSignatures || _signed!.Verify(seat, vote),
        ConsensusPayload.ProposalArm { Value: var proposal } => !_consensusRules.VerifiesSignatures || _signed!.Verify(seat, proposal, ValueId.Of(proposal.Value)),
        ConsensusPayload.LockProofArm { Value: var proof } => !_consensusRules.VerifiesCertificates || Certificates.Verify(State.Seats!, _secrets.Signatures, proof, _consensusRules),
        _ => false,
    };

    /// <summary>After a height: what came early is looked at again; what is still too early is kept once more.</summary>
    private bool HandleEarly()
    {
        if (_early.Count == 0 || _earlyAt == State.Height)
        {
            return false;
        }

        _earlyAt = State.Height;
        foreach (var (seat, message) in _early.Take())
        {
            if (State.Seats is { } seats && seats.Contains(seat))
            {
                DispatchOf(message, seat);
            }
        }

        return true;
    }
}
