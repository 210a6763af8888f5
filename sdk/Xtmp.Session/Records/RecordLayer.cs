using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>
/// Record protection of the stream in both directions: the keys of the running epoch and of the one that follows, and the
/// rules a record must keep to before it is opened (SPEC §1). Owns its keys.
/// </summary>
internal sealed class RecordLayer(ulong sessionId, TrafficKeys send, TrafficKeys receive, SessionLimits limits) : IDisposable
{
    private TrafficKeys _send = send;
    private TrafficKeys _receive = receive;
    private TrafficKeys? _nextSend;
    private TrafficKeys? _nextReceive;

    /// <summary>Epoch of the sending keys.</summary>
    public uint Epoch => _send.Epoch;

    public EncryptionType Type => _send.Type;

    /// <summary>True from <see cref="Renew"/> until the peer's first record of the new epoch.</summary>
    public bool AwaitsNewEpoch => _nextReceive is not null;

    /// <summary>True once a key has protected so much that it is to be renewed.</summary>
    public bool IsRenewalDue =>
        _send.Blocks >= limits.RekeyAfterBlocks || (_nextReceive ?? _receive).Blocks >= limits.RekeyAfterBlocks;

    /// <summary>Tests everything that can be tested before the tag. The keys to open the record with, or null and what was wrong.</summary>
    public TrafficKeys? Select(in FrameHeader header, out SessionClose? violation)
    {
        var keys = _receive;
        if (_nextReceive is { } next && header.KeyId == next.KeyId)
        {
            keys = next;
        }

        if (header.EncryptionType == keys.Type
            && header.SessionId == sessionId
            && header.KeyId == keys.KeyId
            && header.Epoch == keys.Epoch
            && header.Sequence == keys.NextSequence
            && header.PayloadLength >= keys.Overhead)
        {
            violation = null;
            return keys;
        }

        violation = ViolationOf(in header, keys);
        return null;
    }

    /// <summary>Opens a record with the keys that <see cref="Select"/> has just named. The first of a new epoch retires the old keys.</summary>
    public SessionClose? Open(TrafficKeys keys, in FrameHeader header, ReadOnlySpan<byte> frame, Span<byte> plaintext)
    {
        if (!keys.TryOpen(in header, frame, plaintext))
        {
            return InvalidTag(header.Sequence);
        }

        keys.NextSequence++;
        if (keys.Blocks > limits.MaxBlocksPerKey)
        {
            return SessionClose.Violation(SessionCloseReason.KeyExhausted, "The peer has used a key beyond its limit.");
        }

        if (ReferenceEquals(keys, _nextReceive))
        {
            SwitchReceive();
        }

        return null;
    }

    /// <summary>Bytes of a record of so much plaintext.</summary>
    public int SealedLength(int plaintextLength) => FrameLayout.HeaderSize + plaintextLength + _send.Overhead;

    /// <summary>Null while the sending key may protect another record of so much plaintext.</summary>
    public SessionClose? CheckSeal(int plaintextLength) =>
        _send.Blocks + (ulong)(plaintextLength / 16) + 2 > limits.MaxBlocksPerKey
            ? SessionClose.Violation(SessionCloseReason.KeyExhausted, "This end's key has reached its limit and was not renewed in time.", Fault.Local)
            : null;

    /// <summary>Seals one record; returns its length. The caller sets type, flags, kind and exchange of the header.</summary>
    public int Seal(ref FrameHeader header, ReadOnlySpan<byte> plaintext, Span<byte> destination)
    {
        header.SessionId = sessionId;
        return _send.Seal(ref header, plaintext, destination);
    }

    /// <summary>Takes the keys of the next epoch. Each direction goes over to them on its own.</summary>
    public void Renew(TrafficKeys send, TrafficKeys receive)
    {
        _nextSend?.Dispose();
        _nextReceive?.Dispose();
        _nextSend = send;
        _nextReceive = receive;
    }

    /// <summary>The next record sent is of the new epoch.</summary>
    public void SwitchSend()
    {
        _send.Dispose();
        _send = _nextSend!;
        _nextSend = null;
    }

    /// <summary>The next record received is of the new epoch.</summary>
    public void SwitchReceive()
    {
        _receive.Dispose();
        _receive = _nextReceive!;
        _nextReceive = null;
    }

    public void Dispose()
    {
        _send.Dispose();
        _receive.Dispose();
        _nextSend?.Dispose();
        _nextReceive?.Dispose();
    }

    /// <summary>Epoch and type; no key.</summary>
    public override string ToString() => $"send {_send}; receive {_receive}";

    private static SessionClose InvalidTag(ulong sequence) => SessionClose.Violation(SessionCloseReason.TagMismatch, $"The tag of frame {sequence} is invalid.");

    private SessionClose ViolationOf(in FrameHeader header, TrafficKeys keys)
    {
        var (reason, text) = header switch
        {
            { EncryptionType: EncryptionType.None } => (SessionCloseReason.NotEncrypted, "An unencrypted frame came after keys were agreed."),
            { EncryptionType: var type } when type != keys.Type =>
                (SessionCloseReason.EncryptionTypeMismatch, $"Expected encryption type {(byte)keys.Type}, received {(byte)type}."),
            { SessionId: var session } when session != sessionId => (SessionCloseReason.SessionIdMismatch, "A frame carries another session's id."),
            { KeyId: var id } when id != keys.KeyId =>
                (SessionCloseReason.KeyIdMismatch, $"Frame {header.Sequence} of epoch {header.Epoch} names a key that is not in use."),
            { Epoch: var epoch } when epoch != keys.Epoch =>
                (SessionCloseReason.KeyIdMismatch, $"Expected epoch {keys.Epoch} with this key, received {epoch}."),
            { Sequence: var sequence } when sequence != keys.NextSequence =>
                (SessionCloseReason.SequenceMismatch, $"Expected sequence {keys.NextSequence}, received {sequence}."),
            _ => (SessionCloseReason.MalformedFrame, "A frame of type 3 is too short for its HMAC."),
        };
        return SessionClose.Violation(reason, text);
    }
}
