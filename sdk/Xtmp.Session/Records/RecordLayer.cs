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
    private TrafficKeys? _selected;

    /// <summary>Epoch of the sending keys.</summary>
    public uint Epoch => _send.Epoch;

    public EncryptionType Type => _send.Type;

    /// <summary>True from <see cref="Renew"/> until the peer's first record of the new epoch.</summary>
    public bool AwaitsNewEpoch => _nextReceive is not null;

    /// <summary>True once a key has protected so much that it is to be renewed.</summary>
    public bool IsRenewalDue =>
        _send.Blocks >= limits.RekeyAfterBlocks || (_nextReceive ?? _receive).Blocks >= limits.RekeyAfterBlocks;

    /// <summary>Tests everything that can be tested before the tag, and tells the length of the plaintext.</summary>
    public SessionClose? Check(in FrameHeader header, out int plaintextLength)
    {
        plaintextLength = 0;
        _selected = null;
        var keys = _receive;
        if (header.EncryptionType != keys.Type)
        {
            return header.EncryptionType == EncryptionType.None
                ? SessionClose.Violation(SessionCloseReason.NotEncrypted, "An unencrypted frame came after keys were agreed.")
                : SessionClose.Violation(SessionCloseReason.EncryptionTypeMismatch, $"Expected encryption type {(byte)keys.Type}, received {(byte)header.EncryptionType}.");
        }

        if (header.SessionId != sessionId)
        {
            return SessionClose.Violation(SessionCloseReason.SessionIdMismatch, "A frame carries another session's id.");
        }

        if (header.KeyId != keys.KeyId)
        {
            if (_nextReceive is not { } next || header.KeyId != next.KeyId)
            {
                return SessionClose.Violation(SessionCloseReason.KeyIdMismatch, $"Frame {header.Sequence} of epoch {header.Epoch} names a key that is not in use.");
            }

            keys = next;
        }

        if (header.Epoch != keys.Epoch)
        {
            return SessionClose.Violation(SessionCloseReason.KeyIdMismatch, $"Expected epoch {keys.Epoch} with this key, received {header.Epoch}.");
        }

        if (header.Sequence != keys.NextSequence)
        {
            return SessionClose.Violation(SessionCloseReason.SequenceMismatch, $"Expected sequence {keys.NextSequence}, received {header.Sequence}.");
        }

        plaintextLength = keys.PlaintextLength(in header);
        if (plaintextLength < 0)
        {
            return SessionClose.Violation(SessionCloseReason.MalformedFrame, "A frame of type 3 is too short for its HMAC.");
        }

        _selected = keys;
        return null;
    }

    /// <summary>Opens the record that <see cref="Check"/> has just passed. The first of a new epoch retires the old keys.</summary>
    public SessionClose? Open(in FrameHeader header, ReadOnlySpan<byte> frame, Span<byte> plaintext)
    {
        var keys = _selected!;
        if (!keys.TryOpen(in header, frame, plaintext))
        {
            return SessionClose.Violation(SessionCloseReason.TagMismatch, $"The tag of frame {header.Sequence} is invalid.");
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
}
