using Xtmp.Protocol;
using Xtmp.Session;

namespace Xtmp.Fuzz;

/// <summary>The messages of handshake and session, read by hand-written readers; the first byte says which.</summary>
internal static class HandshakeTarget
{
    private delegate int Writing(Span<byte> destination);

    public static IEnumerable<byte[]> Seeds()
    {
        byte[] challenge = [.. Enumerable.Range(0, 16).Select(i => (byte)i)];
        yield return Seed(0, Hello);
        yield return Seed(1, destination => new ServerHello { Random = new byte[32], Suite = 1, Encryption = 1, SessionId = 7, Ciphertext = new byte[1568], Share = new byte[32] }.Write(destination));
        yield return Seed(2, destination => new ServerParams { Limits = AnnouncedLimits.Default, SchemaFingerprint = new byte[32], DatagramEndpoint = "host:1", AllowsDatagrams = true, TakesTraceContext = true, Schemas = new byte[40] }.Write(destination));
        yield return [3, .. Corpus.FromHex("94c50a20[00*2592]c420[01*32]c0c0")];
        yield return [3, .. Corpus.FromHex("94c0c0c0c420[01*32]")];
        yield return Seed(4, destination => IdentityMessages.WriteAuth(destination, new byte[4627], new byte[64]));
        yield return Seed(5, destination => IdentityMessages.WriteFinished(destination, new byte[48]));
        yield return Seed(6, destination => RekeyMessages.Write(destination, new byte[1568], new byte[32]));
        yield return Seed(7, destination => RekeyMessages.WriteTicket(destination, new byte[200], challenge, 3600));
        yield return Seed(8, destination => ControlMessages.WriteHeartbeat(destination, 70_000, true));
        yield return Seed(9, destination => ControlMessages.WriteDisconnect(destination, DisconnectReason.IdleTimeout, "idle"));
        yield return Seed(10, destination => ControlMessages.WriteCredit(destination, 5, 1000));
        yield return Seed(11, destination => ErrorMessage.Write(destination, XtmpErrorCode.Busy, "busy", "field", true, TimeSpan.FromSeconds(2), challenge));
        yield return Seed(12, destination => PathMessages.WriteReport(destination, 3, 70_000, 69_000));
        yield return [13, .. Corpus.FromHex("9200c410000102030405060708090a0b0c0d0e0f[00*1100]")];
        yield return [14, .. Corpus.FromHex("[00*8]"), .. new byte[32], .. Enumerable.Repeat((byte)1, 40)];
    }

    public static void Run(ReadOnlySpan<byte> input)
    {
        if (input.IsEmpty)
        {
            return;
        }

        var payload = input[1..];
        switch (input[0] % 15)
        {
            case 0 when ClientHello.TrySplit(payload, out var hello):
                Find.Unless(!hello.TryReadBody() || hello.Schemas.IsEmpty || SchemaList.IsValid(hello.Schemas), "Schemas that were read are a list.");
                break;
            case 1:
                ServerHello.TryRead(payload, out _);
                break;
            case 2:
                ServerParams.TryRead(payload, out _);
                break;
            case 3:
                IdentityMessages.TryReadIdentity(payload, out _, out _, out _);
                break;
            case 4:
                IdentityMessages.TryReadAuth(payload, out _, out _);
                break;
            case 5:
                IdentityMessages.TryReadFinished(payload, out _);
                break;
            case 6:
                RekeyMessages.TryRead(payload, out _, out _);
                break;
            case 7:
                RekeyMessages.TryReadTicket(payload, out _, out _, out _);
                break;
            case 8:
                ControlMessages.TryReadHeartbeat(payload, out _, out _);
                break;
            case 9:
                ControlMessages.TryReadDisconnect(payload, out _, out _);
                break;
            case 10:
                ControlMessages.TryReadCredit(payload, out _, out _);
                break;
            case 11:
                _ = ErrorMessage.Read(payload)?.ToException();
                break;
            case 12:
                PathMessages.TryReadReport(payload, out _, out _, out _);
                break;
            case 13:
                PathMessages.TryRead(payload, out _, out _);
                break;
            case 14:
                SchemaList.IsValid(payload);
                break;
        }
    }

    private static byte[] Seed(byte which, Writing write)
    {
        var buffer = new byte[8192];
        return [which, .. buffer.AsSpan(0, write(buffer))];
    }

    private static int Hello(Span<byte> destination)
    {
        const int TailSize = HandshakeLimits.BinderSize + HandshakeLimits.Mac1Size;
        var writer = new WireWriter(destination);
        writer.Array(11);
        writer.Array(1);
        writer.Unsigned(FrameLayout.Version);
        writer.Array(1);
        writer.Unsigned(1);
        writer.Array(2);
        writer.Unsigned(1);
        writer.Unsigned(2);
        writer.Bytes(new byte[32]);
        writer.Bytes(new byte[1568]);
        writer.Bytes(new byte[32]);
        writer.Text("silo.example");
        writer.Bytes(new byte[32]);
        writer.Bytes(new byte[100]);
        writer.Bytes(new byte[32]);
        writer.Map(2);
        writer.Unsigned(HelloExtension.Datagrams);
        writer.Bytes(default);
        writer.Unsigned(HelloExtension.Schemas);
        writer.Bytes(new byte[40]);
        return writer.Length + TailSize;
    }
}
