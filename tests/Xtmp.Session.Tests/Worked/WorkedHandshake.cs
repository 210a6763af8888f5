using System.Buffers.Binary;
using System.IO.Hashing;
using System.Security.Cryptography;
using System.Text;
using Xtmp.Crypto;
using Xtmp.Protocol;
using Xtmp.TestKit;

namespace Xtmp.Session.Tests;

/// <summary>
/// The worked example of schema/SPEC.md. Two sessions with known entropy shake hands; everything the specification
/// shows is then computed a second time from the bytes on the wire and the known private keys, with nothing but hash,
/// HMAC and AEAD calls, so that the example also checks the key schedule against its own text.
/// </summary>
internal sealed partial class WorkedHandshake
{
    private readonly List<string> _lines = [];
    private readonly List<byte[]> _frames = [];
    private readonly List<(byte Type, byte[] Payload)> _messages = [];
    private byte[] _psk = [];

    /// <summary>The handshake with what follows it in its session, and the session its ticket resumes.</summary>
    public static (WorkedHandshake First, WorkedHandshake Resumed) Run()
    {
        var first = new WorkedHandshake();
        var resumed = new WorkedHandshake();
        first.Compute(resumed);
        return (first, resumed);
    }

    /// <summary>The lines of the example.</summary>
    public string Text => string.Join('\n', _lines);

    /// <summary>All frames, one a line, in the order they travel.</summary>
    public string Frames => string.Join('\n', _frames.Select(Convert.ToHexStringLower)) + "\n";

    private void Compute(WorkedHandshake resumed)
    {
        using var tickets = new TicketKeyRing("a secret of 32 bytes for tickets"u8);
        using var serverIdentity = IdentityKey.Generate(new SeededEntropy("worked server identity"u8));
        using var clientIdentity = IdentityKey.Generate(new SeededEntropy("worked client identity"u8));
        var now = new VirtualClock().Now;
        var clientOptions = new ClientSessionOptions
        {
            ServerTrust = TrustPolicy.Pinned(serverIdentity.Public.Fingerprint),
            ServerName = "localhost",
            Identity = clientIdentity,
            EncryptionTypes = [EncryptionType.Aes256Gcm],
        };
        var serverOptions = new ServerSessionOptions { Identity = serverIdentity, ClientAuthentication = ClientAuthentication.Required, TicketKeys = tickets };
        using var client = XtmpSession.Connect(clientOptions, new SeededEntropy("worked client"u8), now);
        using var server = XtmpSession.Accept(serverOptions, new SeededEntropy("worked server"u8), now);
        var clientEnd = new SessionEnd(client);
        var serverEnd = new SessionEnd(server);
        Exchange(clientEnd, serverEnd, now);

        var entropy = new SeededEntropy("worked client"u8);
        var seed = Take(entropy, MlKem1024.SeedSize);
        var x = Take(entropy, X25519.KeySize);
        using var kem = MlKem1024PrivateKey.FromSeed(seed);
        Line("server fingerprint", serverIdentity.Public.Fingerprint.ToArray());
        Line("client fingerprint", clientIdentity.Public.Fingerprint.ToArray());
        Line("client ML-KEM seed d ‖ z", seed);
        Line("client X25519 private key", x);

        var hello = Plain(0);
        Message("ClientHello", 0, hello);
        var mac1Key = SHA256.HashData([.. "XTMP1 mac1"u8, .. serverIdentity.Public.Fingerprint.ToArray()]);
        Equal(HMACSHA256.HashData(mac1Key, hello[..^32]), hello[^32..]);
        Line("mac1", hello[^32..]);
        var serverHello = Plain(1);
        Message("ServerHello", 1, serverHello);
        Assert.True(ServerHello.TryRead(serverHello, out var answer));
        var (ms, res, clientTraffic, serverTraffic) = Schedule(kem, x, answer.Ciphertext.ToArray(), answer.Share.ToArray(), client, server);
        var ticket = Continue(clientEnd, serverEnd, ms, res, clientTraffic, serverTraffic, entropy, now);
        resumed.Resume(clientOptions with { Ticket = ticket }, serverOptions, _psk, now + TimeSpan.FromSeconds(2));
    }

    private (byte[] Master, byte[] Resumption, byte[] ClientTraffic, byte[] ServerTraffic) Schedule(
        MlKem1024PrivateKey kem, byte[] x, byte[] ct, byte[] serverShare, XtmpSession client, XtmpSession server)
    {
        var ikm = Agree(kem, x, ct, serverShare);
        Line("K_mlkem", ikm[..32]);
        Line("K_x25519", ikm[32..64]);
        var early = Extract(new byte[48], new byte[48]);
        var hs = Extract(L(early, "derived", SHA384.HashData([]), 48), ikm);
        Line("early", early);
        Line("hs", hs);
        var hash = Hash();
        var clientHandshake = L(hs, "c hs", hash, 48);
        var serverHandshake = L(hs, "s hs", hash, 48);
        Line("TH(..ServerHello)", hash);
        Line("c_hs", clientHandshake);
        Line("s_hs", serverHandshake);
        Line("key of s_hs", L(serverHandshake, "key", [1], 32));
        Line("iv of s_hs", L(serverHandshake, "iv", [1], 12));
        Line("key_id of s_hs", L(serverHandshake, "kid", [0, 0, 0, 0], 16));
        Flight(serverHandshake, 2, ["Params", "Identity", "Auth", "Finished"]);
        hash = Hash();
        Line("TH(..server Finished)", hash);
        var ms = Extract(L(hs, "derived", SHA384.HashData([]), 48), new byte[48]);
        Line("ms", ms);
        Line("c_ap", L(ms, "c ap", hash, 48));
        var serverTraffic = L(ms, "s ap", hash, 48);
        Line("s_ap", serverTraffic);
        var clientTraffic = L(ms, "c ap", hash, 48);
        Flight(clientHandshake, 6, ["Identity", "Auth", "Finished"]);
        hash = Hash();
        Line("TH(..client Finished)", hash);
        var exporter = L(ms, "exp", hash, 48);
        Line("exporter", exporter);
        var res = L(ms, "res", hash, 48);
        Line("res", res);
        var exported = L(L(exporter, "wallet auth", [], 48), "exporter", SHA384.HashData(server.Established!.ServerFingerprint.ToArray()), 32);
        Line("Export(\"wallet auth\", server fingerprint, 32)", exported);
        foreach (var session in new XtmpSession[] { client, server })
        {
            var own = new byte[32];
            session.Export("wallet auth", server.Established.ServerFingerprint.ToArray(), own);
            Equal(exported, own);
        }

        Line("first frame of the client under c_ap: request 0x10, exchange 1, payload 93010203", _frames[9]);
        Equal([0x93, 1, 2, 3], Open(clientTraffic, _frames[9], epoch: 1));
        return (ms, res, clientTraffic, serverTraffic);
    }

    private void Flight(byte[] secret, int first, string[] names)
    {
        for (var i = 0; i < names.Length; i++)
        {
            var payload = Open(secret, _frames[first + i], epoch: 0);
            if (names[i] == "Finished")
            {
                var mac = HMACSHA384.HashData(L(secret, "fin", [], 48), Hash());
                Equal([0x91, 0xC4, 48, .. mac], payload);
            }

            Message(names[i], first + i, payload);
        }
    }

    private void Exchange(SessionEnd client, SessionEnd server, Instant now)
    {
        Move(client, server, now);
        Move(server, client, now);
        client.Session.SendRequest(0x10, (byte[])[0x93, 1, 2, 3], default);
        Move(client, server, now);
        Assert.Equal(SessionState.Established, server.Session.State);
        Assert.Single(server.Of(SessionEventKind.Request));
        Assert.Equal(10, _frames.Count);
    }

    private void Move(SessionEnd from, SessionEnd to, Instant now)
    {
        var bytes = from.Transmit(now);
        to.Session.HandleInput(bytes, now);
        to.Drain();
        for (var offset = 0; offset < bytes.Length;)
        {
            var length = FrameLayout.HeaderSize + BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(offset + FrameLayout.PayloadLengthOffset));
            _frames.Add(bytes[offset..(offset + length)]);
            offset += length;
        }
    }

    private byte[] Plain(int index)
    {
        var payload = _frames[index][FrameLayout.HeaderSize..];
        Assert.Equal(Crc32.HashToUInt32(payload), BinaryPrimitives.ReadUInt32LittleEndian(_frames[index].AsSpan(FrameLayout.ChecksumOffset)));
        return payload;
    }

    private static byte[] Open(byte[] secret, byte[] frame, uint epoch)
    {
        var epochBytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(epochBytes, epoch);
        Equal(L(secret, "kid", epochBytes, 16), frame[33..49]);
        var nonce = L(secret, "iv", [1], 12);
        for (var i = 0; i < 8; i++)
        {
            nonce[4 + i] ^= frame[16 + 7 - i];
        }

        var aad = frame[..96];
        aad.AsSpan(28, 4).Clear();
        aad.AsSpan(73, 16).Clear();
        using var aes = new AesGcm(L(secret, "key", [1], 32), 16);
        var plaintext = new byte[frame.Length - 96];
        aes.Decrypt(nonce, frame.AsSpan(96), frame.AsSpan(73, 16), plaintext, aad);
        return plaintext;
    }

    private byte[] Hash() => SHA384.HashData([.. _messages.SelectMany(message => Entry(message.Type, message.Payload))]);

    private void Message(string name, int frame, byte[] payload)
    {
        _messages.Add((_frames[frame][5], payload));
        Line($"{name}: header", _frames[frame][..96]);
        if (payload.Length <= 128)
        {
            Line($"{name}: plaintext", payload);
        }
        else
        {
            Line($"{name}: SHA-256 of its {payload.Length} bytes of plaintext", SHA256.HashData(payload));
        }
    }

    private void Line(string name, byte[] value) => _lines.Add($"{name}\n    {Convert.ToHexStringLower(value)}");

    private static byte[] Take(SeededEntropy entropy, int length)
    {
        var bytes = new byte[length];
        entropy.Fill(bytes);
        return bytes;
    }

    private static byte[] Extract(byte[] salt, byte[] input) => HMACSHA384.HashData(salt, input);

    private static byte[] L(byte[] secret, string label, byte[] context, int length)
    {
        var full = Encoding.ASCII.GetBytes("xtmp1 " + label);
        byte[] info = [(byte)(length >> 8), (byte)length, (byte)full.Length, .. full, (byte)context.Length, .. context];
        return HKDF.Expand(HashAlgorithmName.SHA384, secret, length, info);
    }

    private static void Equal(byte[] expected, byte[] actual) => Assert.Equal(Convert.ToHexStringLower(expected), Convert.ToHexStringLower(actual));
}
