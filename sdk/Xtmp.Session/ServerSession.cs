using System.Security.Cryptography;
using Xtmp.Crypto;
using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>The server end, made when a connection is accepted.</summary>
public sealed partial class ServerSession : XtmpSession
{
    private readonly ServerSessionOptions _options;
    private readonly object? _peer;
    private readonly Transcript _transcript = new();
    private readonly byte[] _serverFinishedHash = new byte[Transcript.HashSize];
    private HandshakeSecrets? _handshake;
    private HandshakeStep _step = HandshakeStep.Hello;
    private TimeSpan _flightSentAt;
    private EncryptionType _encryption;
    private bool _resumed;
    private TrustedClaim? _claim;
    private VerifiedPeer? _client;
    private DateTimeOffset _signedAt;
    private AnnouncedLimits _clientLimits;
    private byte[] _clientSchema = [];
    private bool _clientWantsDatagrams;
    private bool _clientKnowsIdentity;

    /// <param name="options">Identity, trust, limits; shared by all sessions of a listener.</param>
    /// <param name="entropy">Source of all random values of this session.</param>
    /// <param name="now">The time the connection was accepted.</param>
    /// <param name="peer">Handed to <see cref="IHandshakeAdmission"/>: whatever names the peer's address.</param>
    public ServerSession(ServerSessionOptions options, IEntropy entropy, Instant now, object? peer = null)
        : base(PeerRole.Server, options, entropy, now)
    {
        if (options.Identity is null)
        {
            throw new ArgumentException("A server needs an identity.", nameof(options));
        }

        _options = options;
        _peer = peer;
    }

    /// <summary>The server name the client asked for, as it claims; null before the hello or where it named none.</summary>
    public string? RequestedServerName { get; private set; }

    private ITrustPolicy ClientTrust => _options.ClientTrust ?? AnyIdentityTrust.Instance;

    private IdentityKey Identity => _options.Identity!;

    private protected override void HandlePlainFrame(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        if (header.SessionId != 0)
        {
            Fail(SessionCloseReason.SessionIdMismatch, "A hello has session id 0.");
        }
        else if (header is not { MessageType: FrameCode.Handshake, Kind: FrameKind.OneWay } || _step != HandshakeStep.Hello)
        {
            Fail(SessionCloseReason.UnexpectedMessage, $"Message 0x{header.MessageType:X2} came where ClientHello is due.");
        }
        else
        {
            HandleHello(payload);
        }
    }

    private protected override void HandleHandshakeMessage(byte code, ReadOnlySpan<byte> payload)
    {
        switch (code, _step)
        {
            case (FrameCode.Identity, HandshakeStep.IdentityOrFinished) when _options.ClientAuthentication != ClientAuthentication.None:
                _transcript.Append(code, payload);
                _claim = PeerAuthentication.Authenticate(payload, PeerRole.Client, expectedName: null, ClientTrust, Now, out var refusal);
                _step = HandshakeStep.Auth;
                if (refusal is not null)
                {
                    End(refusal);
                }

                break;
            case (FrameCode.Auth, HandshakeStep.Auth):
                _client = PeerAuthentication.Verify(payload, _claim!, _transcript);
                if (_client is null)
                {
                    Fail(SessionCloseReason.HandshakeAuthentication, "The client's signatures are invalid.");
                    break;
                }

                _transcript.Append(code, payload);
                _step = HandshakeStep.Finished;
                break;
            case (FrameCode.Finished, HandshakeStep.IdentityOrFinished) when _options.ClientAuthentication == ClientAuthentication.Required:
                Fail(SessionCloseReason.AuthenticationMissing, "The client did not prove an identity.");
                break;
            case (FrameCode.Finished, HandshakeStep.Finished or HandshakeStep.IdentityOrFinished):
                HandleFinished(payload);
                break;
            default:
                Fail(SessionCloseReason.UnexpectedMessage, $"Message 0x{code:X2} came where the handshake waits for {_step}.");
                break;
        }
    }

    private protected override ITrustPolicy PeerTrust => ClientTrust;

    private protected override void HandshakeOver()
    {
        _handshake?.Dispose();
        _transcript.Dispose();
        _handshake = null;
        _claim = null;
        _client = null;
        _step = HandshakeStep.Done;
    }

    private protected override void Dispose(bool disposing)
    {
        HandshakeOver();
        base.Dispose(disposing);
    }

    private void HandleHello(ReadOnlySpan<byte> payload)
    {
        if (!ClientHello.TrySplit(payload, out var hello))
        {
            Fail(SessionCloseReason.MalformedPayload, "ClientHello is malformed.");
            return;
        }

        if (!IsAddressedHere(in hello))
        {
            Fail(SessionCloseReason.Mac1Mismatch, "The hello's mac1 is not for this server's identity.");
            return;
        }

        if (!hello.TryReadBody())
        {
            Fail(SessionCloseReason.MalformedPayload, "ClientHello is malformed.");
            return;
        }

        if (_options.Admission is { } admission && !admission.TryAdmit(_peer, KindOf(in hello), Now, out var retryAfter))
        {
            Refuse(SessionCloseReason.Busy, XtmpErrorCode.Busy, "The server is busy.", retryAfter);
            return;
        }

        if (hello.Ticket.IsEmpty && hello.Binder.ContainsAnyExcept((byte)0))
        {
            Fail(SessionCloseReason.BinderMismatch, "A hello without a ticket has a zero binder.");
            return;
        }

        RequestedServerName = hello.ServerName;
        _encryption = ChooseEncryption(in hello);
        if (!hello.OffersVersion || !hello.OffersSuite || _encryption == EncryptionType.None)
        {
            Refuse(SessionCloseReason.NoCommonSuite, XtmpErrorCode.HandshakeFailed, "No version, suite or encryption type in common.", null);
            return;
        }

        if (!RequireSchema(hello.SchemaFingerprint))
        {
            return;
        }

        _clientLimits = hello.Limits;
        _clientSchema = hello.SchemaFingerprint.ToArray();
        _clientWantsDatagrams = hello.WantsDatagrams && _options.EnableDatagrams;
        _transcript.Append(FrameCode.Handshake, payload);
        if (!TryResume(in hello, payload))
        {
            return;
        }

        AnswerHello(in hello);
    }

    private bool IsAddressedHere(in ClientHello hello)
    {
        if (!hello.Mac1.ContainsAnyExcept((byte)0))
        {
            return _options.AllowAnonymousHello;
        }

        Span<byte> mac = stackalloc byte[HandshakeLimits.Mac1Size];
        ClientHello.ComputeMac1(Identity.Public.Fingerprint, hello.Mac1Input, mac);
        var matches = CryptographicOperations.FixedTimeEquals(mac, hello.Mac1);
        if (!matches && _options.NextFingerprint is { } next)
        {
            ClientHello.ComputeMac1(next, hello.Mac1Input, mac);
            matches = CryptographicOperations.FixedTimeEquals(mac, hello.Mac1);
        }

        return matches;
    }

    private static HelloKind KindOf(in ClientHello hello) =>
        !hello.Mac1.ContainsAnyExcept((byte)0) ? HelloKind.Unaddressed
        : hello.Ticket.IsEmpty ? HelloKind.Addressed
        : HelloKind.Resuming;

    // The client's order decides among what this end accepts.
    private EncryptionType ChooseEncryption(in ClientHello hello)
    {
        foreach (var offered in (ReadOnlySpan<byte>)hello.Encryption)
        {
            if (offered != 0 && _options.EncryptionTypes.Contains((EncryptionType)offered))
            {
                return (EncryptionType)offered;
            }
        }

        return EncryptionType.None;
    }

    private void Refuse(SessionCloseReason reason, XtmpErrorCode code, string text, TimeSpan? retryAfter)
    {
        Span<byte> buffer = stackalloc byte[ErrorMessage.MaxLength];
        SendPlain(FrameCode.Error, FrameKind.Error, buffer[..ErrorMessage.Write(buffer, code, text, null, reason == SessionCloseReason.Busy, retryAfter)]);
        End(new(reason, Fault.Peer, code, text, retryAfter));
    }

    private void AnswerHello(in ClientHello hello)
    {
        Span<byte> random = stackalloc byte[HandshakeLimits.RandomSize];
        Span<byte> ct = stackalloc byte[MlKem1024.CiphertextSize];
        Span<byte> share = stackalloc byte[X25519.KeySize];
        Span<byte> agreement = stackalloc byte[KeyAgreement.InputSize];
        Entropy.Fill(random);
        SessionId = ChooseSessionId();
        if (!KeyAgreement.TryAnswer(hello.EncapsulationKey, hello.Share, Entropy, _options.KeySharePool, ct, share, agreement))
        {
            Fail(SessionCloseReason.HandshakeAuthentication, "The client's shares are not acceptable.");
            return;
        }

        Span<byte> buffer = stackalloc byte[IdentityMessages.MaxIdentityLength];
        var answer = new ServerHello
        {
            Random = random,
            Suite = (byte)CipherSuite.X25519MlKem1024,
            Encryption = (byte)_encryption,
            SessionId = SessionId,
            Ciphertext = ct,
            Share = share,
            Resumed = _resumed,
        };
        var message = buffer[..answer.Write(buffer)];
        SendPlain(FrameCode.HandshakeAck, FrameKind.OneWay, message);
        _transcript.Append(FrameCode.HandshakeAck, message);
        Span<byte> hash = stackalloc byte[Transcript.HashSize];
        _transcript.CopyHash(hash);
        _handshake!.EnterHandshake(agreement, hash);
        CryptographicOperations.ZeroMemory(agreement);
        _clientKnowsIdentity = !hello.KnownServer.IsEmpty && new Fingerprint(hello.KnownServer) == Identity.Public.Fingerprint;
        HasPendingFlight = true;
    }

    // ServerHello is on its way by now: the client agrees on the key while this end derives its own and signs.
    private protected override void WriteFlight()
    {
        Span<byte> buffer = stackalloc byte[IdentityMessages.MaxIdentityLength];
        EnterHandshakeKeys(_handshake!);
        SendParams(buffer);
        if (!_resumed)
        {
            SendIdentity(buffer);
        }

        var message = buffer[..PeerAuthentication.Finish(_handshake!.ServerTraffic, _transcript, buffer)];
        SendProtected(FrameCode.Finished, message);

        // The application keys are derived when the client's Finished needs them: until then the client waits for this flight.
        _transcript.CopyHash(_serverFinishedHash);
        _step = _resumed ? HandshakeStep.Finished : HandshakeStep.IdentityOrFinished;
        _flightSentAt = Now.Monotonic;
    }

    private ulong ChooseSessionId()
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        ulong id;
        do
        {
            Entropy.Fill(bytes);
            id = System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        }
        while (id == 0);
        return id;
    }

    private void SendParams(Span<byte> buffer)
    {
        var parameters = new ServerParams
        {
            ClientAuthentication = _options.ClientAuthentication,
            Limits = AnnouncedLimits.From(Limits),
            SchemaFingerprint = _options.SchemaFingerprint.Span,
            DatagramEndpoint = _clientWantsDatagrams ? _options.DatagramEndpoint : null,
            AllowsDatagrams = _clientWantsDatagrams,
        };
        SendProtected(FrameCode.Params, buffer[..parameters.Write(buffer)]);
    }

    private void SendIdentity(Span<byte> buffer)
    {
        SendProtected(FrameCode.Identity, buffer[..IdentityMessages.WriteIdentity(buffer, Identity.Public, _options.Certificate, _clientKnowsIdentity)]);
        SendProtected(FrameCode.Auth, buffer[..PeerAuthentication.Sign(Identity, PeerRole.Server, _transcript, Entropy, buffer)]);
    }

    private void SendProtected(byte code, ReadOnlySpan<byte> message)
    {
        SendHandshake(code, message);
        _transcript.Append(code, message);
    }

    private void HandleFinished(ReadOnlySpan<byte> payload)
    {
        if (!PeerAuthentication.IsFinished(payload, _handshake!.ClientTraffic, _transcript))
        {
            Fail(SessionCloseReason.HandshakeAuthentication, "The client's Finished is invalid.");
            return;
        }

        Measured(Now.Monotonic - _flightSentAt);
        PrepareApplicationKeys(_handshake, _serverFinishedHash, _encryption);
        _transcript.Append(FrameCode.Finished, payload);
        Span<byte> hash = stackalloc byte[Transcript.HashSize];
        _transcript.CopyHash(hash);
        EnterApplicationKeys(hash);
        var claim = _claim;
        BecomeEstablished(
            new EstablishedSession
            {
                SessionId = SessionId,
                Suite = CipherSuite.X25519MlKem1024,
                Encryption = _encryption,
                Resumed = _resumed,
                ServerFingerprint = Identity.Public.Fingerprint,
                ClientFingerprint = _client?.Fingerprint,
                Peer = _client,
                PeerMaxMessageBytes = _clientLimits.MaxMessageBytes,
                PeerMaxConcurrentRequests = _clientLimits.MaxConcurrentRequests,
                PeerInitialStreamCredit = _clientLimits.InitialStreamCredit,
                PeerSchemaFingerprint = _clientSchema,
                DatagramEndpoint = _clientWantsDatagrams ? _options.DatagramEndpoint : null,
                SignedAt = _resumed ? _signedAt : Now.Wall,
            },
            _clientLimits,
            _clientWantsDatagrams);
        if (claim is not null)
        {
            ClientTrust.Accepted(claim.Peer, Now);
        }

        SendTicket();
    }
}
