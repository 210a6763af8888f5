using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Xtmp.Messages;

namespace Xtmp.Silo.Tests;

/// <summary>
/// What a hostile peer can do to the WebSocket around a session, over raw sockets to one running silo: each connection ends
/// by itself, for a reason, and a client that was connected all along is served on.
/// </summary>
public sealed class HostileWebSocketTests
{
    private const byte Continuation = 0x80;
    private const byte Text = 0x81;
    private const byte Binary = 0x82;
    private const byte Close = 0x88;
    private const byte Ping = 0x89;
    private const byte Compressed = 0x40;

    // Well above what a connection may hold, well below what the claims would take if anything believed them.
    private const long MaxGrowth = 64L * 1024 * 1024;

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

    private static readonly (string Name, byte[] Bytes, string Reason)[] s_afterUpgrade =
    [
        ("a frame that claims 2^62 bytes", [.. Header(Binary, 1UL << 62), .. Noise(200_000)], "MalformedFrame"),
        ("a frame of a negative length", [.. Header(Binary, ulong.MaxValue), .. Noise(4096)], "EndOfStream"),
        ("a frame that is not masked", [Binary, 4, .. "XTMP"u8], "EndOfStream"),
        ("a frame said to be compressed", [.. Header(Binary | Compressed, 4), .. "XTMP"u8], "EndOfStream"),
        ("a continuation of nothing", [.. Header(Continuation, 4), .. "XTMP"u8], "EndOfStream"),
        ("an unknown opcode", [.. Header(0x83, 4), .. "XTMP"u8], "EndOfStream"),
        ("a text message", [.. Header(Text, 4), .. "XTMP"u8], "EndOfStream"),
        ("a ping of 126 bytes", [.. Header(Ping, 126), .. new byte[126]], "EndOfStream"),
        ("a ping in parts", [.. Header(Ping & 0x7F, 4), .. new byte[4]], "EndOfStream"),
        ("a close of one byte", [.. Header(Close, 1), 3], "EndOfStream"),
        ("a close with an unknown code", [.. Header(Close, 2), 0, 1], "EndOfStream"),
        ("a close", [.. Header(Close, 2), 3, 0xE8], "EndOfStream"),
        ("noise in a great many small messages", [.. Enumerable.Range(0, 200).SelectMany(_ => Header(Binary, 1).Append((byte)7))], "MalformedFrame"),
        ("empty messages without end", [.. Enumerable.Range(0, 50_000).SelectMany(_ => Header(Binary, 0))], "HandshakeTimeout"),
        ("pings whose pongs nobody reads", [.. Enumerable.Range(0, 100_000).SelectMany(_ => Header(Ping, 100).Concat(new byte[100]))], "HandshakeTimeout"),
        ("nothing", [], "HandshakeTimeout"),
    ];

    private static readonly (string Name, Func<string, string> Change, string Answer)[] s_upgrades =
    [
        ("another subprotocol", request => request.Replace("xtmp.1", "xtmp.2", StringComparison.Ordinal), "400"),
        ("no subprotocol", request => WithoutLine(request, "Sec-WebSocket-Protocol"), "400"),
        ("a foreign origin", request => WithLine(request, "Origin: https://evil.example.org"), "403"),
        ("an origin of a sandbox", request => WithLine(request, "Origin: null"), "403"),
        ("two origins, one allowed", request => WithLine(WithLine(request, "Origin: https://app.example.org"), "Origin: https://evil.example.org"), "403"),
        ("another path", request => request.Replace("/xtmp", "/xtmp/../admin", StringComparison.Ordinal), "404"),
        ("another version of WebSocket", request => request.Replace("Version: 13", "Version: 12", StringComparison.Ordinal), "4"),
        ("no key", request => WithoutLine(request, "Sec-WebSocket-Key"), "4"),
        ("a key that is none", request => request.Replace("dGhlIHNhbXBsZSBub25jZQ==", "!", StringComparison.Ordinal), "4"),
        ("no upgrade", request => WithoutLine(request, "Upgrade"), "426"),
        ("a body", request => request.Replace("GET", "POST", StringComparison.Ordinal).Replace("\r\n\r\n", "\r\nContent-Length: 10\r\n\r\n0123456789", StringComparison.Ordinal), "4"),
        ("32 KiB of headers", request => WithLine(request, $"X-Long: {new string('a', 32 * 1024)}"), "431"),
        ("no HTTP", _ => "XTMP\r\n\r\n", "400"),
        ("a request that never ends", request => request[..^3], "408"),
    ];

    [Fact]
    public async Task every_abuse_of_an_open_websocket_ends_that_connection_and_nothing_else()
    {
        await using var silo = await StartAsync();
        await using var bystander = await silo.ConnectAsync();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var wrong = new List<string>();
        foreach (var (name, bytes, reason) in s_afterUpgrade)
        {
            var logged = silo.Log.Lines.Count;
            using var socket = await Loopback.ConnectAsync(silo.Host.WebSocketEndPoint!);
            await Loopback.UpgradeAsync(socket);
            var sending = SendAsync(socket, bytes);
            var line = await silo.Log.WaitForAsync(text => text.Contains($"{socket.LocalEndPoint} ", StringComparison.Ordinal) && text.Contains(" closed ", StringComparison.Ordinal), logged);
            if (!line.Contains($" closed {reason} ", StringComparison.Ordinal))
            {
                wrong.Add($"{name}: expected {reason}: {line}");
            }

            await ReadUntilAsync(socket, end: null);
            await sending;
            Assert.Equal("nobody", (await bystander.Registry.QueryAsync(new RegistryQuery { Name = "nobody" })).Name);
        }

        Assert.True(wrong.Count == 0, string.Join("\n", wrong));
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, MaxGrowth);
    }

    [Fact]
    public async Task every_upgrade_that_is_not_as_it_should_be_is_refused_by_its_status()
    {
        await using var silo = await StartAsync();
        await using var bystander = await silo.ConnectAsync();
        var wrong = new List<string>();
        foreach (var (name, change, status) in s_upgrades)
        {
            using var socket = await Loopback.ConnectAsync(silo.Host.WebSocketEndPoint!);
            await SendAsync(socket, Encoding.ASCII.GetBytes(change(Loopback.UpgradeRequest(socket))));
            var answer = await ReadUntilAsync(socket, "\r\n");
            if (!answer.StartsWith($"HTTP/1.1 {status}", StringComparison.Ordinal))
            {
                wrong.Add($"{name}: expected {status}: {answer}");
            }

            Assert.Equal("nobody", (await bystander.Registry.QueryAsync(new RegistryQuery { Name = "nobody" })).Name);
        }

        Assert.True(wrong.Count == 0, string.Join("\n", wrong));
    }

    private static Task<TestSilo> StartAsync() => TestSilo.StartAsync(options => options with
    {
        WebSocket = new IPEndPoint(IPAddress.Loopback, 0),
        Gateway = options.Gateway with { WebSocketOrigins = ["https://app.example.org"], FirstByteTimeout = TimeSpan.FromSeconds(1) },
    });

    /// <summary>A frame's header with a mask of zeros, which leaves the payload as it is.</summary>
    private static byte[] Header(byte first, ulong length)
    {
        const byte Masked = 0x80;
        var extended = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(extended, length);
        return length switch
        {
            < 126 => [first, (byte)(Masked | length), 0, 0, 0, 0],
            <= ushort.MaxValue => [first, Masked | 126, .. extended[6..], 0, 0, 0, 0],
            _ => [first, Masked | 127, .. extended, 0, 0, 0, 0],
        };
    }

    private static byte[] Noise(int size)
    {
        var noise = new byte[size];
        new TestKit.SeededEntropy(7).Fill(noise);
        return noise;
    }

    private static string WithLine(string request, string line) => request[..^2] + line + "\r\n\r\n";

    private static string WithoutLine(string request, string name) => string.Join("\r\n", request.Split("\r\n").Where(line => !line.StartsWith(name + ":", StringComparison.Ordinal)));

    private static async Task SendAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        try
        {
            while (bytes.Length > 0)
            {
                bytes = bytes[await socket.SendAsync(bytes)..];
            }
        }
        catch (SocketException)
        {
            // The silo closed before it had read everything, as it may.
        }
    }

    /// <summary>What comes up to the text, or with null to the end of the connection.</summary>
    private static async Task<string> ReadUntilAsync(Socket socket, string? end)
    {
        using var patience = new CancellationTokenSource(s_patience);
        var answer = new StringBuilder();
        var buffer = new byte[4096];
        try
        {
            int count;
            while ((end is null || !answer.ToString().Contains(end, StringComparison.Ordinal)) && (count = await socket.ReceiveAsync(buffer, patience.Token)) > 0)
            {
                answer.Append(Encoding.Latin1.GetString(buffer, 0, count));
            }
        }
        catch (SocketException)
        {
            // A reset is an end too.
        }

        return answer.ToString();
    }
}
