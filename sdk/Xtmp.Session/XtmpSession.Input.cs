using Xtmp.Protocol;

namespace Xtmp.Session;

/// <content>Bytes of the stream in: frames, keys, sequence, reassembly, batches.</content>
public abstract partial class XtmpSession
{
    private SessionCounters _counters;

    /// <summary>Takes bytes of the stream, in any chunking; keeps none of <paramref name="bytes"/>.</summary>
    public void HandleInput(ReadOnlySpan<byte> bytes, Instant now)
    {
        _now = now;
        _counters.BytesReceived += bytes.Length;
        while (State != SessionState.Closed)
        {
            var status = _assembler.TryRead(ref bytes, out var header, out var frame);
            if (status == FrameStatus.NeedMore)
            {
                return;
            }

            if (status != FrameStatus.Ok)
            {
                FailFrame(status);
                return;
            }

            _counters.FramesReceived++;
            CompleteFlight();
            HandleFrame(in header, frame);
        }
    }

    /// <summary>The stream has ended. Without a Disconnect before it this is an abort.</summary>
    public void HandleEndOfStream(Instant now)
    {
        _now = now;
        if (State != SessionState.Closed)
        {
            var where = State == SessionState.Handshaking ? " during the handshake" : string.Empty;
            End(new(SessionCloseReason.EndOfStream, Fault.Network, XtmpErrorCode.ConnectionLost, $"The stream ended without Disconnect{where}."));
        }
    }

    /// <summary>A frame before keys are agreed: its checks are done but for the state it comes in.</summary>
    private protected abstract void HandlePlainFrame(in FrameHeader header, ReadOnlySpan<byte> payload);

    /// <summary>A message under the peer's handshake key.</summary>
    private protected abstract void HandleHandshakeMessage(byte code, ReadOnlySpan<byte> payload);

    private protected void SetMaxPayload(int bytes) => _assembler.MaxPayload = bytes;

    private void HandleFrame(in FrameHeader header, ReadOnlySpan<byte> frame)
    {
        if (_receiveKeys is null)
        {
            HandleUnprotected(in header, frame);
            return;
        }

        var keys = SelectKeys(in header);
        if (keys is null)
        {
            return;
        }

        var length = keys.PlaintextLength(in header);
        if (length < 0)
        {
            Fail(SessionCloseReason.MalformedFrame, XtmpErrorCode.FrameMalformed, "A frame of type 3 is too short for its HMAC.");
            return;
        }

        var plaintext = _arena.Reserve(length);
        if (!keys.TryOpen(in header, frame, plaintext))
        {
            Fail(SessionCloseReason.TagMismatch, XtmpErrorCode.AuthenticationTag, $"The tag of frame {header.Sequence} does not hold.");
            return;
        }

        _arena.Keep(length);
        keys.NextSequence++;
        if (keys.Blocks > Limits.MaxBlocksPerKey)
        {
            Fail(SessionCloseReason.KeyExhausted, XtmpErrorCode.KeyLimitReached, "The peer has used a key beyond its limit.");
            return;
        }

        if (ReferenceEquals(keys, _nextReceiveKeys))
        {
            RetireReceiveKeys();
        }

        _keepAlive.Heard(_now.Monotonic);
        if (State == SessionState.Handshaking)
        {
            HandleHandshakeRecord(in header, plaintext);
            return;
        }

        if (keys.Blocks >= Limits.RekeyAfterBlocks)
        {
            _rekeyWanted = true;
        }

        HandleRecord(in header, plaintext, isDatagram: false);
    }

    private void HandleUnprotected(in FrameHeader header, ReadOnlySpan<byte> frame)
    {
        var payload = frame[FrameLayout.HeaderSize..];
        if (header.EncryptionType != EncryptionType.None)
        {
            Fail(SessionCloseReason.EncryptionTypeMismatch, XtmpErrorCode.ProtocolViolation, "An encrypted frame came before any key was agreed.");
        }
        else if (Crc32.Compute(payload) != header.Checksum)
        {
            Fail(SessionCloseReason.ChecksumMismatch, XtmpErrorCode.ChecksumMismatch, "The checksum of a frame does not match its payload.");
        }
        else if (header.Sequence != 0)
        {
            Fail(SessionCloseReason.SequenceMismatch, XtmpErrorCode.SequenceMismatch, "An unencrypted frame has sequence number 0.");
        }
        else if (header.ExchangeId != 0 || header.Flags != FrameFlags.None)
        {
            Fail(SessionCloseReason.MalformedFrame, XtmpErrorCode.FrameMalformed, "An unencrypted frame has no flags and no exchange.");
        }
        else
        {
            HandlePlainFrame(in header, payload);
        }
    }

    private TrafficKeys? SelectKeys(in FrameHeader header)
    {
        var keys = _receiveKeys!;
        if (header.EncryptionType != keys.Type)
        {
            Fail(SessionCloseReason.EncryptionTypeMismatch,
                header.EncryptionType == EncryptionType.None ? XtmpErrorCode.NotEncrypted : XtmpErrorCode.ProtocolViolation,
                $"A frame of encryption type {(byte)header.EncryptionType} came where type {(byte)keys.Type} is agreed.");
            return null;
        }

        if (header.SessionId != SessionId)
        {
            Fail(SessionCloseReason.SessionIdMismatch, XtmpErrorCode.ProtocolViolation, "A frame carries another session's id.");
            return null;
        }

        if (header.KeyId != keys.KeyId)
        {
            if (_nextReceiveKeys is not { } next || header.KeyId != next.KeyId)
            {
                Fail(SessionCloseReason.KeyIdMismatch, XtmpErrorCode.KeyMismatch, $"Frame {header.Sequence} of epoch {header.Epoch} names a key that is not in use.");
                return null;
            }

            keys = next;
        }

        if (header.Epoch != keys.Epoch)
        {
            Fail(SessionCloseReason.KeyIdMismatch, XtmpErrorCode.KeyMismatch, $"A frame names epoch {header.Epoch} with the key of epoch {keys.Epoch}.");
            return null;
        }

        if (header.Sequence != keys.NextSequence)
        {
            Fail(SessionCloseReason.SequenceMismatch, XtmpErrorCode.SequenceMismatch, $"Frame {header.Sequence} came where {keys.NextSequence} is next.");
            return null;
        }

        return keys;
    }

    private void HandleHandshakeRecord(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        if (!IsPlainControl(in header) || header.MessageType is < FrameCode.Params or > FrameCode.Finished)
        {
            Fail(SessionCloseReason.UnexpectedMessage, XtmpErrorCode.ProtocolViolation, $"Message 0x{header.MessageType:X2} of kind {(byte)header.Kind} is not part of a handshake.");
            return;
        }

        HandleHandshakeMessage(header.MessageType, payload);
    }

    private static bool IsPlainControl(in FrameHeader header) =>
        header.Kind == FrameKind.OneWay && header.ExchangeId == 0 && header.Flags == FrameFlags.Encrypted;

    /// <summary>An authenticated frame of an established session. Its plaintext lies in the arena.</summary>
    private void HandleRecord(in FrameHeader header, ArraySegment<byte> payload, bool isDatagram)
    {
        if (header.MessageType == FrameCode.Batch)
        {
            HandleBatch(in header, payload, isDatagram);
        }
        else if (FrameCode.IsControl(header.MessageType))
        {
            if (!IsPlainControl(in header))
            {
                Violate(isDatagram, SessionCloseReason.MalformedFrame, $"Control message 0x{header.MessageType:X2} has kind 0, no exchange and no flags.");
                return;
            }

            HandleControl(header.MessageType, payload, isDatagram);
        }
        else if ((header.Flags & FrameFlags.Fragmented) != 0)
        {
            HandleFragment(in header, payload, isDatagram);
        }
        else
        {
            var message = new BatchEntry
            {
                MessageType = header.MessageType,
                Flags = header.Flags & BatchEntry.AllowedFlags,
                Kind = header.Kind,
                ExchangeId = header.ExchangeId,
                Length = payload.Count,
            };
            HandleMessage(in message, payload, isDatagram);
        }
    }

    private void HandleBatch(in FrameHeader header, ArraySegment<byte> payload, bool isDatagram)
    {
        if (!IsPlainControl(in header))
        {
            Violate(isDatagram, SessionCloseReason.MalformedFrame, "A batch has kind 0, no exchange and no flags.");
            return;
        }

        while (payload.Count > 0 && State != SessionState.Closed)
        {
            if (!BatchEntry.TryRead(payload, out var entry))
            {
                Violate(isDatagram, SessionCloseReason.MalformedFrame, $"A batch entry {payload.Count} bytes before the end is cut off or not allowed there.");
                return;
            }

            HandleMessage(in entry, payload.Slice(BatchEntry.Size, entry.Length), isDatagram);
            payload = payload.Slice(BatchEntry.Size + entry.Length);
        }
    }

    private void HandleFragment(in FrameHeader header, ArraySegment<byte> payload, bool isDatagram)
    {
        var reassembler = isDatagram ? DatagramReassembler : _reassembler;
        var status = reassembler.Add(in header, payload, _now.Monotonic, out var buffer, out var length);
        switch (status)
        {
            case ReassemblyStatus.Complete:
                _arena.Adopt(buffer, length);
                var message = new BatchEntry
                {
                    MessageType = header.MessageType,
                    Flags = header.Flags & BatchEntry.AllowedFlags,
                    Kind = header.Kind,
                    ExchangeId = header.ExchangeId,
                    Length = length,
                };
                HandleMessage(in message, new(buffer, 0, length), isDatagram);
                break;
            case ReassemblyStatus.Inconsistent:
                Violate(isDatagram, SessionCloseReason.MalformedFrame, $"A fragment of message 0x{header.MessageType:X2} does not fit the others.");
                break;
            case ReassemblyStatus.LimitExceeded:
                Violate(isDatagram, SessionCloseReason.LimitExceeded, "A fragmented message is over the limits of reassembly.");
                break;
        }
    }

    /// <summary>A rule was broken after authentication: fatal on the stream, a counted drop on datagrams.</summary>
    private void Violate(bool isDatagram, SessionCloseReason reason, string text)
    {
        if (isDatagram)
        {
            _counters.DatagramsDropped++;
            return;
        }

        Fail(reason, CodeOf(reason), text);
    }

    private static XtmpErrorCode CodeOf(SessionCloseReason reason) => reason switch
    {
        SessionCloseReason.MalformedFrame => XtmpErrorCode.FrameMalformed,
        SessionCloseReason.MalformedPayload => XtmpErrorCode.PayloadMalformed,
        SessionCloseReason.LimitExceeded => XtmpErrorCode.LimitExceeded,
        SessionCloseReason.KeyExhausted => XtmpErrorCode.KeyLimitReached,
        _ => XtmpErrorCode.ProtocolViolation,
    };

    private void FailFrame(FrameStatus status)
    {
        var (reason, code) = status switch
        {
            FrameStatus.TooLong => (SessionCloseReason.FrameTooLarge, XtmpErrorCode.FrameTooLarge),
            FrameStatus.WrongEncryptionType => (SessionCloseReason.EncryptionTypeMismatch, XtmpErrorCode.FrameMalformed),
            _ => (SessionCloseReason.MalformedFrame, XtmpErrorCode.FrameMalformed),
        };
        Fail(reason, code, $"A frame header is not acceptable: {status}.");
    }
}
