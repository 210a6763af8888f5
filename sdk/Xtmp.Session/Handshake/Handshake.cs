using System.Buffers;
using System.IO.Hashing;
using System.Security.Cryptography;
using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>
/// A handshake of either end: frames in, frames out into the output it was given, until <see cref="Result"/> is there or it
/// has failed. Needs no session; made by <see cref="ClientHandshake"/> or <see cref="ServerHandshake"/>.
/// </summary>
internal sealed class Handshake(HandshakeContext context, HandshakeState first, IDisposable? owned = null) : IDisposable
{
    private HandshakeState _state = first;

    /// <summary>What was settled, once the handshake is done.</summary>
    public HandshakeResult? Result { get; private set; }

    /// <summary>Chosen by the server; 0 before ServerHello.</summary>
    public ulong SessionId => context.SessionId;

    public int FramesSent => context.FramesSent;

    /// <summary>When the handshake has to be done.</summary>
    public TimeSpan Deadline => context.StartedAt + context.Timeout;

    /// <summary>True while this end speaks next: its flight is written by <see cref="WriteFlight"/>, or before the next frame is read.</summary>
    public bool HasPendingFlight => _state.HasPendingFlight;

    /// <summary>Writes the flight that is due.</summary>
    public void WriteFlight(Instant now)
    {
        context.Now = now;
        _state = _state.WriteFlight();
    }

    /// <summary>What ends the session once <see cref="Deadline"/> has passed.</summary>
    public SessionClose? HandleTimeout(TimeSpan time) => time >= Deadline
        ? SessionClose.Violation(SessionCloseReason.HandshakeTimeout, $"The handshake took longer than {context.Timeout.TotalSeconds:0.###} s.", Fault.Network)
        : null;

    /// <summary>Takes a whole frame whose header is checked. What it returns ends the session.</summary>
    public SessionClose? HandleFrame(in FrameHeader header, ReadOnlySpan<byte> frame, Instant now)
    {
        context.Now = now;
        if (HasPendingFlight)
        {
            WriteFlight(now);
        }

        if (context.Records is null)
        {
            var payload = frame[FrameLayout.HeaderSize..];
            return CheckPlain(in header, payload) ?? Move(_state.HandlePlain(in header, payload));
        }

        if (context.Records.Select(in header, out var refused) is not { } keys)
        {
            return refused;
        }

        var length = keys.PlaintextLength(in header);
        var plaintext = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            return context.Records.Open(keys, in header, frame, plaintext.AsSpan(0, length))
                ?? CheckMessage(in header)
                ?? Move(_state.Handle(header.MessageType, plaintext.AsSpan(0, length)));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plaintext.AsSpan(0, length));
            ArrayPool<byte>.Shared.Return(plaintext);
        }
    }

    /// <summary>Erases what only the handshake needs.</summary>
    public void Dispose()
    {
        context.Dispose();
        owned?.Dispose();
    }

    private static SessionClose? CheckPlain(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        if (header.EncryptionType != EncryptionType.None)
        {
            return SessionClose.Violation(SessionCloseReason.EncryptionTypeMismatch, "An encrypted frame came before any key was agreed.");
        }

        if (Crc32.HashToUInt32(payload) != header.Checksum)
        {
            return SessionClose.Violation(SessionCloseReason.ChecksumMismatch, "The checksum of a frame does not match its payload.");
        }

        if (header.Sequence != 0)
        {
            return SessionClose.Violation(SessionCloseReason.SequenceMismatch, $"Expected sequence 0 in an unencrypted frame, received {header.Sequence}.");
        }

        if (header.ExchangeId != 0 || header.Flags != FrameFlags.None)
        {
            return SessionClose.Violation(SessionCloseReason.MalformedFrame, "An unencrypted frame has no flags and no exchange.");
        }

        return header.SessionId != 0
            ? SessionClose.Violation(SessionCloseReason.SessionIdMismatch, "A frame up to and with ServerHello has session id 0.")
            : null;
    }

    private static SessionClose? CheckMessage(in FrameHeader header) =>
        FrameUnpacker.IsPlainControl(in header) && header.MessageType is >= FrameCode.Params and <= FrameCode.Finished
            ? null
            : SessionClose.Violation(SessionCloseReason.UnexpectedMessage, $"Message 0x{header.MessageType:X2} of kind {(byte)header.Kind} is not part of a handshake.");

    private SessionClose? Move(HandshakeTransition transition)
    {
        Result = transition.Result;
        _state = transition.Next ?? _state;
        return transition.Close;
    }
}
