using System.Buffers.Binary;
using System.IO.Hashing;
using System.Security.Cryptography;
using Xtmp.Crypto;
using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>
/// What all states of one handshake share: transcript, secrets, record protection, and the frames that go out. Erases its
/// secrets when it is disposed; those of the session are handed over by <see cref="Finish"/>.
/// </summary>
internal sealed class HandshakeContext(PeerRole role, SessionOptions options, IEntropy entropy, Instant now, PooledOutput output) : IDisposable
{
    private static readonly string[] CoreSchema = ["xtmp"];

    private HandshakeSecrets? _secrets;
    private SessionSecrets? _session;

    public IEntropy Entropy => entropy;

    public Instant Now { get; set; } = now;

    public TimeSpan StartedAt { get; } = now.Monotonic;

    public TimeSpan Timeout => options.Limits.HandshakeTimeout;

    public Transcript Transcript { get; } = new();

    /// <summary>Chosen by the server; 0 before ServerHello.</summary>
    public ulong SessionId { get; set; }

    /// <summary>Null before both ends have agreed on handshake keys.</summary>
    public RecordLayer? Records { get; private set; }

    public int FramesSent { get; private set; }

    /// <summary>The key schedule of the handshake; one that is replaced is erased.</summary>
    public HandshakeSecrets Secrets
    {
        get => _secrets!;
        set
        {
            _secrets?.Dispose();
            _secrets = value;
        }
    }

    /// <summary>Sends an unencrypted frame: a hello, or an Error in place of ServerHello.</summary>
    public void SendPlain(byte code, FrameKind kind, ReadOnlySpan<byte> payload)
    {
        var header = new FrameHeader { MessageType = code, Kind = kind, PayloadLength = payload.Length };
        var destination = output.Reserve(FrameLayout.HeaderSize + payload.Length);
        header.Write(destination);
        payload.CopyTo(destination[FrameLayout.HeaderSize..]);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[FrameLayout.ChecksumOffset..], Crc32.HashToUInt32(payload));
        output.Advance(FrameLayout.HeaderSize + payload.Length);
        FramesSent++;
    }

    /// <summary>Sends a message under this end's handshake key, and adds it to the transcript.</summary>
    public void Send(byte code, ReadOnlySpan<byte> payload)
    {
        var header = new FrameHeader { MessageType = code };
        var destination = output.Reserve(Records!.SealedLength(payload.Length));
        output.Advance(Records.Seal(ref header, payload, destination));
        Transcript.Append(code, payload);
        FramesSent++;
    }

    /// <summary>Sends Identity and Auth.</summary>
    public void SendIdentity(IdentityKey identity, bool fingerprintOnly)
    {
        Span<byte> buffer = stackalloc byte[IdentityMessages.MaxIdentityLength];
        Send(FrameCode.Identity, buffer[..IdentityMessages.WriteIdentity(buffer, identity.Public, options.Certificate, fingerprintOnly)]);
        Send(FrameCode.Auth, buffer[..PeerAuthentication.Sign(identity, role, Transcript, entropy, buffer)]);
    }

    /// <summary>Sends Finished; <paramref name="hash"/> is the transcript hash with it.</summary>
    public void SendFinished(Span<byte> hash)
    {
        Span<byte> buffer = stackalloc byte[IdentityMessages.MaxFinishedLength];
        var secret = role == PeerRole.Client ? Secrets.ClientTraffic : Secrets.ServerTraffic;
        Send(FrameCode.Finished, buffer[..PeerAuthentication.Finish(secret, Transcript, buffer)]);
        Transcript.CopyHash(hash);
    }

    /// <summary>Reads the peer's Finished; <paramref name="hash"/> is the transcript hash with it.</summary>
    public SessionClose? ReceiveFinished(ReadOnlySpan<byte> payload, Span<byte> hash)
    {
        var secret = role == PeerRole.Client ? Secrets.ServerTraffic : Secrets.ClientTraffic;
        if (!PeerAuthentication.IsFinished(payload, secret, Transcript))
        {
            return SessionClose.Violation(SessionCloseReason.HandshakeAuthentication, "The peer's Finished is invalid.");
        }

        Transcript.Append(FrameCode.Finished, payload);
        Transcript.CopyHash(hash);
        return null;
    }

    /// <summary>The transcript now ends with ServerHello: derives the handshake secrets and erases the agreement.</summary>
    public void Agree(Span<byte> agreement)
    {
        Span<byte> hash = stackalloc byte[Transcript.HashSize];
        Transcript.CopyHash(hash);
        Secrets.EnterHandshake(agreement, hash);
        CryptographicOperations.ZeroMemory(agreement);
    }

    /// <summary>Both directions go under the handshake keys, which always are AES-256-GCM and epoch 0.</summary>
    public void EnterHandshakeKeys()
    {
        var client = new TrafficKeys(Secrets.ClientTraffic, EncryptionType.Aes256Gcm, epoch: 0);
        var server = new TrafficKeys(Secrets.ServerTraffic, EncryptionType.Aes256Gcm, epoch: 0);
        var isClient = role == PeerRole.Client;
        Records = new(SessionId, isClient ? client : server, isClient ? server : client, options.Limits);
    }

    /// <summary>ms and both application keys from TH(..server Finished). They are not in use yet.</summary>
    public void PrepareApplicationKeys(ReadOnlySpan<byte> serverFinishedHash, EncryptionType type)
    {
        _session = new SessionSecrets();
        _session.SetMaster(Secrets, serverFinishedHash);
        var (send, receive) = _session.DeriveKeys(role, "c ap"u8, "s ap"u8, type, epoch: 1);
        Records!.Renew(send, receive);
    }

    /// <summary>Both directions go under the application keys; exporter and res are fixed at TH(..client Finished).</summary>
    public SessionSecrets EnterApplicationKeys(ReadOnlySpan<byte> clientFinishedHash)
    {
        _session!.Complete(clientFinishedHash);
        Records!.SwitchReceive();
        Records.SwitchSend();
        return _session;
    }

    /// <summary>Hands everything over that outlives the handshake.</summary>
    public HandshakeResult Finish(EstablishedSession established, AnnouncedLimits peerLimits, bool hasDatagrams, TimeSpan roundTrip, byte[] ticket)
    {
        var result = new HandshakeResult(established, _session!, Records!, peerLimits, hasDatagrams, roundTrip, ticket);
        _session = null;
        Records = null;
        return result;
    }

    /// <summary>Compares schemas; not null where they must be the same and are not.</summary>
    /// <param name="core">The peer's fingerprint of XTMP's own schema, or empty.</param>
    /// <param name="others">Its <see cref="SchemaList"/>, or empty.</param>
    /// <param name="mismatches">Names of the schemas that both ends speak and that differ.</param>
    public SessionClose? RequireSchemas(ReadOnlySpan<byte> core, ReadOnlySpan<byte> others, out IReadOnlyList<string> mismatches)
    {
        var isSame = core.SequenceEqual(options.SchemaFingerprint.Span);
        var isCompared = options.RequireSameSchema || (core.Length > 0 && options.SchemaFingerprint.Length > 0);
        mismatches = [.. isSame || !isCompared ? [] : CoreSchema, .. others.IsEmpty ? [] : SchemaList.Mismatches(others.ToArray(), options.Schemas)];
        return options.RequireSameSchema && mismatches.Count > 0
            ? SessionClose.Violation(SessionCloseReason.SchemaMismatch, $"The peer's schema is another: {string.Join(", ", mismatches)}.")
            : null;
    }

    public void Dispose()
    {
        _secrets?.Dispose();
        _session?.Dispose();
        Records?.Dispose();
        Transcript.Dispose();
        _secrets = null;
        _session = null;
        Records = null;
    }
}
