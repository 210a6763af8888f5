using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json.Nodes;
using K4os.Compression.LZ4;
using Xtmp.Cli.Calls;
using Xtmp.Protocol;
using Xtmp.Schema;
using Xtmp.Session;

namespace Xtmp.Cli.Frames;

/// <summary>
/// Shows an opened payload (SPEC section 1, "The payload, after decryption"): by the schema where it knows the message, in
/// hex where it does not. Nothing of it is trusted.
/// </summary>
internal sealed class FramePayload(SchemaModel schema)
{
    private readonly IReadOnlyDictionary<string, object> _types = TypeGraph.Of(schema).All;

    public JsonNode Show(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        if (header.Flags.HasFlag(FrameFlags.Fragmented))
        {
            // Alone it is a part of a message, which may be compressed.
            return Convert.ToHexStringLower(payload);
        }

        return header.MessageType == FrameCode.Batch ? Batch(payload) : Message(header.MessageType, header.Kind, header.Flags, payload);
    }

    private JsonArray Batch(ReadOnlySpan<byte> payload)
    {
        JsonArray entries = [];
        while (!payload.IsEmpty)
        {
            if (!BatchEntry.TryRead(payload, out BatchEntry entry))
            {
                entries.Add(new JsonObject { ["malformed"] = Convert.ToHexStringLower(payload) });
                break;
            }

            entries.Add(new JsonObject
            {
                ["message_type"] = string.Create(CultureInfo.InvariantCulture, $"0x{entry.MessageType:X2}"),
                ["flags"] = entry.Flags.ToString(),
                ["kind"] = entry.Kind.ToString(),
                ["exchange_id"] = entry.ExchangeId.ToString(CultureInfo.InvariantCulture),
                ["message"] = Message(entry.MessageType, entry.Kind, entry.Flags, payload.Slice(BatchEntry.Size, entry.Length)),
            });
            payload = payload[(BatchEntry.Size + entry.Length)..];
        }

        return entries;
    }

    private JsonNode Message(byte code, FrameKind kind, FrameFlags flags, ReadOnlySpan<byte> payload)
    {
        JsonObject shown = [];
        if (kind == FrameKind.StreamItem && payload.Length >= sizeof(ulong))
        {
            shown["item"] = BinaryPrimitives.ReadUInt64LittleEndian(payload).ToString(CultureInfo.InvariantCulture);
            payload = payload[sizeof(ulong)..];
        }

        if (flags.HasFlag(FrameFlags.Compressed))
        {
            if (Decompress(payload) is not { } raw)
            {
                return Raw(shown, payload);
            }

            payload = raw;
        }

        if (kind == FrameKind.Error)
        {
            if (ErrorMessage.Read(payload) is not { } error)
            {
                return Raw(shown, payload);
            }

            shown["error"] = new JsonObject { ["code"] = error.Code.ToString(), ["text"] = error.Text, ["field"] = error.Field, ["retryable"] = error.Retryable, ["retry_after_ms"] = error.RetryAfter?.TotalMilliseconds };
            return shown;
        }

        if (Find(code, kind) is not { } message
            || RawMessage.TryDecode(payload, DecodeLimits.Untrusted, out RawMessage? value, out int length, out _) != DecodeStatus.Ok)
        {
            return Raw(shown, payload);
        }

        try
        {
            shown[message.Name] = new ReplyReader(_types, value!.Encoded).Read(message.Shape);
        }
        catch (XtmpException)
        {
            return Raw(shown, payload);
        }

        if (kind == FrameKind.Request && TraceContext.TryRead(payload[length..], out var trace, out int traceLength) && traceLength > 0)
        {
            shown["trace"] = $"{trace.TraceId}-{trace.SpanId}";
            length += traceLength;
        }

        if (length < payload.Length)
        {
            shown["padding"] = payload.Length - length;
        }

        return shown;
    }

    private MessageModel? Find(byte code, FrameKind kind)
    {
        MessageModel? asked = schema.Messages.FirstOrDefault(m => m.Code == code && code != 0);
        if (asked is null || kind is FrameKind.Request or FrameKind.OneWay)
        {
            return asked;
        }

        // A reply or an item has the code of its request.
        string? reply = schema.Handlers.SelectMany(h => h.Methods).FirstOrDefault(m => m.Request.Name == asked.Name)?.Reply?.Name;
        return kind is FrameKind.Response or FrameKind.StreamItem ? schema.Messages.FirstOrDefault(m => m.Name == reply) : null;
    }

    private static byte[]? Decompress(ReadOnlySpan<byte> payload)
    {
        if (payload.Length < sizeof(uint) || BinaryPrimitives.ReadUInt32LittleEndian(payload) is var length && length > SessionLimits.Default.MaxMessageBytes)
        {
            return null;
        }

        byte[] raw = new byte[BinaryPrimitives.ReadUInt32LittleEndian(payload)];
        return LZ4Codec.Decode(payload[sizeof(uint)..], raw) == raw.Length ? raw : null;
    }

    private static JsonNode Raw(JsonObject shown, ReadOnlySpan<byte> payload)
    {
        string hex = Convert.ToHexStringLower(payload);
        if (shown.Count == 0)
        {
            return hex;
        }

        shown["bytes"] = hex;
        return shown;
    }
}
