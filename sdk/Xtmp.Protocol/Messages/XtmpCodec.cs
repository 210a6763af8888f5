using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Xtmp.Protocol;

/// <summary>Encoding and decoding in one line, for callers to whom an exception is as good as a status.</summary>
public static class XtmpCodec
{
    /// <summary>The canonical encoding in an array of its own.</summary>
    public static byte[] ToBytes(this IXtmpStruct value)
    {
        var bytes = new byte[value.GetEncodedSize()];
        int written = value.Encode(bytes);
        Invariant.Check(written == bytes.Length);
        return bytes;
    }

    /// <summary>Reads one value that fills the bytes exactly.</summary>
    /// <exception cref="XtmpException"><see cref="XtmpErrorCode.PayloadMalformed"/> with the offset and field.</exception>
    public static T Decode<T>(ReadOnlySpan<byte> source, DecodeLimits? limits = null)
        where T : class, IXtmpStruct<T>
    {
        var status = TryDecodeExactly<T>(source, limits ?? DecodeLimits.Untrusted, out var value, out var error);
        return status == DecodeStatus.Ok
            ? value!
            : throw new XtmpException(XtmpErrorCode.PayloadMalformed, Fault.Peer, $"{typeof(T).Name}: {error}", error.Field);
    }

    /// <summary>Reads one value; anything after it is <see cref="DecodeStatus.TrailingBytes"/>.</summary>
    public static DecodeStatus TryDecodeExactly<T>(ReadOnlySpan<byte> source, DecodeLimits limits, out T? value, out DecodeError error)
        where T : class, IXtmpStruct<T>
    {
        var status = T.TryDecode(source, limits, out value, out int consumed, out error);
        if (status == DecodeStatus.Ok && consumed != source.Length)
        {
            value = null;
            status = DecodeStatus.TrailingBytes;
            error = new DecodeError(status, consumed, null);
        }

        return status;
    }

    /// <summary>
    /// Reads one value from the start of a sequence. A sequence of several segments is copied first: its length is the
    /// caller's to bound.
    /// </summary>
    public static DecodeStatus TryDecode<T>(ReadOnlySequence<byte> source, DecodeLimits limits, out T? value, out long consumed, out DecodeError error)
        where T : class, IXtmpStruct<T>
    {
        if (source.IsSingleSegment)
        {
            var single = T.TryDecode(source.FirstSpan, limits, out value, out int end, out error);
            consumed = end;
            return single;
        }

        int length = checked((int)source.Length);
        var rented = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            source.CopyTo(rented);
            var status = T.TryDecode(rented.AsSpan(0, length), limits, out value, out int end, out error);
            consumed = end;
            return status;
        }
        finally
        {
            // What passed may hold secrets, and the array goes to strangers.
            ArrayPool<byte>.Shared.Return(rented, clearArray: true);
        }
    }

    /// <summary>Throws for the first broken constraint of the schema.</summary>
    /// <exception cref="XtmpException"><see cref="XtmpErrorCode.PayloadInvalid"/> naming the field.</exception>
    public static void Validate(this IXtmpStruct value)
    {
        if (!value.TryValidate(out var error))
        {
            throw new XtmpException(XtmpErrorCode.PayloadInvalid, Fault.Local, error.ToString(), error.Field);
        }
    }

    /// <summary>The JSON view as text, secrets redacted.</summary>
    public static string ToJson(this IXtmpStruct value, bool indented = false)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = indented }))
        {
            value.WriteJson(writer);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>Reads the JSON view from text.</summary>
    /// <exception cref="XtmpException"><see cref="XtmpErrorCode.PayloadMalformed"/> naming the field that does not fit.</exception>
    public static T FromJson<T>(string json)
        where T : class, IXtmpStruct<T>
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return T.ReadJson(document.RootElement);
        }
        catch (JsonException error)
        {
            throw new XtmpException(XtmpErrorCode.PayloadMalformed, Fault.Local, error.Message, innerException: error);
        }
    }
}
