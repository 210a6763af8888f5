using System.Buffers.Binary;
using System.Security.Cryptography;
using Xtmp.Crypto;
using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>A connection was accepted: ClientHello follows, and is answered with ServerHello or a refusal.</summary>
internal sealed class AwaitClientHello(HandshakeContext context, ServerSessionOptions options, object? peer) : HandshakeState
{
    private IdentityKey Identity => options.Identity!;

    protected override string Expected => "ClientHello";

    public override HandshakeTransition HandlePlain(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        if (header is not { MessageType: FrameCode.Handshake, Kind: FrameKind.OneWay })
        {
            return Unexpected(header.MessageType);
        }

        if (!ClientHello.TrySplit(payload, out var hello))
        {
            return SessionClose.Violation(SessionCloseReason.MalformedPayload, "ClientHello is malformed.");
        }

        if (!IsAddressedHere(in hello))
        {
            return Refuse(SessionCloseReason.Mac1Mismatch, "The hello's mac1 is not for this server's identity.", null);
        }

        if (!hello.TryReadBody())
        {
            return SessionClose.Violation(SessionCloseReason.MalformedPayload, "ClientHello is malformed.");
        }

        if (options.Admission is { } admission && !admission.TryAdmit(peer, KindOf(in hello), context.Now, out var retryAfter))
        {
            return Refuse(SessionCloseReason.Busy, "The server is busy.", retryAfter);
        }

        if (hello.Ticket.IsEmpty && hello.Binder.ContainsAnyExcept((byte)0))
        {
            return SessionClose.Violation(SessionCloseReason.BinderMismatch, "A hello without a ticket has a zero binder.");
        }

        return Answer(in hello, payload);
    }

    private static HelloKind KindOf(in ClientHello hello) =>
        !hello.Mac1.ContainsAnyExcept((byte)0) ? HelloKind.Unaddressed
        : hello.Ticket.IsEmpty ? HelloKind.Addressed
        : HelloKind.Resuming;

    private HandshakeTransition Answer(in ClientHello hello, ReadOnlySpan<byte> payload)
    {
        var encryption = ChooseEncryption(in hello);
        if (!hello.OffersVersion || !hello.OffersSuite || encryption == EncryptionType.None)
        {
            return Refuse(SessionCloseReason.NoCommonSuite, "No version, suite or encryption type in common.", null);
        }

        if (context.RequireSchemas(hello.SchemaFingerprint, hello.Schemas, out var mismatches) is { } mismatch)
        {
            return mismatch;
        }

        var terms = new ClientTerms(
            encryption,
            hello.Limits,
            hello.SchemaFingerprint.ToArray(),
            hello.WantsDatagrams && options.EnableDatagrams,
            hello.ServerName,
            KnowsIdentity: !hello.KnownServer.IsEmpty && new Fingerprint(hello.KnownServer) == Identity.Public.Fingerprint)
        {
            SchemaMismatches = mismatches,
        };
        context.Transcript.Append(FrameCode.Handshake, payload);
        if (Resumption.Begin(context, options, in hello, payload, ref terms) is { } invalid)
        {
            return invalid;
        }

        return SendHello(in hello, terms) ?? (HandshakeTransition)new WriteServerFlight(context, options, terms);
    }

    private SessionClose? SendHello(in ClientHello hello, ClientTerms terms)
    {
        Span<byte> random = stackalloc byte[HandshakeLimits.RandomSize];
        Span<byte> ct = stackalloc byte[MlKem1024.CiphertextSize];
        Span<byte> share = stackalloc byte[X25519.KeySize];
        Span<byte> agreement = stackalloc byte[KeyAgreement.InputSize];
        context.Entropy.Fill(random);
        context.SessionId = ChooseSessionId();
        if (!KeyAgreement.TryAnswer(hello.EncapsulationKey, hello.Share, context.Entropy, options.KeySharePool, ct, share, agreement))
        {
            return SessionClose.Violation(SessionCloseReason.HandshakeAuthentication, "The client's shares are not acceptable.");
        }

        Span<byte> buffer = stackalloc byte[ServerHello.MaxLength];
        var answer = new ServerHello
        {
            Random = random,
            Suite = (byte)CipherSuite.X25519MlKem1024,
            Encryption = (byte)terms.Encryption,
            SessionId = context.SessionId,
            Ciphertext = ct,
            Share = share,
            Resumed = terms.Resumed is not null,
        };
        var message = buffer[..answer.Write(buffer)];
        context.SendPlain(FrameCode.HandshakeAck, FrameKind.OneWay, message);
        context.Transcript.Append(FrameCode.HandshakeAck, message);
        context.Agree(agreement);
        return null;
    }

    private bool IsAddressedHere(in ClientHello hello)
    {
        if (!hello.Mac1.ContainsAnyExcept((byte)0))
        {
            return options.AllowAnonymousHello;
        }

        Span<byte> mac = stackalloc byte[HandshakeLimits.Mac1Size];
        ClientHello.ComputeMac1(Identity.Public.Fingerprint, hello.Mac1Input, mac);
        var matches = CryptographicOperations.FixedTimeEquals(mac, hello.Mac1);
        if (!matches && options.NextFingerprint is { } next)
        {
            ClientHello.ComputeMac1(next, hello.Mac1Input, mac);
            matches = CryptographicOperations.FixedTimeEquals(mac, hello.Mac1);
        }

        return matches;
    }

    // The client's order decides among what this end accepts.
    private EncryptionType ChooseEncryption(in ClientHello hello)
    {
        foreach (var offered in (ReadOnlySpan<byte>)hello.Encryption)
        {
            if (offered != 0 && options.EncryptionTypes.Contains((EncryptionType)offered))
            {
                return (EncryptionType)offered;
            }
        }

        return EncryptionType.None;
    }

    private SessionClose Refuse(SessionCloseReason reason, string text, TimeSpan? retryAfter)
    {
        var close = SessionClose.Violation(reason, text) with { RetryAfter = retryAfter };
        Span<byte> buffer = stackalloc byte[ErrorMessage.MaxLength];
        var length = ErrorMessage.Write(buffer, close.Code, text, null, reason == SessionCloseReason.Busy, retryAfter);
        context.SendPlain(FrameCode.Error, FrameKind.Error, buffer[..length]);
        return close;
    }

    private ulong ChooseSessionId()
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        ulong id;
        do
        {
            context.Entropy.Fill(bytes);
            id = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        }
        while (id == 0);
        return id;
    }
}
