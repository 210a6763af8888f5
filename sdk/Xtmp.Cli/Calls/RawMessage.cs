using System.Buffers;
using System.Text.Json;
using Xtmp.Protocol;
using Xtmp.Protocol.MessagePack;

namespace Xtmp.Cli.Calls;

/// <summary>A message whose type is known from a schema at run time only: its encoding, checked for form and not for content.</summary>
public sealed class RawMessage(MessageInfo info, ReadOnlyMemory<byte> encoded) : IXtmpMessage<RawMessage>
{
    /// <summary>Stands in for what a received message is; its method tells.</summary>
    public static MessageInfo MessageInfo { get; } = new("message", 0, FrameKind.Response);

    public MessageInfo Info => info;

    public ReadOnlyMemory<byte> Encoded => encoded;

    public static DecodeStatus TryDecode(ReadOnlySpan<byte> source, DecodeLimits limits, out RawMessage? value, out int consumed, out DecodeError error)
    {
        int elements = limits.MaxElements;
        int end = MessagePackReader.Skip(source, 0, limits.MaxDepth, ref elements);
        consumed = Math.Max(end, 0);
        error = end < 0 ? new((DecodeStatus)(-end), 0, null) : default;
        value = end < 0 ? null : new RawMessage(MessageInfo, source[..end].ToArray());
        return error.Status;
    }

    /// <summary>Refuses: the schema is needed for that.</summary>
    public static RawMessage ReadJson(JsonElement element) => throw new NotSupportedException("JSON of a raw message is read by its schema.");

    public int GetEncodedSize() => encoded.Length;

    public int Encode(Span<byte> destination)
    {
        encoded.Span.CopyTo(destination);
        return encoded.Length;
    }

    public void Encode(IBufferWriter<byte> output) => output.Write(encoded.Span);

    /// <summary>True: what made it has checked it.</summary>
    public bool TryValidate(out ValidationError error)
    {
        error = default;
        return true;
    }

    public void WriteJson(Utf8JsonWriter writer) => writer.WriteStringValue(Convert.ToHexStringLower(encoded.Span));

    public bool Equals(RawMessage? other) => other is not null && encoded.Span.SequenceEqual(other.Encoded.Span);

    public override bool Equals(object? obj) => Equals(obj as RawMessage);

    public override int GetHashCode() => encoded.Length;
}
