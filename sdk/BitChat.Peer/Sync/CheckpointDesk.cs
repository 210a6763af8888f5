using BitChat.Messages;

namespace BitChat.Peer;

/// <summary>Collects signatures of the latest checkpoint until a quorum has signed.</summary>
internal sealed class CheckpointDesk(ISeatSignatures signatures)
{
    private readonly SeatSignature?[] _signatures = new SeatSignature?[SeatSet.MaxSeats];
    private SeatSet? _seats;
    private byte[] _text = [];

    /// <summary>The state that signatures are collected for; null between checkpoints.</summary>
    public TableState? Pending { get; private set; }

    /// <summary>Signatures held, a bit a seat.</summary>
    public byte Bits
    {
        get
        {
            var bits = 0;
            for (var seat = 0; seat < _signatures.Length; seat++)
            {
                bits |= _signatures[seat] is null ? 0 : 1 << seat;
            }

            return (byte)bits;
        }
    }

    /// <summary>Begins with this seat's own signature, if it has a seat.</summary>
    public CheckpointVote? Start(TableState state, SeatSet seats, int? self)
    {
        Array.Clear(_signatures);
        Pending = state;
        _seats = seats;
        _text = PeerIds.CheckpointText(state.GameId.Span, seats.Epoch, state.Height, state.Snapshot.OperationIndex, state.Root, state.SeatSetHash);
        if (self is not { } number)
        {
            return null;
        }

        _signatures[number] = new SeatSignature { Seat = (byte)number, Signature = signatures.Sign(_text), PostQuantum = seats.IsPostQuantum ? signatures.SignPostQuantum(_text) : default(ReadOnlyMemory<byte>?) };
        return VoteOf(number);
    }

    /// <summary>A later one came from others: signatures of this one are collected no more.</summary>
    public void Stop()
    {
        Array.Clear(_signatures);
        Pending = null;
    }

    public CheckpointVote? VoteOf(int seat) => Pending is null || _signatures[seat] is not { } signature ? null : new CheckpointVote
    {
        Epoch = _seats!.Epoch,
        Height = Pending.Height,
        OperationIndex = Pending.Snapshot.OperationIndex,
        StateRoot = Pending.Root,
        SeatSetHash = Pending.SeatSetHash,
        Signature = signature,
    };

    public PeerInput Handle(CheckpointVote vote)
    {
        if (Pending is null || _seats is null || vote.Height != Pending.Height)
        {
            return PeerInput.NotNow;
        }

        var number = vote.Signature.Seat;
        if (vote.Epoch != _seats.Epoch || !_seats.Contains(number))
        {
            return PeerInput.Invalid;
        }

        if (_signatures[number] is not null)
        {
            return PeerInput.Duplicate;
        }

        if (!vote.StateRoot.Span.SequenceEqual(Pending.Root)
            || !signatures.Verify(_seats[number], _text, vote.Signature.Signature.Span)
            || _seats.IsPostQuantum != vote.Signature.PostQuantum.HasValue
            || (vote.Signature.PostQuantum is { } second && !signatures.VerifyPostQuantum(_seats[number], _text, second.Span)))
        {
            return PeerInput.BadSignature;
        }

        _signatures[number] = vote.Signature;
        return PeerInput.Taken;
    }

    /// <summary>The checkpoint and its state, once a quorum has signed.</summary>
    public (TableState State, Checkpoint Checkpoint)? Take()
    {
        if (Pending is not { } state || _signatures.Count(signature => signature is not null) < _seats!.Quorum)
        {
            return null;
        }

        Pending = null;
        return (state, new Checkpoint
        {
            GameId = state.GameId,
            Epoch = _seats.Epoch,
            Height = state.Height,
            OperationIndex = state.Snapshot.OperationIndex,
            StateRoot = state.Root,
            SeatSetHash = state.SeatSetHash,
            Signatures = [.. _signatures.OfType<SeatSignature>()],
        });
    }
}
