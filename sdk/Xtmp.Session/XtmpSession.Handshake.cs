using System.Security.Cryptography;
using Xtmp.Protocol;

namespace Xtmp.Session;

/// <content>What the two handshakes share: frames out and keys in.</content>
public abstract partial class XtmpSession
{
    /// <summary>True while what this end says next in the handshake is not made yet.</summary>
    private protected bool FlightDue { get; set; }

    /// <summary>Queues what <see cref="FlightDue"/> is about.</summary>
    private protected virtual void MakeFlight() => Assertion.Check(false);

    /// <summary>Makes the flight that is due. Comes before the next frame of the peer, which may belong to it.</summary>
    private void CompleteFlight()
    {
        if (FlightDue)
        {
            FlightDue = false;
            if (State == SessionState.Handshaking)
            {
                MakeFlight();
            }
        }
    }

    /// <summary>Queues an unencrypted frame: a hello, or an Error in place of ServerHello.</summary>
    private protected void SendPlain(byte code, FrameKind kind, ReadOnlySpan<byte> payload)
    {
        var header = new FrameHeader { MessageType = code, Kind = kind, PayloadLength = payload.Length };
        var destination = _ready.Reserve(FrameLayout.HeaderSize + payload.Length);
        header.Write(destination);
        payload.CopyTo(destination[FrameLayout.HeaderSize..]);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(destination[FrameLayout.ChecksumOffset..], Crc32.Compute(payload));
        _ready.Advance(FrameLayout.HeaderSize + payload.Length);
        _counters.FramesSent++;
    }

    /// <summary>Queues a message under this end's handshake key.</summary>
    private protected void SendHandshake(byte code, ReadOnlySpan<byte> payload)
    {
        var header = new FrameHeader { MessageType = code, SessionId = SessionId };
        var destination = _ready.Reserve(FrameLayout.HeaderSize + payload.Length);
        _ready.Advance(_sendKeys!.Seal(ref header, payload, destination));
        _counters.FramesSent++;
    }

    /// <summary>Both directions from now on under the handshake keys, which always are AES-256-GCM and epoch 0.</summary>
    private protected void EnterHandshakeKeys(HandshakeSecrets secrets)
    {
        var client = new TrafficKeys(secrets.ClientTraffic, EncryptionType.Aes256Gcm, epoch: 0);
        var server = new TrafficKeys(secrets.ServerTraffic, EncryptionType.Aes256Gcm, epoch: 0);
        (_sendKeys, _receiveKeys) = Role == PeerRole.Client ? (client, server) : (server, client);
    }

    /// <summary>ms and both application keys from TH(..server Finished). They are not in use yet.</summary>
    private protected void PrepareApplicationKeys(HandshakeSecrets handshake, ReadOnlySpan<byte> serverFinishedHash, EncryptionType type)
    {
        Secrets = new SessionSecrets();
        Secrets.SetMaster(handshake);
        Span<byte> secret = stackalloc byte[KeyDerivation.SecretSize];
        Secrets.DeriveTraffic("c ap"u8, serverFinishedHash, secret);
        var client = new TrafficKeys(secret, type, epoch: 1);
        Secrets.DeriveTraffic("s ap"u8, serverFinishedHash, secret);
        var server = new TrafficKeys(secret, type, epoch: 1);
        CryptographicOperations.ZeroMemory(secret);
        (_nextSendKeys, _nextReceiveKeys) = Role == PeerRole.Client ? (client, server) : (server, client);
    }

    /// <summary>The handshake keys go, the application keys come; exporter and res are fixed at TH(..client Finished).</summary>
    private protected void EnterApplicationKeys(ReadOnlySpan<byte> clientFinishedHash)
    {
        Secrets!.Complete(clientFinishedHash);
        RetireReceiveKeys();
        SwitchSendKeys();
    }

    /// <summary>False, and the session is over, where the peer's schema must be the same and is not.</summary>
    private protected bool RequireSchema(ReadOnlySpan<byte> peer)
    {
        if (!Options.RequireSameSchema || peer.SequenceEqual(Options.SchemaFingerprint.Span))
        {
            return true;
        }

        Fail(SessionCloseReason.SchemaMismatch, XtmpErrorCode.HandshakeFailed, "The peer's schema fingerprint is another.");
        return false;
    }

    /// <summary>Reports a ticket the server gave.</summary>
    private protected void AddTicketEvent(SessionTicket ticket) => AddDetailEvent(SessionEventKind.TicketReceived, ticket);

    /// <summary>Queues a Ticket message.</summary>
    private protected void QueueTicket(ReadOnlySpan<byte> message) => QueueControl(FrameCode.Ticket, message);

    private protected void FailHandshake(SessionCloseReason reason, string text, XtmpErrorCode code = XtmpErrorCode.HandshakeFailed) =>
        Fail(reason, code, text);
}
