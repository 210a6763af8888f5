using BitChat.Messages;
using Xtmp.Protocol;

namespace BitChat.Peer;

/// <summary>
/// Seals messages, and checks what comes in before anything looks at its payload: game, size, id, clock, repetition and
/// signature. A proposal, vote, operation, lock proof or checkpoint vote is signed itself; around it nothing is believed.
/// </summary>
internal sealed class MessageGate(PeerSecrets secrets, ReadOnlyMemory<byte> game)
{
    /// <summary>Bytes of a message.</summary>
    public const int MaxBytes = 256 * 1_024;

    /// <summary>Message ids of a seat kept to know repetitions: what one seat sends makes nothing of another's new again.</summary>
    private const int MaxKnown = 1_024;

    private static readonly byte[] NoSignature = new byte[64];

    private readonly Dictionary<ValueId, Heard> _heard = [];
    private int _seats;

    public static bool IsSelfSigned(ConsensusPayload payload) => payload is ConsensusPayload.ProposalArm or ConsensusPayload.VoteArm or ConsensusPayload.OperationArm or ConsensusPayload.LockProofArm or ConsensusPayload.CheckpointVoteArm;

    public ConsensusMessage Seal(ConsensusPayload payload, ReadOnlyMemory<byte> sender, ulong round, DateTimeOffset clock)
    {
        var content = new SignedContent { Sender = sender, GameId = game, Round = round, Timestamp = clock, Payload = payload };
        var id = PeerIds.MessageId(content);
        return new ConsensusMessage
        {
            MessageId = id,
            Sender = sender,
            GameId = game,
            Round = round,
            Timestamp = clock,
            Payload = payload,
            Signature = IsSelfSigned(payload) ? NoSignature : secrets.Signatures.Sign(PeerIds.EnvelopeText(id)),
        };
    }

    /// <summary>
    /// The offset of the median clock of the seats from this one's. A seat that was not heard yet counts with this one's clock:
    /// otherwise whoever is heard first would set the table's, and a value decided far ahead of time keeps all later ones from being.
    /// </summary>
    public TimeSpan MedianOffset
    {
        get
        {
            Span<long> offsets = stackalloc long[Math.Max(_seats, 1 + _heard.Count)];
            offsets.Clear();
            var count = 0;
            foreach (var heard in _heard.Values)
            {
                offsets[count++] = heard.Offset.Ticks;
            }

            offsets.Sort();
            return TimeSpan.FromTicks(offsets[offsets.Length / 2]);
        }
    }

    /// <summary>Null where the message may be looked at.</summary>
    /// <param name="message">The message.</param>
    /// <param name="sender">Who it says sent it, with the key to check; null for a stranger.</param>
    /// <param name="clock">This peer's clock.</param>
    /// <param name="isAsked">A stranger that was asked for state: what it answers proves itself.</param>
    public PeerInput? Check(ConsensusMessage message, Seat? sender, DateTimeOffset clock, bool isAsked = false)
    {
        if (!message.GameId.Span.SequenceEqual(game.Span))
        {
            return PeerInput.ForeignGame;
        }

        if (message.GetEncodedSize() > MaxBytes)
        {
            return PeerInput.TooLarge;
        }

        if (!message.TryValidate(out _) || !IsPlain(message.Payload))
        {
            return PeerInput.Malformed;
        }

        if (sender is null)
        {
            // A stranger may ask to join, with a signature of its own, and for what anybody may have.
            return message.Payload is ConsensusPayload.JoinRequestArm or ConsensusPayload.StateSyncArm { Value.Phase: StateSyncPhase.Request } || (isAsked && message.Payload is ConsensusPayload.StateSyncArm) ? null : PeerInput.UnknownSeat;
        }

        if (IsSelfSigned(message.Payload))
        {
            return null;
        }

        var id = ValueId.Of(message.MessageId.Span);
        var key = ValueId.Of(message.Sender.Span);
        var isKnown = _heard.TryGetValue(key, out var heard);
        if (isKnown && heard!.Known.Contains(id))
        {
            return PeerInput.Duplicate;
        }

        var content = new SignedContent { Sender = message.Sender, GameId = message.GameId, Round = message.Round, Timestamp = message.Timestamp, Payload = message.Payload };
        if (!message.MessageId.Span.SequenceEqual(PeerIds.MessageId(content)))
        {
            return PeerInput.BadMessageId;
        }

        if (!secrets.Signatures.Verify(sender, PeerIds.EnvelopeText(message.MessageId.Span), message.Signature.Span))
        {
            return PeerInput.BadSignature;
        }

        var offset = message.Timestamp - clock;
        var isNear = (offset - MedianOffset).Duration() <= AntiCheatValidator.ClockTolerance;
        if (!isKnown)
        {
            _heard[key] = heard = new Heard { Offset = offset, At = clock };
        }
        else if (offset >= heard!.Offset || (clock - heard.At).Duration() > AntiCheatValidator.ClockTolerance)
        {
            // What was long on its way, or is sent again by others, tells of a clock that has gone on.
            (heard.Offset, heard.At) = (offset, clock);
        }

        if (!isNear)
        {
            return PeerInput.BadClock;
        }

        heard!.Known.Add(id);
        heard.Order.Enqueue(id);
        if (heard.Order.Count > MaxKnown)
        {
            heard.Known.Remove(heard.Order.Dequeue());
        }

        return null;
    }

    /// <summary>
    /// True where nothing that would be kept or passed on has fields beyond this version's: with them it could have any size, and
    /// an operation that holds it would no longer fit where it must. Certificates and values are looked at where they are verified.
    /// </summary>
    private static bool IsPlain(ConsensusPayload payload) => payload switch
    {
        ConsensusPayload.ProposalArm { Value: var proposal } => proposal.UnknownFields is null && proposal.Value.UnknownFields is null,
        ConsensusPayload.VoteArm { Value: var vote } => vote.UnknownFields is null,
        ConsensusPayload.OperationArm { Value: var operation } => operation.UnknownFields is null,
        ConsensusPayload.JoinRequestArm { Value: var request } => request.UnknownFields is null,
        ConsensusPayload.CheckpointVoteArm { Value: var vote } => vote.UnknownFields is null && vote.Signature.UnknownFields is null,
        ConsensusPayload.RandomnessRevealArm { Value: var reveal } => reveal.UnknownFields is null && reveal.Proof switch
        {
            RandomnessProof.OpeningArm { Value: var opened } => opened.UnknownFields is null,
            RandomnessProof.CoinShareArm { Value: var share } => share.UnknownFields is null && share.Proof.UnknownFields is null,
            _ => false,
        },
        _ => true,
    };

    /// <summary>Forgets the clocks of those that have gone.</summary>
    public void Keep(SeatSet? seats)
    {
        _seats = seats?.Count ?? 0;
        foreach (var gone in _heard.Keys.Where(key => seats is null || !seats.Seats.Any(seat => ValueId.Of(seat.Peer.Span) == key)).ToArray())
        {
            _heard.Remove(gone);
        }
    }

    /// <summary>What a seat has sent, and how far its clock is from this peer's: the most of what came within <see cref="AntiCheatValidator.ClockTolerance"/>.</summary>
    private sealed class Heard
    {
        public HashSet<ValueId> Known { get; } = [];

        public Queue<ValueId> Order { get; } = new();

        public TimeSpan Offset { get; set; }

        public DateTimeOffset At { get; set; }
    }
}
