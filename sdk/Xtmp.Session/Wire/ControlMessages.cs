using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>
/// The session's short messages: Heartbeat 0x03 [token, is reply], Disconnect 0x04 [reason, text or nil],
/// RekeyRequest 0x0B [], Credit 0x0F [exchange_id, limit].
/// </summary>
internal static class ControlMessages
{
    private const int MaxTextChars = 256;

    /// <summary>Largest length of one of these messages.</summary>
    public const int MaxLength = (3 * MaxTextChars) + 32;

    public static int WriteHeartbeat(Span<byte> destination, ulong token, bool isReply)
    {
        var writer = new WireWriter(destination);
        writer.Array(2);
        writer.Unsigned(token);
        writer.Boolean(isReply);
        return writer.Length;
    }

    public static bool TryReadHeartbeat(ReadOnlySpan<byte> payload, out ulong token, out bool isReply)
    {
        var reader = new WireReader(payload);
        reader.Array(2);
        token = reader.Unsigned();
        isReply = reader.Boolean();
        return reader.IsComplete;
    }

    public static int WriteDisconnect(Span<byte> destination, DisconnectReason reason, string? text)
    {
        var writer = new WireWriter(destination);
        writer.Array(2);
        writer.Unsigned((ulong)reason);
        writer.TextOrNil(text is null ? null : WireText.Cut(text, MaxTextChars));
        return writer.Length;
    }

    public static bool TryReadDisconnect(ReadOnlySpan<byte> payload, out DisconnectReason reason, out string? text)
    {
        var reader = new WireReader(payload);
        reader.Array(2);
        reason = (DisconnectReason)reader.Byte();
        text = reader.TextOrNil(3 * MaxTextChars);
        return reader.IsComplete;
    }

    public static int WriteCredit(Span<byte> destination, ulong exchangeId, ulong limit)
    {
        var writer = new WireWriter(destination);
        writer.Array(2);
        writer.Unsigned(exchangeId);
        writer.Unsigned(limit);
        return writer.Length;
    }

    public static bool TryReadCredit(ReadOnlySpan<byte> payload, out ulong exchangeId, out ulong limit)
    {
        var reader = new WireReader(payload);
        reader.Array(2);
        exchangeId = reader.Unsigned(FrameLayout.MaxExchangeId);
        limit = reader.Unsigned();
        return reader.IsComplete;
    }

    public static int WriteEmpty(Span<byte> destination)
    {
        var writer = new WireWriter(destination);
        writer.Array(0);
        return writer.Length;
    }

    public static bool TryReadEmpty(ReadOnlySpan<byte> payload)
    {
        var reader = new WireReader(payload);
        reader.Array(0);
        return reader.IsComplete;
    }
}
