using System.Buffers.Binary;
using System.IO.Hashing;
using System.Security.Cryptography;
using System.Text;
using Xtmp.Crypto;
using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.TestKit;

namespace Xtmp.Silo.Tests;

/// <summary>Attacks in place of a handshake, or in the middle of one.</summary>
internal static class HandshakeAttacks
{
    internal const int Mac1Size = 32;

    public static IEnumerable<Attack> All(Fingerprint server)
    {
        yield return new("random bytes", SessionCloseReason.MalformedFrame, false, _ => Noise(4096));
        yield return new("an HTTP request", SessionCloseReason.MalformedFrame, false, _ => Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: somebody who took the wrong door entirely\r\nAccept: */*\r\n\r\n"));
        yield return new("a TLS hello", SessionCloseReason.MalformedFrame, false, _ => [0x16, 3, 1, 2, 0, 1, .. Noise(300)]);
        yield return Header("wrong magic", SessionCloseReason.MalformedFrame, header => header[0] ^= 1);
        yield return Header("wrong version", SessionCloseReason.MalformedFrame, header => header[4] = 2);
        yield return Header("LAST_FRAGMENT alone", SessionCloseReason.MalformedFrame, header => header[6] = 0x20);
        yield return Header("ENCRYPTED with type None", SessionCloseReason.MalformedFrame, header => header[6] = 0x01);
        yield return Header("unknown kind", SessionCloseReason.MalformedFrame, header => header[7] = 8);
        yield return Header("a session id before there is one", SessionCloseReason.SessionIdMismatch, header => header[8] = 1);
        yield return Header("a first sequence that is not 0", SessionCloseReason.SequenceMismatch, header => header[16] = 1);
        yield return Header("oversize payload_length", SessionCloseReason.FrameTooLarge, header => header[27] = 0x7F);
        yield return Header("a payload_length over the handshake's limit", SessionCloseReason.FrameTooLarge, header => BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(24), (16 * 1024) + 1));
        yield return Header("bad CRC", SessionCloseReason.ChecksumMismatch, header => header[28] ^= 1);
        yield return Header("an unknown encryption type", SessionCloseReason.EncryptionTypeMismatch, header => header[32] = 9);
        yield return Header("a key id without a key", SessionCloseReason.MalformedFrame, header => header[33] = 1);
        yield return Header("a nonce without a key", SessionCloseReason.MalformedFrame, header => header[49] = 1);
        yield return Header("a tag without a key", SessionCloseReason.MalformedFrame, header => header[73] = 1);
        yield return Header("HandshakeAck from a client", SessionCloseReason.UnexpectedMessage, header => header[5] = FrameCode.HandshakeAck);
        yield return Header("an application message first", SessionCloseReason.UnexpectedMessage, header => header[5] = 0x12);
        yield return Header("Disconnect first", SessionCloseReason.UnexpectedMessage, header => header[5] = FrameCode.Disconnect);
        yield return new("a hello cut short", SessionCloseReason.EndOfStream, false, peer => peer.Take()[..700], ThenEnds: true);
        yield return new("a header cut short", SessionCloseReason.EndOfStream, false, peer => peer.Take()[..50], ThenEnds: true);
        yield return new("nothing at all", SessionCloseReason.EndOfStream, false, _ => [], ThenEnds: true);
        yield return Payload("mac1 with a bit flipped", SessionCloseReason.Mac1Mismatch, payload => payload[^1] ^= 1);
        yield return Payload("a hello for another server", SessionCloseReason.Mac1Mismatch, payload => payload[40] ^= 1);
        yield return Payload("an encapsulation key that is not reduced", SessionCloseReason.HandshakeAuthentication, payload =>
        {
            Key(payload, MlKem1024.EncapsulationKeySize)[..3].Fill(0xFF);
            Authenticate(payload, server);
        });
        yield return Payload("an X25519 key of order one", SessionCloseReason.HandshakeAuthentication, payload =>
        {
            Key(payload, MlKem1024.EncapsulationKeySize + 2 + 32)[^32..].Clear();
            Authenticate(payload, server);
        });
        yield return Payload("a hello that is no MessagePack", SessionCloseReason.MalformedPayload, payload =>
        {
            payload[0] = 0xC1;
            Authenticate(payload, server);
        });
        yield return new("the same hello twice", SessionCloseReason.NotEncrypted, false, peer =>
        {
            var hello = peer.Take();
            return [.. hello, .. hello];
        });
        yield return new("early data behind the hello", SessionCloseReason.NotEncrypted, false, peer =>
        {
            var hello = peer.Take();
            var early = hello[..FrameLayout.HeaderSize];
            early[5] = 0x30;
            early[7] = (byte)FrameKind.Request;
            early.AsSpan(24, 8).Clear();
            return [.. hello, .. early];
        });
        yield return new("noise behind the hello", SessionCloseReason.MalformedFrame, false, peer => [.. peer.Take(), .. Noise(500)]);
    }

    private static Attack Header(string name, SessionCloseReason reason, Action<byte[]> change) => new("hello: " + name, reason, false, peer =>
    {
        var hello = peer.Take();
        change(hello);
        return hello;
    });

    /// <summary>The peer's own hello with its payload changed and the checksum made to hold.</summary>
    internal static byte[] Changed(RawPeer peer, Action<byte[]> change)
    {
        var hello = peer.Take();
        var payload = hello[FrameLayout.HeaderSize..];
        change(payload);
        payload.CopyTo(hello, FrameLayout.HeaderSize);
        BinaryPrimitives.WriteUInt32LittleEndian(hello.AsSpan(28), Crc32.HashToUInt32(payload));
        return hello;
    }

    private static Attack Payload(string name, SessionCloseReason reason, Action<byte[]> change) => new("hello: " + name, reason, false, peer => Changed(peer, change));

    /// <summary>The first byte string of the encapsulation key's length, and what follows it up to <paramref name="length"/>.</summary>
    internal static Span<byte> Key(byte[] payload, int length)
    {
        var start = payload.AsSpan().IndexOf<byte>([0xC5, 0x06, 0x20]) + 3;
        return payload.AsSpan(start, length);
    }

    /// <summary>A mac1 that holds again, since whoever knows the server's fingerprint can make one.</summary>
    internal static void Authenticate(byte[] payload, Fingerprint server)
    {
        var key = SHA256.HashData([.. "XTMP1 mac1"u8, .. server.ToArray()]);
        HMACSHA256.HashData(key, payload.AsSpan(0, payload.Length - Mac1Size), payload.AsSpan(payload.Length - Mac1Size));
    }

    private static byte[] Noise(int size)
    {
        var noise = new byte[size];
        new SeededEntropy(7).Fill(noise);
        return noise;
    }
}
