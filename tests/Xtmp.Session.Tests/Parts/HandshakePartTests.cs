using System.Buffers;
using Xtmp.Crypto;
using Xtmp.Protocol;
using Xtmp.TestKit;

namespace Xtmp.Session.Tests.Parts;

/// <summary>The two handshakes against each other: no session, no exchanges, no timers.</summary>
public sealed class HandshakePartTests : IDisposable
{
    private readonly VirtualClock _clock = new();
    private readonly PooledOutput _fromClient = new();
    private readonly PooledOutput _fromServer = new();
    private readonly List<IDisposable> _disposables = [];

    [Theory]
    [InlineData(ClientAuthentication.None, false)]
    [InlineData(ClientAuthentication.Optional, true)]
    [InlineData(ClientAuthentication.Required, true)]
    public void both_ends_settle_on_the_same(ClientAuthentication authentication, bool proves)
    {
        var (client, server) = Start(PairOptions.FreshClient(), PairOptions.Server with { ClientAuthentication = authentication });
        Assert.Null(Run(client, server));
        var (atClient, atServer) = (client.Result!, server.Result!);
        _disposables.AddRange([atClient.Secrets, atServer.Secrets, atClient.Records, atServer.Records]);
        Assert.Equal(atServer.Established.SessionId, atClient.Established.SessionId);
        Assert.Equal(proves ? TestIdentities.Client.Public.Fingerprint : null, atServer.Established.ClientFingerprint);
        Assert.Equal(proves ? TestIdentities.Client.Public.Fingerprint : null, atClient.Established.ClientFingerprint);
        Assert.Equal(Export(atClient.Secrets), Export(atServer.Secrets));
        Assert.Equal((1u, 1u), (atClient.Records.Epoch, atServer.Records.Epoch));
        Assert.Empty(atServer.Ticket);
    }

    [Fact]
    public void a_ticket_leads_from_params_to_finished()
    {
        using var ring = new TicketKeyRing(new SeededEntropy("ring"u8));
        var options = PairOptions.FreshClient();
        var serverOptions = PairOptions.Server with { TicketKeys = ring };
        var (client, server) = Start(options, serverOptions);
        Assert.Null(Run(client, server));
        Assert.Null(TicketExchange.Accept(server.Result!.Ticket, client.Result!.Established, client.Result.Secrets, _clock.Now, out var ticket));
        _disposables.Add(ticket!);
        (client, server) = Start(options with { Ticket = ticket }, serverOptions);
        var frames = 0;
        Assert.Null(Run(client, server, (_, _) => frames++));
        Assert.Equal(5, frames);
        Assert.True(client.Result!.Established.Resumed);
        Assert.Equal(TestIdentities.Client.Public.Fingerprint, server.Result!.Established.ClientFingerprint);
    }

    [Fact]
    public void a_ticket_comes_back_from_a_handshake_that_failed()
    {
        using var ring = new TicketKeyRing(new SeededEntropy("ring"u8));
        var options = PairOptions.FreshClient();
        var (client, server) = Start(options, PairOptions.Server with { TicketKeys = ring });
        Assert.Null(Run(client, server));
        Assert.Null(TicketExchange.Accept(server.Result!.Ticket, client.Result!.Established, client.Result.Secrets, _clock.Now, out var ticket));
        Span<byte> psk = stackalloc byte[KeyDerivation.SecretSize];
        using (ClientHandshake.Start(options with { Ticket = ticket }, new SeededEntropy(1), _clock.Now, _fromClient))
        {
            Assert.False(ticket!.TryTake(psk));
        }

        Assert.True(ticket.TryTake(psk));
        ticket.Dispose();
    }

    /// <summary>Each state takes the one message it waits for: any other, sealed with the real keys, ends the handshake.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void every_state_of_a_client_refuses_what_it_does_not_wait_for(int after)
    {
        byte[] order = [FrameCode.Params, FrameCode.Identity, FrameCode.Auth, FrameCode.Finished];
        for (var code = FrameCode.Params; code <= FrameCode.Finished; code++)
        {
            if (code == order[after])
            {
                continue;
            }

            var (client, server) = Start(PairOptions.FreshClient(), PairOptions.Server);
            var position = -1;
            var wrong = code;
            var close = Run(client, server, (from, frame) =>
            {
                if (ReferenceEquals(from, server) && position++ == after)
                {
                    frame[FrameLayout.MessageTypeOffset] = wrong;
                }
            });

            // The type is authenticated: changed on the way it is a wrong tag, and never reaches the state.
            Assert.Equal(SessionCloseReason.TagMismatch, close!.Reason);
        }

        var context = new HandshakeContext(PeerRole.Client, PairOptions.Client, new SeededEntropy(3), _clock.Now, _fromClient);
        _disposables.Add(context);
        var offer = new ClientOffer(PairOptions.FreshClient(), new ClientShares(new SeededEntropy(4)), null, default);
        _disposables.Add(offer);
        var terms = new ServerTerms(EncryptionType.Aes256Gcm, Resumed: false, default);
        HandshakeState[] states =
        [
            new AwaitServerParams(context, offer, terms),
            new AwaitServerIdentity(context, offer, terms),
            new AwaitServerAuth(context, offer, terms, null!),
            new AwaitServerFinished(context, offer, terms, null!, null),
        ];
        foreach (var code in order.Where(code => code != order[after]))
        {
            Assert.Equal(SessionCloseReason.UnexpectedMessage, states[after].Handle(code, default).Close!.Reason);
        }
    }

    [Fact]
    public void every_state_of_a_server_refuses_what_it_does_not_wait_for()
    {
        var context = new HandshakeContext(PeerRole.Server, PairOptions.Server, new SeededEntropy(3), _clock.Now, _fromServer);
        _disposables.Add(context);
        var options = PairOptions.Server with { ClientAuthentication = ClientAuthentication.None };
        var terms = new ClientTerms(EncryptionType.Aes256Gcm, AnnouncedLimits.Default, [], HasDatagrams: false, ServerName: null, KnowsIdentity: false);
        var flight = new ServerFlight(new byte[Transcript.HashSize], default);
        (HandshakeState State, byte Expected)[] states =
        [
            (new AwaitClientIdentity(context, options, terms, flight), FrameCode.Finished),
            (new AwaitClientAuth(context, options, terms, flight, null!), FrameCode.Auth),
            (new AwaitClientFinished(context, options, terms, flight, null, null), FrameCode.Finished),
        ];
        foreach (var (state, expected) in states)
        {
            for (var code = FrameCode.Params; code <= FrameCode.Finished; code++)
            {
                if (code != expected)
                {
                    Assert.Equal(SessionCloseReason.UnexpectedMessage, state.Handle(code, default).Close!.Reason);
                }
            }
        }

        var required = new AwaitClientIdentity(context, options with { ClientAuthentication = ClientAuthentication.Required }, terms, flight);
        Assert.Equal(SessionCloseReason.AuthenticationMissing, required.Handle(FrameCode.Finished, default).Close!.Reason);
    }

    public void Dispose()
    {
        foreach (var disposable in _disposables)
        {
            disposable.Dispose();
        }

        _fromClient.Dispose();
        _fromServer.Dispose();
    }

    private (Handshake Client, Handshake Server) Start(ClientSessionOptions client, ServerSessionOptions server)
    {
        _fromClient.Dispose();
        _fromServer.Dispose();
        var ends = (ClientHandshake.Start(client, new SeededEntropy(1), _clock.Now, _fromClient), ServerHandshake.Start(server, new SeededEntropy(2), _clock.Now, _fromServer, peer: null));
        _disposables.AddRange([ends.Item1, ends.Item2]);
        return ends;
    }

    private SessionClose? Run(Handshake client, Handshake server, Action<Handshake, byte[]>? onFrame = null)
    {
        while (client.Result is null || server.Result is null)
        {
            if ((Move(client, _fromClient, server, onFrame) ?? Move(server, _fromServer, client, onFrame)) is { } close)
            {
                return close;
            }
        }

        return null;
    }

    private SessionClose? Move(Handshake from, PooledOutput output, Handshake to, Action<Handshake, byte[]>? onFrame)
    {
        if (from.HasPendingFlight)
        {
            from.WriteFlight(_clock.Now);
        }

        var writer = new ArrayBufferWriter<byte>();
        output.MoveTo(writer);
        for (var rest = writer.WrittenSpan; !rest.IsEmpty;)
        {
            Assert.Equal(FrameStatus.Ok, FrameHeader.TryRead(rest, FrameLayout.MaxHandshakePayload, out var header));
            var frame = rest[..(FrameLayout.HeaderSize + header.PayloadLength)].ToArray();
            rest = rest[frame.Length..];
            onFrame?.Invoke(from, frame);
            Assert.Equal(FrameStatus.Ok, FrameHeader.TryRead(frame, FrameLayout.MaxHandshakePayload, out header));
            if (to.HandleFrame(in header, frame, _clock.Now) is { } close)
            {
                return close;
            }
        }

        return null;
    }

    private static string Export(SessionSecrets secrets)
    {
        var bytes = new byte[32];
        secrets.Export("test", default, bytes);
        return Convert.ToHexString(bytes);
    }
}
