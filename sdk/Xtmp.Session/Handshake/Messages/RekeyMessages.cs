using Xtmp.Crypto;

namespace Xtmp.Session;

/// <summary>Rekey 0x0C [ek, X25519 share] and RekeyAck 0x0D [ct, X25519 share]; Ticket 0x0A [ticket, nonce, lifetime in seconds].</summary>
internal static class RekeyMessages
{
    public const int MaxLength = 1700;
    public const int MaxTicketLength = HandshakeLimits.MaxTicketBytes + 64;

    public static int Write(Span<byte> destination, ReadOnlySpan<byte> kem, ReadOnlySpan<byte> share)
    {
        var writer = new WireWriter(destination);
        writer.Array(2);
        writer.Bytes(kem);
        writer.Bytes(share);
        return writer.Length;
    }

    public static bool TryRead(ReadOnlySpan<byte> payload, out ReadOnlySpan<byte> kem, out ReadOnlySpan<byte> share)
    {
        var reader = new WireReader(payload);
        reader.Array(2);

        // ek and ct of ML-KEM-1024 have the same length.
        kem = reader.Bytes(MlKem1024.EncapsulationKeySize);
        share = reader.Bytes(X25519.KeySize);
        return reader.IsComplete;
    }

    public static int WriteTicket(Span<byte> destination, ReadOnlySpan<byte> ticket, ReadOnlySpan<byte> nonce, uint lifetimeSeconds)
    {
        var writer = new WireWriter(destination);
        writer.Array(3);
        writer.Bytes(ticket);
        writer.Bytes(nonce);
        writer.Unsigned(lifetimeSeconds);
        return writer.Length;
    }

    public static bool TryReadTicket(ReadOnlySpan<byte> payload, out ReadOnlySpan<byte> ticket, out ReadOnlySpan<byte> nonce, out uint lifetimeSeconds)
    {
        var reader = new WireReader(payload);
        reader.Array(3);
        ticket = reader.BytesUpTo(HandshakeLimits.MaxTicketBytes);
        nonce = reader.Bytes(HandshakeLimits.TicketNonceSize);
        lifetimeSeconds = (uint)reader.Unsigned(uint.MaxValue);
        return reader.IsComplete && ticket.Length > 0;
    }
}
