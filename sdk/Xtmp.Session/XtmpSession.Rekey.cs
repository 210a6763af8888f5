using System.Security.Cryptography;
using Xtmp.Crypto;
using Xtmp.Protocol;

namespace Xtmp.Session;

/// <content>Fresh keys for a running session (SPEC §2, "Rekey and limits"). Always started by the client.</content>
public abstract partial class XtmpSession
{
    private static readonly TimeSpan MinRekeySpacing = TimeSpan.FromSeconds(1);

    /// <summary>What a server allows the client's clock to run fast.</summary>
    private static readonly TimeSpan RekeySpacingTolerance = TimeSpan.FromMilliseconds(100);

    /// <summary>A rekey, or a request for one, that has no answer after this long ends the session.</summary>
    private static readonly TimeSpan RekeyTimeout = TimeSpan.FromSeconds(30);

    private TrafficKeys? _nextSendKeys;
    private TrafficKeys? _nextReceiveKeys;
    private ClientShares? _rekey;
    private byte[]? _rekeyMessage;
    private TimeSpan _lastRekey;
    private TimeSpan _rekeyStartedAt;
    private bool _rekeyWanted;
    private bool _rekeyRequested;

    /// <summary>Asks for fresh keys now (at most once a second; a server asks its client).</summary>
    public void RequestRekey() => _rekeyWanted = true;

    private bool RekeyInFlight => _rekey is not null || _rekeyRequested;

    private TimeSpan NextRekeyTime()
    {
        if (RekeyInFlight)
        {
            return _rekeyStartedAt + RekeyTimeout;
        }

        return _lastRekey + (_rekeyWanted ? MinRekeySpacing : RekeyInterval);
    }

    // The server waits a little longer, so that as a rule the client's own timer does it.
    private TimeSpan RekeyInterval =>
        Role == PeerRole.Client ? Limits.RekeyInterval : Limits.RekeyInterval + (Limits.RekeyInterval / 16) + MinRekeySpacing;

    private void RunRekeyTimer(TimeSpan time)
    {
        if (State == SessionState.Closed || time < NextRekeyTime())
        {
            return;
        }

        if (RekeyInFlight)
        {
            Fail(SessionCloseReason.RekeyViolation, XtmpErrorCode.ProtocolViolation, $"The peer has not answered a rekey within {RekeyTimeout.TotalSeconds:0} s.");
        }
        else if (State == SessionState.Established)
        {
            StartRekey(time);
        }
    }

    private void StartRekey(TimeSpan time)
    {
        _rekeyWanted = false;
        _rekeyStartedAt = time;
        if (Role == PeerRole.Server)
        {
            _rekeyRequested = true;
            Span<byte> empty = stackalloc byte[8];
            QueueControl(FrameCode.RekeyRequest, empty[..ControlMessages.WriteEmpty(empty)]);
            return;
        }

        _rekey = new ClientShares(Entropy);
        var message = new byte[RekeyMessages.MaxLength];
        var length = RekeyMessages.Write(message, _rekey.EncapsulationKey, _rekey.Share);
        _rekeyMessage = message[..length];
        QueueControl(FrameCode.Rekey, _rekeyMessage);
    }

    private void HandleRekeyRequest(ReadOnlySpan<byte> payload)
    {
        if (!ControlMessages.TryReadEmpty(payload))
        {
            Fail(SessionCloseReason.MalformedPayload, XtmpErrorCode.PayloadMalformed, "A rekey request is malformed.");
        }
        else if (_rekey is null)
        {
            // One that is under way answers the request as well.
            _rekeyWanted = true;
        }
    }

    private void HandleRekey(ReadOnlySpan<byte> payload)
    {
        if (_nextReceiveKeys is not null || _now.Monotonic < _lastRekey + MinRekeySpacing - RekeySpacingTolerance)
        {
            Fail(SessionCloseReason.RekeyViolation, XtmpErrorCode.ProtocolViolation, "A rekey came while another was under way, or within a second of it.");
            return;
        }

        if (!RekeyMessages.TryRead(payload, out var ek, out var share))
        {
            Fail(SessionCloseReason.MalformedPayload, XtmpErrorCode.PayloadMalformed, "A rekey is malformed.");
            return;
        }

        Span<byte> ct = stackalloc byte[MlKem1024.CiphertextSize];
        Span<byte> serverShare = stackalloc byte[X25519.KeySize];
        Span<byte> agreement = stackalloc byte[KeyAgreement.InputSize];
        if (!KeyAgreement.TryAnswer(ek, share, Entropy, spares: null, ct, serverShare, agreement))
        {
            Fail(SessionCloseReason.RekeyViolation, XtmpErrorCode.ProtocolViolation, "The client's rekey shares are not acceptable.");
            return;
        }

        Span<byte> answer = stackalloc byte[RekeyMessages.MaxLength];
        answer = answer[..RekeyMessages.Write(answer, ct, serverShare)];
        Secrets!.Rekey(payload, answer, agreement);
        CryptographicOperations.ZeroMemory(agreement);
        _nextReceiveKeys = DeriveStreamKeys("c ap"u8);
        _nextSendKeys = DeriveStreamKeys("s ap"u8);
        DatagramKeysRenewed();
        QueueControl(FrameCode.RekeyAck, answer);
        RekeyDone();
    }

    private void HandleRekeyAck(ReadOnlySpan<byte> payload)
    {
        if (_rekey is null || !RekeyMessages.TryRead(payload, out var ct, out var share))
        {
            Fail(SessionCloseReason.RekeyViolation, XtmpErrorCode.ProtocolViolation, "A rekey answer nobody asked for, or a malformed one.");
            return;
        }

        Span<byte> agreement = stackalloc byte[KeyAgreement.InputSize];
        if (!_rekey.TryFinish(ct, share, agreement))
        {
            Fail(SessionCloseReason.RekeyViolation, XtmpErrorCode.ProtocolViolation, "The server's rekey share is not acceptable.");
            return;
        }

        Secrets!.Rekey(_rekeyMessage, payload, agreement);
        CryptographicOperations.ZeroMemory(agreement);
        _rekey.Dispose();
        _rekey = null;
        _rekeyMessage = null;
        _nextReceiveKeys = DeriveStreamKeys("s ap"u8);
        _nextSendKeys = DeriveStreamKeys("c ap"u8);
        DatagramKeysRenewed();

        // RekeyAck was the server's last frame of the old epoch, and the client's next is of the new one: a heartbeat,
        // if there is nothing else.
        RetireReceiveKeys();
        SwitchSendKeys();
        if (_queue.Bytes == 0)
        {
            _keepAlive.RequestHeartbeat();
        }

        RekeyDone();
    }

    private void RekeyDone()
    {
        _lastRekey = _now.Monotonic;
        _rekeyWanted = false;
        _rekeyRequested = false;
        _counters.Rekeys++;
        AddDetailEvent(SessionEventKind.RekeyCompleted, null);
    }

    private TrafficKeys DeriveStreamKeys(ReadOnlySpan<byte> label) => DeriveKeys(label, _sendKeys!.Epoch + 1);

    private TrafficKeys DeriveKeys(ReadOnlySpan<byte> label, uint epoch)
    {
        Span<byte> secret = stackalloc byte[KeyDerivation.SecretSize];
        Secrets!.DeriveTraffic(label, Secrets.CurrentHash, secret);
        var keys = new TrafficKeys(secret, _sendKeys!.Type, epoch);
        CryptographicOperations.ZeroMemory(secret);
        return keys;
    }

    private void RetireReceiveKeys()
    {
        _receiveKeys!.Dispose();
        _receiveKeys = _nextReceiveKeys;
        _nextReceiveKeys = null;
    }

    private void SwitchSendKeys()
    {
        _sendKeys!.Dispose();
        _sendKeys = _nextSendKeys;
        _nextSendKeys = null;
    }
}
