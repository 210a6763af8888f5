using System.Security.Cryptography;
using BitChat.Messages;

namespace BitChat.Peer.Tests;

/// <summary>A keyed hash in place of Ed25519: nobody but the simulator's seats knows their keys. 64 bytes, as the real one.</summary>
internal sealed class HashSignatures(byte[] secret) : ISeatSignatures
{
    private static readonly Dictionary<string, byte[]> Secrets = [];

    public static byte[] Register(int seat, int seed)
    {
        var secret = SHA512.HashData(BitConverter.GetBytes(((long)seed << 8) | (uint)seat));
        lock (Secrets)
        {
            Secrets[Convert.ToHexString(PublicOf(secret))] = secret;
        }

        return secret;
    }

    public static byte[] PublicOf(byte[] secret) => SHA256.HashData(secret);

    public byte[] Sign(ReadOnlySpan<byte> message) => HMACSHA512.HashData(secret, message);

    public bool Verify(Seat seat, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        byte[]? known;
        lock (Secrets)
        {
            known = Secrets.GetValueOrDefault(Convert.ToHexString(seat.Ed25519Key.Span));
        }

        return known is not null && HMACSHA512.HashData(known, message).AsSpan().SequenceEqual(signature);
    }

    public byte[] SignPostQuantum(ReadOnlySpan<byte> message) => throw new NotSupportedException("The simulated tables have one signature.");

    public bool VerifyPostQuantum(Seat seat, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) => false;
}
