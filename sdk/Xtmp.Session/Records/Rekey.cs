using System.Security.Cryptography;
using Xtmp.Crypto;
using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>
/// When keys are renewed, and the agreement that renews the session's secrets (SPEC §2, "Rekey and limits"). Always started
/// by the client; a server asks its client. The record layer gets its new keys here, and goes over to them frame by frame.
/// </summary>
internal sealed class Rekey(PeerRole role, SessionLimits limits, IEntropy entropy, SessionSecrets secrets, RecordLayer records, TimeSpan now) : IDisposable
{
    private static readonly TimeSpan MinSpacing = TimeSpan.FromSeconds(1);

    /// <summary>What a server allows the client's clock to run fast.</summary>
    private static readonly TimeSpan SpacingTolerance = TimeSpan.FromMilliseconds(100);

    /// <summary>A rekey, or a request for one, that has no answer after this long ends the session.</summary>
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(30);

    private TimeSpan _last = now;
    private TimeSpan _startedAt;
    private ClientShares? _shares;
    private byte[]? _message;
    private bool _wanted;
    private bool _requested;

    /// <summary>Epoch of the newest keys, of which the first are those of the handshake's end.</summary>
    public uint Epoch { get; private set; } = 1;

    private bool IsInFlight => _shares is not null || _requested;

    // The server waits a little longer, so that as a rule the client's own timer does it.
    private TimeSpan Interval =>
        role == PeerRole.Client ? limits.RekeyInterval : limits.RekeyInterval + (limits.RekeyInterval / 16) + MinSpacing;

    /// <summary>Fresh keys are wanted as soon as the rules allow it.</summary>
    public void Request() => _wanted = true;

    /// <summary>When to call <see cref="HandleTimeout"/>.</summary>
    /// <param name="isDue">A key that is not of the record layer has protected so much that it is to be renewed.</param>
    public TimeSpan NextTime(bool isDue) =>
        IsInFlight ? _startedAt + AnswerTimeout : _last + (_wanted || isDue || records.IsRenewalDue ? MinSpacing : Interval);

    /// <summary>Starts a rekey that is due: <paramref name="code"/> and <paramref name="message"/> are to be sent, code 0 means nothing.</summary>
    public SessionClose? HandleTimeout(TimeSpan time, bool isDue, bool mayStart, out byte code, out byte[] message)
    {
        (code, message) = (0, []);
        if (time < NextTime(isDue))
        {
            return null;
        }

        if (IsInFlight)
        {
            return SessionClose.Violation(SessionCloseReason.RekeyViolation, $"The peer has not answered a rekey within {AnswerTimeout.TotalSeconds:0} s.");
        }

        if (!mayStart)
        {
            return null;
        }

        _wanted = false;
        _startedAt = time;
        Span<byte> buffer = stackalloc byte[RekeyMessages.MaxLength];
        if (role == PeerRole.Server)
        {
            _requested = true;
            (code, message) = (FrameCode.RekeyRequest, buffer[..ControlMessages.WriteEmpty(buffer)].ToArray());
            return null;
        }

        _shares = new ClientShares(entropy);
        _message = buffer[..RekeyMessages.Write(buffer, _shares.EncapsulationKey, _shares.Share)].ToArray();
        (code, message) = (FrameCode.Rekey, _message);
        return null;
    }

    /// <summary>At a client: the server asks for a rekey.</summary>
    public SessionClose? HandleRequest(ReadOnlySpan<byte> payload)
    {
        if (!ControlMessages.TryReadEmpty(payload))
        {
            return SessionClose.Violation(SessionCloseReason.MalformedPayload, "A rekey request is malformed.");
        }

        // One that is under way answers the request as well.
        _wanted |= _shares is null;
        return null;
    }

    /// <summary>At a server: renews the secrets; <paramref name="answer"/> is to be sent as the last frame under the old keys.</summary>
    /// <param name="payload">The client's message.</param>
    /// <param name="time">The time.</param>
    /// <param name="answer">RekeyAck.</param>
    public SessionClose? HandleRekey(ReadOnlySpan<byte> payload, TimeSpan time, out byte[] answer)
    {
        answer = [];
        if (records.AwaitsNewEpoch || time < _last + MinSpacing - SpacingTolerance)
        {
            return SessionClose.Violation(SessionCloseReason.RekeyViolation, "A rekey came while another was under way, or within a second of it.");
        }

        if (!RekeyMessages.TryRead(payload, out var ek, out var share))
        {
            return SessionClose.Violation(SessionCloseReason.MalformedPayload, "A rekey is malformed.");
        }

        Span<byte> ct = stackalloc byte[MlKem1024.CiphertextSize];
        Span<byte> serverShare = stackalloc byte[X25519.KeySize];
        Span<byte> agreement = stackalloc byte[KeyAgreement.InputSize];
        Span<byte> buffer = stackalloc byte[RekeyMessages.MaxLength];
        if (!KeyAgreement.TryAnswer(ek, share, entropy, pool: null, ct, serverShare, agreement))
        {
            return SessionClose.Violation(SessionCloseReason.RekeyViolation, "The client's rekey shares are not acceptable.");
        }

        answer = buffer[..RekeyMessages.Write(buffer, ct, serverShare)].ToArray();
        Finish(payload, answer, agreement, time);
        return null;
    }

    /// <summary>At a client: the server's answer renews the secrets.</summary>
    public SessionClose? HandleAnswer(ReadOnlySpan<byte> payload, TimeSpan time)
    {
        if (_shares is null || !RekeyMessages.TryRead(payload, out var ct, out var share))
        {
            return SessionClose.Violation(SessionCloseReason.RekeyViolation, "A rekey answer nobody asked for, or a malformed one.");
        }

        Span<byte> agreement = stackalloc byte[KeyAgreement.InputSize];
        if (!_shares.TryFinish(ct, share, agreement))
        {
            return SessionClose.Violation(SessionCloseReason.RekeyViolation, "The server's rekey share is not acceptable.");
        }

        // The answer was the server's last record of the old epoch, and this end's next is of the new one.
        Finish(_message, payload, agreement, time);
        records.SwitchReceive();
        records.SwitchSend();
        return null;
    }

    public void Dispose()
    {
        _shares?.Dispose();
        _shares = null;
    }

    private void Finish(ReadOnlySpan<byte> rekey, ReadOnlySpan<byte> answer, Span<byte> agreement, TimeSpan time)
    {
        secrets.Rekey(rekey, answer, agreement);
        CryptographicOperations.ZeroMemory(agreement);
        Dispose();
        _message = null;
        _last = time;
        _wanted = false;
        _requested = false;
        var (send, receive) = secrets.DeriveKeys(role, "c ap"u8, "s ap"u8, records.Type, ++Epoch);
        records.Renew(send, receive);
    }
}
