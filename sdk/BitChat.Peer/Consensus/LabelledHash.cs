using System.Buffers;
using Xtmp.Crypto;
using Xtmp.Protocol;

namespace BitChat.Peer;

/// <summary>SHA-256 over a label and a value's canonical encoding, without arrays of their own for the two.</summary>
internal static class LabelledHash
{
    public static byte[] Of(ReadOnlySpan<byte> label, IXtmpStruct value)
    {
        var size = label.Length + value.GetEncodedSize();
        var rented = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            label.CopyTo(rented);
            value.Encode(rented.AsSpan(label.Length, size - label.Length));
            return Sha256.HashData(rented.AsSpan(0, size));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }
}
