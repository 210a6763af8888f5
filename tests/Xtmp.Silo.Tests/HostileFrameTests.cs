using System.Buffers.Binary;
using Xtmp.Crypto;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Silo.Tests;

/// <summary>
/// What bad input gets, over a real socket: that one connection closes with the reason and the peer's address in the
/// log, and a client that was connected all along is served on.
/// </summary>
public sealed class HostileFrameTests(SharedSilo shared) : IClassFixture<SharedSilo>
{
    // Offsets of header fields (SPEC §1).
    private const int HeaderSize = 96;
    private const int VersionOffset = 4;
    private const int TypeOffset = 5;
    private const int FlagsOffset = 6;
    private const int KindOffset = 7;
    private const int SequenceOffset = 16;
    private const int LengthOffset = 24;
    private const int ChecksumOffset = 28;
    private const int EncryptionOffset = 32;
    private const int KeyIdOffset = 33;
    private const int TagOffset = 73;

    public static TheoryData<string, string> ClosedBeforeHandshake() => new()
    {
        { "wrong magic", "MalformedFrame" },
        { "wrong version", "MalformedFrame" },
        { "unknown flag bits", "MalformedFrame" },
        { "unknown kind", "MalformedFrame" },
        { "oversize payload_length", "FrameTooLarge" },
        { "bad CRC", "ChecksumMismatch" },
        { "sequence not 0", "SequenceMismatch" },
        { "unencrypted application frame first", "UnexpectedMessage" },
        { "truncated handshake", "EndOfStream" },
    };

    [Theory]
    [MemberData(nameof(ClosedBeforeHandshake))]
    public async Task rejects_a_hello_with(string defect, string reason)
    {
        var silo = shared.Silo;
        await using var bystander = await silo.ConnectAsync();
        await using var peer = await RawPeer.ConnectAsync(silo);
        var hello = peer.Take();
        switch (defect)
        {
            case "wrong magic":
                hello[0] ^= 1;
                break;
            case "wrong version":
                hello[VersionOffset] = 2;
                break;
            case "unknown flag bits":
                hello[FlagsOffset] = 0x20;
                break;
            case "unknown kind":
                hello[KindOffset] = 8;
                break;
            case "oversize payload_length":
                BinaryPrimitives.WriteUInt32LittleEndian(hello.AsSpan(LengthOffset), uint.MaxValue);
                break;
            case "bad CRC":
                hello[ChecksumOffset] ^= 1;
                break;
            case "sequence not 0":
                hello[SequenceOffset] = 1;
                break;
            case "unencrypted application frame first":
                hello[TypeOffset] = 0x12;
                hello[KindOffset] = (byte)FrameKind.Request;
                break;
            case "truncated handshake":
                hello = hello[..(hello.Length / 2)];
                break;
        }

        await peer.SendAsync(hello);
        if (defect == "truncated handshake")
        {
            peer.EndSending();
        }

        await AssertClosedAsync(silo, peer, reason);
        await AssertServedAsync(bystander);
    }

    public static TheoryData<string, string> ClosedAfterHandshake() => new()
    {
        { "wrong magic", "MalformedFrame" },
        { "bad tag", "TagMismatch" },
        { "flipped ciphertext", "TagMismatch" },
        { "wrong key id", "KeyIdMismatch" },
        { "replayed frame", "SequenceMismatch" },
        { "skipped sequence", "SequenceMismatch" },
        { "unencrypted frame", "NotEncrypted" },
        { "other encryption type", "EncryptionTypeMismatch" },
        { "oversize payload_length", "FrameTooLarge" },
        { "end of stream inside a frame", "EndOfStream" },
    };

    [Theory]
    [MemberData(nameof(ClosedAfterHandshake))]
    public async Task rejects_after_the_handshake(string defect, string reason)
    {
        var silo = shared.Silo;
        await using var bystander = await silo.ConnectAsync();
        using var identity = IdentityKey.Generate(SystemEntropy.Instance);
        await using var peer = await RawPeer.EstablishAsync(silo, identity);
        peer.Session.SendRequest(new RegistryQuery { Name = "nobody" }, default);
        var frame = peer.Take();
        Assert.True(frame.Length > HeaderSize);
        switch (defect)
        {
            case "wrong magic":
                frame[1] ^= 0x20;
                break;
            case "bad tag":
                frame[TagOffset] ^= 1;
                break;
            case "flipped ciphertext":
                frame[HeaderSize] ^= 1;
                break;
            case "wrong key id":
                frame[KeyIdOffset] ^= 1;
                break;
            case "replayed frame":
                frame = [.. frame, .. frame];
                break;
            case "skipped sequence":
                peer.Session.SendRequest(new RegistryQuery { Name = "nobody" }, default);
                frame = peer.Take();
                break;
            case "unencrypted frame":
                frame.AsSpan(EncryptionOffset, HeaderSize - EncryptionOffset - 7).Clear();
                frame[FlagsOffset] &= 0xFE;
                break;
            case "other encryption type":
                frame[EncryptionOffset] = 2;
                break;
            case "oversize payload_length":
                BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(LengthOffset), 64 * 1024 + 33);
                break;
            case "end of stream inside a frame":
                frame = frame[..^1];
                break;
        }

        await peer.SendAsync(frame);
        if (defect == "end of stream inside a frame")
        {
            peer.EndSending();
        }

        await AssertClosedAsync(silo, peer, reason);
        await AssertServedAsync(bystander);
    }

    [Fact]
    public async Task answers_an_unknown_message_type_with_an_error_and_lives_on()
    {
        var silo = shared.Silo;
        await using var peer = await RawPeer.EstablishAsync(silo);
        peer.Session.SendRequest(0xEE, (byte[])[0x90], default);
        await peer.SendAsync(peer.Take());
        var answer = await peer.ReceiveUntilAsync(SessionEventKind.Error);
        Assert.Equal(XtmpErrorCode.UnknownMessageType, answer.Error!.Code);

        peer.Session.SendRequest(new RegistryQuery { Name = "nobody" }, default);
        await peer.SendAsync(peer.Take());
        Assert.Equal(0x30, (await peer.ReceiveUntilAsync(SessionEventKind.Response)).Code);
    }

    private static readonly Dictionary<string, (byte[] Payload, XtmpErrorCode Code)> s_badPayloads = new()
    {
        ["empty"] = ([], XtmpErrorCode.PayloadMalformed),
        ["not an array"] = ([0xC0], XtmpErrorCode.PayloadMalformed),
        ["field of another type"] = ([0x91, 0x01], XtmpErrorCode.PayloadMalformed),
        ["not the shortest form"] = ([0xDC, 0x00, 0x01, 0xA1, 0x61], XtmpErrorCode.PayloadMalformed),
        ["string longer than the frame"] = ([0x91, 0xDB, 0x7F, 0xFF, 0xFF, 0xFF], XtmpErrorCode.PayloadMalformed),
        ["against the pattern"] = ([0x91, 0xA1, 0x41], XtmpErrorCode.PayloadInvalid),
        ["bytes after the value"] = ([0x91, 0xA1, 0x61, 0x07], XtmpErrorCode.PayloadMalformed),
    };

    public static TheoryData<string> BadPayloads() => new(s_badPayloads.Keys);

    [Theory]
    [MemberData(nameof(BadPayloads))]
    public async Task answers_a_payload_that_is_not_the_schemas(string defect)
    {
        var (payload, code) = s_badPayloads[defect];
        var silo = shared.Silo;
        await using var peer = await RawPeer.EstablishAsync(silo);
        peer.Session.SendRequest(0x30, payload, default);
        await peer.SendAsync(peer.Take());
        var answer = await peer.ReceiveUntilAsync(SessionEventKind.Error);
        Assert.Equal(code, answer.Error!.Code);

        peer.Session.SendRequest(new RegistryQuery { Name = "nobody" }, default);
        await peer.SendAsync(peer.Take());
        Assert.Equal(0x30, (await peer.ReceiveUntilAsync(SessionEventKind.Response)).Code);
    }

    [Fact]
    public async Task closes_a_peer_that_never_says_hello()
    {
        await using var silo = await TestSilo.StartAsync(WithShortTimeouts);
        await using var bystander = await silo.ConnectAsync();
        await using var peer = await RawPeer.ConnectAsync(silo);
        await AssertClosedAsync(silo, peer, "HandshakeTimeout");
        await AssertServedAsync(bystander);
    }

    [Fact]
    public async Task closes_a_peer_that_sends_its_hello_a_byte_at_a_time_and_then_stops()
    {
        await using var silo = await TestSilo.StartAsync(WithShortTimeouts);
        await using var peer = await RawPeer.ConnectAsync(silo);
        var hello = peer.Take();
        for (var i = 0; i < HeaderSize + 10; i++)
        {
            await peer.SendAsync(hello.AsMemory(i, 1));
        }

        await AssertClosedAsync(silo, peer, "HandshakeTimeout");
    }

    [Fact]
    public async Task closes_a_half_open_peer_that_never_answers()
    {
        await using var silo = await TestSilo.StartAsync(WithShortTimeouts);
        await using var peer = await RawPeer.EstablishAsync(silo);
        await AssertClosedAsync(silo, peer, "PeerSilent");
    }

    private static SiloOptions WithShortTimeouts(SiloOptions options) => options with
    {
        Gateway = options.Gateway with
        {
            SessionLimits = SessionLimits.Default with
            {
                HandshakeTimeout = TimeSpan.FromSeconds(2),
                HeartbeatInterval = TimeSpan.FromMilliseconds(500),
                PeerTimeout = TimeSpan.FromSeconds(2),
            },
        },
    };

    private static async Task AssertClosedAsync(TestSilo silo, RawPeer peer, string reason)
    {
        await peer.WaitForCloseAsync();
        var line = await silo.Log.WaitForAsync(text => text.Contains(peer.Address + " ", StringComparison.Ordinal) && text.Contains(" closed ", StringComparison.Ordinal), peer.LoggedBefore);
        Assert.Contains(reason, line, StringComparison.Ordinal);
    }

    private static async Task AssertServedAsync(XtmpConnection bystander)
    {
        var reply = await bystander.Registry.QueryAsync(new RegistryQuery { Name = "nobody" });
        Assert.Equal("nobody", reply.Name);
    }
}
