using System.Buffers.Binary;
using BitChat.Messages;
using BitChat.Peer;

namespace BitChat.Simulator;

/// <summary>A keyed hash in place of Ed25519, and as fast as one: nobody but the simulator knows its key, so no seat can sign for another. 64 bytes.</summary>
internal sealed class SimulatedSignatures : ISeatSignatures
{
    private readonly ulong _seed;
    private readonly byte[] _key;

    public SimulatedSignatures(ulong seed, int seat)
    {
        _seed = seed;
        _key = KeyOf(seed, seat);
    }

    public ReadOnlySpan<byte> PublicKey => _key;

    public static byte[] KeyOf(ulong seed, int seat)
    {
        var key = new byte[32];
        BinaryPrimitives.WriteUInt64BigEndian(key, SeededRandom.Mix(seed + 1));
        key[31] = (byte)seat;
        return key;
    }

    public byte[] Sign(ReadOnlySpan<byte> message)
    {
        var signature = new byte[64];
        Tag(_key, message, signature);
        return signature;
    }

    public bool Verify(Seat seat, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        Span<byte> expected = stackalloc byte[64];
        Tag(seat.Ed25519Key.Span, message, expected);
        return signature.SequenceEqual(expected);
    }

    public byte[] SignPostQuantum(ReadOnlySpan<byte> message) => throw new NotSupportedException("Simulated tables have one signature.");

    public bool VerifyPostQuantum(Seat seat, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) => false;

    private void Tag(ReadOnlySpan<byte> key, ReadOnlySpan<byte> message, Span<byte> tag)
    {
        var hash = SeededRandom.Mix(_seed ^ BinaryPrimitives.ReadUInt64BigEndian(key) ^ ((ulong)key[31] << 56) ^ (ulong)message.Length);
        while (message.Length >= 8)
        {
            hash = (hash ^ BinaryPrimitives.ReadUInt64LittleEndian(message)) * 0x9E3779B97F4A7C15;
            hash ^= hash >> 29;
            message = message[8..];
        }

        foreach (var rest in message)
        {
            hash = (hash ^ rest) * 0xBF58476D1CE4E5B9;
            hash ^= hash >> 31;
        }

        tag[16..].Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(tag, SeededRandom.Mix(hash));
        BinaryPrimitives.WriteUInt64LittleEndian(tag[8..], SeededRandom.Mix(hash + 1));
    }
}
