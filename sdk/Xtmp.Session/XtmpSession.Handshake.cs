using System.Security.Cryptography;
using Xtmp.Protocol;

namespace Xtmp.Session;

/// <content>What the two handshakes share: frames out and keys in.</content>
public abstract partial class XtmpSession
{
    /// <summary>True while what this end says next in the handshake is not made yet.</summary>
    private protected bool HasPendingFlight { get; set; }

    /// <summary>Queues what <see cref="HasPendingFlight"/> is about.</summary>
    private protected virtual void WriteFlight() => throw new System.Diagnostics.UnreachableException();

    /// <summary>Makes the flight that is due. Comes before the next frame of the peer, which may belong to it.</summary>
    private void CompleteFlight()
    {
        if (HasPendingFlight)
        {
            HasPendingFlight = false;
            if (State == SessionState.Handshaking)
            {
                WriteFlight();
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
        var header = new FrameHeader { MessageType = code };
        var destination = _ready.Reserve(FrameLayout.HeaderSize + payload.Length);
        _ready.Advance(_records!.Seal(ref header, payload, destination));
        _counters.FramesSent++;
    }

    /// <summary>Both directions from now on under the handshake keys, which always are AES-256-GCM and epoch 0.</summary>
    private protected void EnterHandshakeKeys(HandshakeSecrets secrets)
    {
        var client = new TrafficKeys(secrets.ClientTraffic, EncryptionType.Aes256Gcm, epoch: 0);
        var server = new TrafficKeys(secrets.ServerTraffic, EncryptionType.Aes256Gcm, epoch: 0);
        var (send, receive) = Role == PeerRole.Client ? (client, server) : (server, client);
        _records = new(SessionId, send, receive, Limits);
    }

    /// <summary>ms and both application keys from TH(..server Finished). They are not in use yet.</summary>
    private protected void PrepareApplicationKeys(HandshakeSecrets handshake, ReadOnlySpan<byte> serverFinishedHash, EncryptionType type)
    {
        _secrets = new SessionSecrets();
        _secrets.SetMaster(handshake);
        Span<byte> secret = stackalloc byte[KeyDerivation.SecretSize];
        _secrets.DeriveTraffic("c ap"u8, serverFinishedHash, secret);
        var client = new TrafficKeys(secret, type, epoch: 1);
        _secrets.DeriveTraffic("s ap"u8, serverFinishedHash, secret);
        var server = new TrafficKeys(secret, type, epoch: 1);
        CryptographicOperations.ZeroMemory(secret);
        var (send, receive) = Role == PeerRole.Client ? (client, server) : (server, client);
        _records!.Renew(send, receive);
    }

    /// <summary>The handshake keys go, the application keys come; exporter and res are fixed at TH(..client Finished).</summary>
    private protected void EnterApplicationKeys(ReadOnlySpan<byte> clientFinishedHash)
    {
        _secrets!.Complete(clientFinishedHash);
        _records!.SwitchReceive();
        _records.SwitchSend();
    }

    /// <summary>False, and the session is over, where the peer's schema must be the same and is not.</summary>
    private protected bool RequireSchema(ReadOnlySpan<byte> peer)
    {
        if (!Options.RequireSameSchema || peer.SequenceEqual(Options.SchemaFingerprint.Span))
        {
            return true;
        }

        Fail(SessionCloseReason.SchemaMismatch, "The peer's schema fingerprint is another.");
        return false;
    }

    /// <summary>Reports a ticket the server gave.</summary>
    private protected void AddTicketEvent(SessionTicket ticket) => AddDetailEvent(SessionEventKind.TicketReceived, ticket);

    /// <summary>Queues a Ticket message.</summary>
    private protected void QueueTicket(ReadOnlySpan<byte> message) => QueueControl(FrameCode.Ticket, message);

    /// <summary>A frame before keys are agreed: its checks are done but for the state it comes in.</summary>
    private protected abstract void HandlePlainFrame(in FrameHeader header, ReadOnlySpan<byte> payload);

    /// <summary>A message under the peer's handshake key.</summary>
    private protected abstract void HandleHandshakeMessage(byte code, ReadOnlySpan<byte> payload);

    /// <summary>A ticket of the server; only clients get here.</summary>
    private protected virtual void HandleTicket(ReadOnlySpan<byte> payload) => throw new System.Diagnostics.UnreachableException();

    /// <summary>What decides about the peer.</summary>
    private protected abstract ITrustPolicy PeerTrust { get; }

    /// <summary>Drops what only the handshake needs.</summary>
    private protected abstract void HandshakeOver();

    /// <summary>A round trip was measured in the handshake.</summary>
    private protected void Measured(TimeSpan roundTrip) => _keepAlive.Measured(roundTrip);

    private protected void BecomeEstablished(EstablishedSession established, AnnouncedLimits peerLimits, bool withDatagrams)
    {
        Established = established;
        State = SessionState.Established;
        _peerLimits = peerLimits;
        _exchanges.SetPeerLimits(peerLimits);
        _keepAlive.Established(_now.Monotonic);
        _rekey = new(Role, Limits, Entropy, _secrets!, _now.Monotonic);
        _assembler.MaxPayload = FrameLayout.MaxPayload;
        HandshakeOver();
        if (withDatagrams)
        {
            _exchanges.HasDatagrams = true;
            var (send, receive) = DeriveKeys("c udp"u8, "s udp"u8, Epoch);
            _datagrams = new(Role, Limits, Entropy, SessionId, send, receive, _now.Monotonic);
        }

        AddDetailEvent(SessionEventKind.Established, established);
    }

    /// <summary>Keys of both directions, the sending ones first.</summary>
    private (TrafficKeys Send, TrafficKeys Receive) DeriveKeys(ReadOnlySpan<byte> clientLabel, ReadOnlySpan<byte> serverLabel, uint epoch)
    {
        var client = _secrets!.DeriveKeys(clientLabel, _records!.Type, epoch);
        var server = _secrets.DeriveKeys(serverLabel, _records.Type, epoch);
        return Role == PeerRole.Client ? (client, server) : (server, client);
    }
}
