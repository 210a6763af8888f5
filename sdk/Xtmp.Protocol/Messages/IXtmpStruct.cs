using System.Buffers;
using System.Text.Json;

namespace Xtmp.Protocol;

/// <summary>Every generated struct and message, for code that does not know the type.</summary>
public interface IXtmpStruct
{
    /// <summary>Exact number of bytes <see cref="Encode(Span{byte})"/> writes.</summary>
    int GetEncodedSize();

    /// <summary>Writes the canonical MessagePack encoding; returns the bytes written. Allocates nothing.</summary>
    /// <exception cref="ArgumentException">The destination is shorter than <see cref="GetEncodedSize"/>.</exception>
    int Encode(Span<byte> destination);

    /// <summary>Writes the canonical MessagePack encoding.</summary>
    void Encode(IBufferWriter<byte> output);

    /// <summary>True when every constraint of the schema holds; otherwise the first that does not.</summary>
    bool TryValidate(out ValidationError error);

    /// <summary>Writes the JSON view; secrets are redacted.</summary>
    void WriteJson(Utf8JsonWriter writer);
}

/// <summary>A generated struct or message whose type is known.</summary>
public interface IXtmpStruct<TSelf> : IXtmpStruct, IEquatable<TSelf>
    where TSelf : class, IXtmpStruct<TSelf>
{
    /// <summary>
    /// Reads one canonical value from the start of <paramref name="source"/>. Never throws for what the bytes say;
    /// <paramref name="consumed"/> counts the bytes of the value, what follows is the caller's to judge.
    /// </summary>
    static abstract DecodeStatus TryDecode(ReadOnlySpan<byte> source, DecodeLimits limits, out TSelf? value, out int consumed, out DecodeError error);

    /// <summary>Reads the JSON view. Constraints of the schema are not checked: see <see cref="IXtmpStruct.TryValidate"/>.</summary>
    /// <exception cref="XtmpException"><see cref="XtmpErrorCode.PayloadMalformed"/> naming the field that does not fit.</exception>
    static abstract TSelf ReadJson(JsonElement element);
}
