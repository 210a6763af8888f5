using System.Buffers;
using global::MessagePack;
using global::MessagePack.Formatters;
using Xtmp.Protocol;

namespace Xtmp.MessagePack;

/// <summary>The generated codec of a type as a formatter. Nil stands for null.</summary>
public sealed class XtmpFormatter<T> : IMessagePackFormatter<T?>
    where T : class, IXtmpStruct<T>
{
    /// <summary>First part of a segmented input that is looked at, in bytes; four times as much where it does not suffice.</summary>
    private const long FirstPart = 4096;

    /// <summary>Writes the canonical encoding.</summary>
    /// <exception cref="MessagePackSerializationException">A constraint of the schema is violated; the message names the field.</exception>
    public void Serialize(ref MessagePackWriter writer, T? value, MessagePackSerializerOptions options)
    {
        if (value is null)
        {
            writer.WriteNil();
            return;
        }

        if (!value.TryValidate(out var error))
        {
            throw new MessagePackSerializationException($"{typeof(T).Name}: {error}.");
        }

        writer.Advance(value.Encode(writer.GetSpan(value.GetEncodedSize())));
    }

    /// <summary>Reads one canonical encoding, under <see cref="DecodeLimits.Untrusted"/>.</summary>
    /// <exception cref="MessagePackSerializationException">The bytes are no such encoding; the message names offset and field.</exception>
    public T? Deserialize(ref MessagePackReader reader, MessagePackSerializerOptions options)
    {
        if (reader.TryReadNil())
        {
            return null;
        }

        // Not ReadRaw(): it would walk the value before the codec has checked its nesting.
        var rest = reader.Sequence.Slice(reader.Position);
        for (long part = FirstPart; ; part *= 4)
        {
            var source = rest.IsSingleSegment || part >= rest.Length ? rest : rest.Slice(0, part);
            var status = XtmpCodec.TryDecode<T>(source, DecodeLimits.Untrusted, out var value, out long consumed, out var error);
            if (status == DecodeStatus.Ok)
            {
                reader.ReadRaw(consumed);
                return value;
            }

            if (status != DecodeStatus.Truncated || source.Length == rest.Length)
            {
                throw new MessagePackSerializationException($"{typeof(T).Name}: {error}.");
            }
        }
    }
}
