using Xtmp.Protocol;

namespace BitChat.Peer;

/// <summary>Values in byte fields. Only the canonical encoding is read, so that one thing has one encoding.</summary>
public static class EncodedOperation
{
    public static byte[] Of<T>(T value)
        where T : class, IXtmpStruct<T> => ((IXtmpStruct)value).ToBytes();

    /// <summary>The value, or null where the bytes are none.</summary>
    public static T? Parse<T>(ReadOnlySpan<byte> bytes)
        where T : class, IXtmpStruct<T> =>
        XtmpCodec.TryDecodeExactly<T>(bytes, DecodeLimits.Untrusted, out var value, out _) == DecodeStatus.Ok ? value : null;
}
