using System.Security.Cryptography;
using Xtmp.Crypto;
using Xtmp.Protocol;
using Xtmp.TestKit;

namespace Xtmp.Session.Tests;

/// <content>What follows the handshake: the ticket it gives, a rekey, and the session that the ticket resumes.</content>
internal sealed partial class WorkedHandshake
{
    /// <summary>The server gives its ticket; the client renews the keys a second later.</summary>
    private SessionTicket Continue(SessionEnd client, SessionEnd server, byte[] ms, byte[] res, byte[] clientTraffic, byte[] serverTraffic, SeededEntropy entropy, Instant now)
    {
        Move(server, client, now);
        Assert.True(RekeyMessages.TryReadTicket(Open(serverTraffic, _frames[10], epoch: 1), out _, out var nonce, out _));
        Line("Ticket: nonce", nonce.ToArray());
        _psk = L(res, "psk", nonce.ToArray(), 48);
        Line("psk of the ticket", _psk);

        var later = now + TimeSpan.FromSeconds(1);
        client.Session.RequestRekey();
        client.Session.HandleTimeout(later);
        Move(client, server, later);
        Move(server, client, later);
        Move(client, server, later);
        Assert.Equal((2u, 2u), (client.Session.Epoch, server.Session.Epoch));

        // The hello's random and the bytes that hedge the client's signature were drawn in between.
        Take(entropy, HandshakeLimits.RandomSize + 32);
        var seed = Take(entropy, MlKem1024.SeedSize);
        var x = Take(entropy, X25519.KeySize);
        using var kem = MlKem1024PrivateKey.FromSeed(seed);
        Line("Rekey: client ML-KEM seed d ‖ z", seed);
        Line("Rekey: client X25519 private key", x);
        var rekey = Open(clientTraffic, _frames[11], epoch: 1);
        var answer = Open(serverTraffic, _frames[12], epoch: 1);
        Assert.True(RekeyMessages.TryRead(answer, out var ct, out var share));
        var before = Hash();
        Message("Rekey", 11, rekey);
        Message("RekeyAck", 12, answer);
        _messages.RemoveRange(_messages.Count - 2, 2);
        var hash = SHA384.HashData([.. before, .. Entry(FrameCode.Rekey, rekey), .. Entry(FrameCode.RekeyAck, answer)]);
        Line("TH'", hash);
        ms = Extract(L(ms, "rk", hash, 48), Agree(kem, x, ct.ToArray(), share.ToArray()));
        Line("ms'", ms);
        clientTraffic = L(ms, "c ap", hash, 48);
        Line("c_ap of epoch 2", clientTraffic);
        Line("s_ap of epoch 2", L(ms, "s ap", hash, 48));
        Line("res of epoch 2", L(ms, "res", hash, 48));
        Line("first frame of the client in epoch 2: Heartbeat", _frames[13]);
        Equal([0x92, 1, 0xC2], Open(clientTraffic, _frames[13], epoch: 2));
        return client.Single(SessionEventKind.TicketReceived).Ticket!;
    }

    /// <summary>Another session, with the ticket of the first.</summary>
    private void Resume(ClientSessionOptions clientOptions, ServerSessionOptions serverOptions, byte[] psk, Instant now)
    {
        using var client = XtmpSession.Connect(clientOptions, new SeededEntropy("worked resuming client"u8), now);
        using var server = XtmpSession.Accept(serverOptions, new SeededEntropy("worked resuming server"u8), now);
        var clientEnd = new SessionEnd(client);
        var serverEnd = new SessionEnd(server);
        Move(clientEnd, serverEnd, now);
        Move(serverEnd, clientEnd, now);
        Move(clientEnd, serverEnd, now);
        Assert.True(server.Established is { Resumed: true });

        var entropy = new SeededEntropy("worked resuming client"u8);
        var seed = Take(entropy, MlKem1024.SeedSize);
        var x = Take(entropy, X25519.KeySize);
        using var kem = MlKem1024PrivateKey.FromSeed(seed);
        Line("resumption: client ML-KEM seed d ‖ z", seed);
        Line("resumption: client X25519 private key", x);
        var hello = Plain(0);
        var body = hello[..^(HandshakeLimits.BinderSize + HandshakeLimits.Mac1Size)];
        var early = Extract(new byte[48], psk);
        Line("early", early);
        var binder = HMACSHA384.HashData(L(early, "bind", [], 48), SHA384.HashData([.. Entry(FrameCode.Handshake, hello)[..6], .. body]));
        Equal(binder, hello[body.Length..^HandshakeLimits.Mac1Size]);
        Line("binder", binder);
        Message("ClientHello", 0, hello);
        var serverHello = Plain(1);
        Message("ServerHello", 1, serverHello);
        Assert.True(ServerHello.TryRead(serverHello, out var answer));
        var hs = Extract(L(early, "derived", SHA384.HashData([]), 48), Agree(kem, x, answer.Ciphertext.ToArray(), answer.Share.ToArray()));
        Line("hs", hs);
        var hash = Hash();
        Line("TH(..ServerHello)", hash);
        Flight(L(hs, "s hs", hash, 48), 2, ["Params", "Finished"]);
        var serverFinished = Hash();
        Flight(L(hs, "c hs", hash, 48), 4, ["Finished"]);
        var ms = Extract(L(hs, "derived", SHA384.HashData([]), 48), new byte[48]);
        Line("ms", ms);
        Line("c_ap", L(ms, "c ap", serverFinished, 48));
        Line("s_ap", L(ms, "s ap", serverFinished, 48));
        var exporter = L(ms, "exp", Hash(), 48);
        Line("exporter", exporter);
        var own = new byte[32];
        client.Export("worked", default, own);
        Equal(L(L(exporter, "worked", [], 48), "exporter", SHA384.HashData([]), 32), own);
    }

    private static byte[] Agree(MlKem1024PrivateKey kem, byte[] x, byte[] ct, byte[] serverShare)
    {
        var kMlKem = new byte[32];
        var kX25519 = new byte[32];
        var ek = new byte[MlKem1024.EncapsulationKeySize];
        var share = new byte[32];
        Assert.True(kem.TryDecapsulate(ct, kMlKem));
        Assert.True(X25519.TryAgree(x, serverShare, kX25519));
        kem.WriteEncapsulationKey(ek);
        X25519.PublicKey(x, share);
        return [.. kMlKem, .. kX25519, .. SHA384.HashData([.. ek, .. ct, .. share, .. serverShare]), .. "XTMP1-MLKEM1024-X25519"u8];
    }

    private static byte[] Entry(byte type, byte[] payload) => [type, 0, .. BitConverter.GetBytes((uint)payload.Length), .. payload];
}
