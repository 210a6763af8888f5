using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>ClientHello is on its way: ServerHello follows, or a refusal that nobody has signed.</summary>
internal sealed class AwaitServerHello(HandshakeContext context, ClientOffer offer) : HandshakeState
{
    protected override string Expected => "ServerHello";

    public override HandshakeTransition HandlePlain(in FrameHeader header, ReadOnlySpan<byte> payload) => header switch
    {
        { MessageType: FrameCode.Error, Kind: FrameKind.Error } => HandleRefusal(payload),
        { MessageType: FrameCode.HandshakeAck, Kind: FrameKind.OneWay } => HandleHello(payload),
        _ => Unexpected(header.MessageType),
    };

    // Nobody has proved to be the server yet: a refusal is a hint and changes nothing this end remembers.
    private static SessionClose HandleRefusal(ReadOnlySpan<byte> payload)
    {
        if (ErrorMessage.Read(payload) is not { } error)
        {
            return SessionClose.Violation(SessionCloseReason.MalformedPayload, "A refusal is malformed.");
        }

        return error.Code switch
        {
            XtmpErrorCode.Busy => Refused(SessionCloseReason.Busy, error, "it is busy") with { RetryAfter = error.RetryAfter },
            XtmpErrorCode.UntrustedPeer => Refused(SessionCloseReason.Mac1Mismatch, error, "it has another identity than the one expected: the pin is wrong, its key has changed, or something else answers at this address"),
            _ => Refused(SessionCloseReason.NoCommonSuite, error, "the ends have no version, suite or encryption type in common"),
        };
    }

    private static SessionClose Refused(SessionCloseReason reason, RemoteError error, string what) =>
        SessionClose.Violation(reason, $"The server says, without proof, that {what}: {WireText.Quote(error.Text)}.");

    private HandshakeTransition HandleHello(ReadOnlySpan<byte> payload)
    {
        if (!ServerHello.TryRead(payload, out var hello))
        {
            return SessionClose.Violation(SessionCloseReason.MalformedPayload, "ServerHello is malformed.");
        }

        var encryption = (EncryptionType)hello.Encryption;
        if (hello.Suite != (byte)CipherSuite.X25519MlKem1024 || !offer.Options.EncryptionTypes.Contains(encryption) || hello.SessionId == 0)
        {
            return SessionClose.Violation(SessionCloseReason.NoCommonSuite, "ServerHello chooses what was not offered.");
        }

        if (hello.Resumed && offer.Ticket?.Encryption != encryption)
        {
            return SessionClose.Violation(SessionCloseReason.UnexpectedMessage, "ServerHello resumes what was not offered.");
        }

        if (offer.Ticket is not null && !hello.Resumed)
        {
            context.Secrets = new HandshakeSecrets(default);
        }

        Span<byte> agreement = stackalloc byte[KeyAgreement.InputSize];
        if (!offer.Shares.TryFinish(hello.Ciphertext, hello.Share, agreement))
        {
            return SessionClose.Violation(SessionCloseReason.HandshakeAuthentication, "The server's share is not acceptable.");
        }

        context.Transcript.Append(FrameCode.HandshakeAck, payload);
        context.SessionId = hello.SessionId;
        context.Agree(agreement);
        context.EnterHandshakeKeys();
        return new AwaitServerParams(context, offer, new ServerTerms(encryption, hello.Resumed, context.Now.Monotonic - offer.SentAt));
    }
}
