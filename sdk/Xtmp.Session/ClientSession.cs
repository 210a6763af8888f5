using System.Security.Cryptography;
using Xtmp.Crypto;
using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>The client end. Its first flight is ready for <see cref="XtmpSession.PollTransmit"/> right after construction.</summary>
public sealed class ClientSession : XtmpSession
{
    private static readonly TimeSpan MaxTicketAge = TimeSpan.FromHours(24);

    private readonly ClientSessionOptions _options;
    private readonly Transcript _transcript = new();
    private ClientShares? _shares;
    private HandshakeSecrets? _handshake;
    private SessionTicket? _ticket;
    private TimeSpan _helloAt;
    private HandshakeStep _step = HandshakeStep.Hello;
    private EncryptionType _encryption;
    private bool _resumed;
    private TrustedClaim? _claim;
    private VerifiedPeer? _server;
    private ClientAuthentication _clientAuthentication;
    private AnnouncedLimits _serverLimits;
    private byte[] _serverSchema = [];
    private string? _datagramEndpoint;
    private bool _datagramsAgreed;

    /// <param name="options">Trust, limits, identity.</param>
    /// <param name="entropy">Source of all random values of this session; kept for rekeying.</param>
    /// <param name="now">The time the handshake starts.</param>
    public ClientSession(ClientSessionOptions options, IEntropy entropy, Instant now)
        : base(PeerRole.Client, options, entropy, now)
    {
        ArgumentNullException.ThrowIfNull(options.ServerTrust);
        _options = options;
        _helloAt = now.Monotonic;
        Span<byte> psk = stackalloc byte[KeyDerivation.SecretSize];
        var usable = IsUsable(options.Ticket) && options.Ticket!.TryTake(psk);
        _ticket = usable ? options.Ticket : null;
        _handshake = new HandshakeSecrets(usable ? psk : default);
        CryptographicOperations.ZeroMemory(psk);
        _shares = new ClientShares(entropy, options.KeySharePool);
        SendHello();
    }

    private protected override void HandlePlainFrame(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        if (header.SessionId != 0)
        {
            Fail(SessionCloseReason.SessionIdMismatch, "A frame before and in ServerHello has session id 0.");
        }
        else if (header is { MessageType: FrameCode.Error, Kind: FrameKind.Error })
        {
            HandleRefusal(payload);
        }
        else if (header is not { MessageType: FrameCode.HandshakeAck, Kind: FrameKind.OneWay })
        {
            Fail(SessionCloseReason.UnexpectedMessage, $"Message 0x{header.MessageType:X2} came where ServerHello is due.");
        }
        else
        {
            HandleServerHello(payload);
        }
    }

    private protected override void HandleHandshakeMessage(byte code, ReadOnlySpan<byte> payload)
    {
        switch (code, _step)
        {
            case (FrameCode.Params, HandshakeStep.Params):
                HandleParams(payload);
                break;
            case (FrameCode.Identity, HandshakeStep.Identity):
                _transcript.Append(code, payload);
                _claim = PeerAuthentication.Authenticate(payload, PeerRole.Server, _options.ServerName, _options.ServerTrust, Now, out var refusal);
                _step = HandshakeStep.Auth;
                if (refusal is not null)
                {
                    End(refusal);
                }

                break;
            case (FrameCode.Auth, HandshakeStep.Auth):
                _server = PeerAuthentication.Verify(payload, _claim!, _transcript);
                if (_server is null)
                {
                    Fail(SessionCloseReason.HandshakeAuthentication, "The server's signatures are invalid.");
                    break;
                }

                _transcript.Append(code, payload);
                _step = HandshakeStep.Finished;
                break;
            case (FrameCode.Finished, HandshakeStep.Finished):
                HandleFinished(payload);
                break;
            default:
                Fail(SessionCloseReason.UnexpectedMessage, $"Message 0x{code:X2} came where the handshake waits for {_step}.");
                break;
        }
    }

    private protected override void HandleTicket(ReadOnlySpan<byte> payload)
    {
        if (!RekeyMessages.TryReadTicket(payload, out var sealedTicket, out var nonce, out var lifetime))
        {
            Fail(SessionCloseReason.MalformedPayload, "A ticket is malformed.");
            return;
        }

        var established = Established!;
        Span<byte> psk = stackalloc byte[KeyDerivation.SecretSize];
        Secrets!.DerivePsk(nonce, psk);
        var last = established.SignedAt + MaxTicketAge;
        var expires = Now.Wall.AddSeconds(Math.Min(lifetime, MaxTicketAge.TotalSeconds));
        AddTicketEvent(new SessionTicket(established.Peer!, sealedTicket, psk)
        {
            ClientFingerprint = established.ClientFingerprint,
            ExpiresAt = expires < last ? expires : last,
            SignedAt = established.SignedAt,
            Encryption = established.Encryption,
        });
        CryptographicOperations.ZeroMemory(psk);
    }

    private protected override ITrustPolicy PeerTrust => _options.ServerTrust;

    private protected override void HandshakeOver()
    {
        _shares?.Dispose();
        _handshake?.Dispose();
        _transcript.Dispose();
        _shares = null;
        _handshake = null;
        _claim = null;
        _server = null;
        _ticket?.Release();
        _ticket = null;
        _step = HandshakeStep.Done;
    }

    private protected override void Dispose(bool disposing)
    {
        HandshakeOver();
        base.Dispose(disposing);
    }

    private bool IsUsable(SessionTicket? ticket) =>
        ticket is not null
        && Now.Wall < ticket.ExpiresAt
        && Now.Wall < ticket.SignedAt + MaxTicketAge
        && Now.Wall >= ticket.SignedAt - MaxTicketAge
        && _options.EncryptionTypes.Contains(ticket.Encryption)
        && (ticket.ClientFingerprint is null || ticket.ClientFingerprint == _options.Identity?.Public.Fingerprint)
        && ticket.Server.Policy == _options.ServerTrust.Name
        && _options.ServerTrust.Evaluate(ticket.Server.ToClaim() with { ExpectedName = _options.ServerName }, Now).IsTrusted;

    private void SendHello()
    {
        Span<byte> random = stackalloc byte[HandshakeLimits.RandomSize];
        Entropy.Fill(random);
        var buffer = new byte[ClientHello.MaxLength(_ticket?.Sealed.Length ?? 0)];
        var known = _options.ServerTrust.KnownKey?.Fingerprint;
        var length = ClientHello.Write(buffer, _options, random, _shares!, known, _ticket);
        var payload = buffer.AsSpan(0, length);
        ClientHello.TrySplit(payload, out var hello);
        if (_ticket is not null)
        {
            Span<byte> hash = stackalloc byte[Transcript.HashSize];
            ClientHello.HashForBinder(payload, hash);
            _handshake!.ComputeBinder(hash, payload.Slice(hello.Body.Length, HandshakeLimits.BinderSize));
        }

        if ((_ticket?.ServerFingerprint ?? _options.ServerTrust.ExpectedFingerprint) is { } server)
        {
            ClientHello.ComputeMac1(server, hello.Mac1Input, payload[^HandshakeLimits.Mac1Size..]);
        }

        _transcript.Append(FrameCode.Handshake, payload);
        SendPlain(FrameCode.Handshake, FrameKind.OneWay, payload);
    }

    // Nobody has proved to be the server yet: a refusal is a hint and changes nothing this end remembers.
    private void HandleRefusal(ReadOnlySpan<byte> payload)
    {
        if (ErrorMessage.Read(payload) is not { } error)
        {
            Fail(SessionCloseReason.MalformedPayload, "A refusal is malformed.");
            return;
        }

        var isBusy = error.Code == XtmpErrorCode.Busy;
        End(new(
            isBusy ? SessionCloseReason.Busy : SessionCloseReason.NoCommonSuite,
            Fault.Peer,
            isBusy ? XtmpErrorCode.Busy : XtmpErrorCode.HandshakeFailed,
            $"The server refused the handshake (unauthenticated): {WireText.Quote(error.Text)}.",
            error.RetryAfter));
    }

    private void HandleServerHello(ReadOnlySpan<byte> payload)
    {
        if (!ServerHello.TryRead(payload, out var hello))
        {
            Fail(SessionCloseReason.MalformedPayload, "ServerHello is malformed.");
            return;
        }

        _encryption = (EncryptionType)hello.Encryption;
        if (hello.Suite != (byte)CipherSuite.X25519MlKem1024 || !_options.EncryptionTypes.Contains(_encryption) || hello.SessionId == 0)
        {
            Fail(SessionCloseReason.NoCommonSuite, "ServerHello chooses what was not offered.");
            return;
        }

        if (hello.Resumed && _ticket?.Encryption != _encryption)
        {
            Fail(SessionCloseReason.UnexpectedMessage, "ServerHello resumes what was not offered.");
            return;
        }

        _resumed = hello.Resumed;
        if (_ticket is not null && !_resumed)
        {
            _handshake!.Dispose();
            _handshake = new HandshakeSecrets(default);
        }

        Span<byte> agreement = stackalloc byte[KeyAgreement.InputSize];
        if (!_shares!.TryFinish(hello.Ciphertext, hello.Share, agreement))
        {
            Fail(SessionCloseReason.HandshakeAuthentication, "The server's share is not acceptable.");
            return;
        }

        Measured(Now.Monotonic - _helloAt);
        _transcript.Append(FrameCode.HandshakeAck, payload);
        Span<byte> hash = stackalloc byte[Transcript.HashSize];
        _transcript.CopyHash(hash);
        _handshake!.EnterHandshake(agreement, hash);
        CryptographicOperations.ZeroMemory(agreement);
        SessionId = hello.SessionId;
        EnterHandshakeKeys(_handshake);
        _step = HandshakeStep.Params;
    }

    private void HandleParams(ReadOnlySpan<byte> payload)
    {
        if (!ServerParams.TryRead(payload, out var parameters))
        {
            Fail(SessionCloseReason.MalformedPayload, "Params is malformed.");
            return;
        }

        if (!RequireSchema(parameters.SchemaFingerprint))
        {
            return;
        }

        _transcript.Append(FrameCode.Params, payload);
        _clientAuthentication = parameters.ClientAuthentication;
        _serverLimits = parameters.Limits;
        _serverSchema = parameters.SchemaFingerprint.ToArray();
        _datagramsAgreed = parameters.AllowsDatagrams && _options.EnableDatagrams;
        _datagramEndpoint = _datagramsAgreed ? parameters.DatagramEndpoint : null;
        _step = _resumed ? HandshakeStep.Finished : HandshakeStep.Identity;
    }

    private void HandleFinished(ReadOnlySpan<byte> payload)
    {
        if (!PeerAuthentication.IsFinished(payload, _handshake!.ServerTraffic, _transcript))
        {
            Fail(SessionCloseReason.HandshakeAuthentication, "The server's Finished is invalid.");
            return;
        }

        _transcript.Append(FrameCode.Finished, payload);
        Span<byte> hash = stackalloc byte[Transcript.HashSize];
        _transcript.CopyHash(hash);
        PrepareApplicationKeys(_handshake, hash, _encryption);
        var proves = !_resumed && _clientAuthentication != ClientAuthentication.None && _options.Identity is not null;
        if (!_resumed && _clientAuthentication == ClientAuthentication.Required && !proves)
        {
            Fail(SessionCloseReason.AuthenticationMissing, "The server requires an identity, and this client has none.", Fault.Local);
            return;
        }

        if (proves)
        {
            SendIdentity(_options.Identity!);
        }

        Span<byte> buffer = stackalloc byte[IdentityMessages.MaxFinishedLength];
        var finished = buffer[..PeerAuthentication.Finish(_handshake.ClientTraffic, _transcript, buffer)];
        SendHandshake(FrameCode.Finished, finished);
        _transcript.Append(FrameCode.Finished, finished);
        _transcript.CopyHash(hash);
        EnterApplicationKeys(hash);
        var server = _resumed ? _ticket!.Server : _server!;
        var established = new EstablishedSession
        {
            SessionId = SessionId,
            Suite = CipherSuite.X25519MlKem1024,
            Encryption = _encryption,
            Resumed = _resumed,
            ServerFingerprint = server.Fingerprint,
            ClientFingerprint = _resumed ? _ticket!.ClientFingerprint : proves ? _options.Identity!.Public.Fingerprint : null,
            Peer = server,
            PeerMaxMessageBytes = _serverLimits.MaxMessageBytes,
            PeerMaxConcurrentRequests = _serverLimits.MaxConcurrentRequests,
            PeerInitialStreamCredit = _serverLimits.InitialStreamCredit,
            PeerSchemaFingerprint = _serverSchema,
            DatagramEndpoint = _datagramEndpoint,
            SignedAt = _resumed ? _ticket!.SignedAt : Now.Wall,
        };
        var claim = _claim;
        _ticket?.Spend();
        BecomeEstablished(established, _serverLimits, _datagramsAgreed);
        if (claim is not null)
        {
            _options.ServerTrust.Accepted(claim.Peer, Now);
        }
    }

    private void SendIdentity(IdentityKey identity)
    {
        Span<byte> buffer = stackalloc byte[IdentityMessages.MaxIdentityLength];
        var message = buffer[..IdentityMessages.WriteIdentity(buffer, identity.Public, _options.Certificate, fingerprintOnly: false)];
        SendHandshake(FrameCode.Identity, message);
        _transcript.Append(FrameCode.Identity, message);
        message = buffer[..PeerAuthentication.Sign(identity, PeerRole.Client, _transcript, Entropy, buffer)];
        SendHandshake(FrameCode.Auth, message);
        _transcript.Append(FrameCode.Auth, message);
    }
}
