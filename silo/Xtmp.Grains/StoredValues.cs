using Xtmp.Protocol;
using Xtmp.Runtime;

namespace Xtmp.Grains;

/// <summary>Generated structs as a grain's durable entries.</summary>
internal static class StoredValues
{
    // What a grain stored is trusted, and a proof may be larger than what one message of a peer may hold.
    private static readonly DecodeLimits Limits = new() { MaxElements = 1_000_000 };

    public static byte[] Encode(IXtmpStruct value)
    {
        // What cannot be read back must not be written.
        if (!value.TryValidate(out var error))
        {
            throw new XtmpException(XtmpErrorCode.Internal, Fault.Local, $"A {value.GetType().Name} that is not valid was to be stored: {error}.");
        }

        var bytes = new byte[value.GetEncodedSize()];
        value.Encode(bytes);
        return bytes;
    }

    /// <exception cref="XtmpException">Local fault: the store gave back something else than was put in.</exception>
    public static T Decode<T>(ReadOnlyMemory<byte> bytes)
        where T : class, IXtmpStruct<T>
    {
        var status = T.TryDecode(bytes.Span, Limits, out var value, out var consumed, out var error);
        if (status != DecodeStatus.Ok || consumed != bytes.Length)
        {
            throw new XtmpException(XtmpErrorCode.StorageUnavailable, Fault.Local, $"A stored {typeof(T).Name} cannot be read: {error}.");
        }

        return value!;
    }

    public static async ValueTask<T?> ReadAsync<T>(this IGrainEntries entries, string key)
        where T : class, IXtmpStruct<T> =>
        await entries.GetAsync(key).ConfigureAwait(true) is { } bytes ? Decode<T>(bytes) : null;

    public static void Put(this IGrainEntries entries, string key, IXtmpStruct value) => entries.Put(key, Encode(value));
}
