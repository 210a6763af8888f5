using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Xtmp.Storage;

/// <summary>
/// The first 8 bytes of a SHA-256 over a row's address and content. SQLite keeps no checksums of its pages; with the checksum a
/// damaged row is an error, not another balance. It guards against accidents, not against someone with the file in hand.
/// </summary>
internal static class RowChecksum
{
    public const int Size = 8;

    public static void Write(Span<byte> checksum, string first, string second, ReadOnlySpan<byte> content)
    {
        var size = 8 + Encoding.UTF8.GetMaxByteCount(first.Length) + Encoding.UTF8.GetMaxByteCount(second.Length) + content.Length;
        byte[]? rented = null;
        var buffer = size <= 1024 ? stackalloc byte[1024] : rented = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            // Lengths before the parts, so that no two rows share an input.
            var firstBytes = Encoding.UTF8.GetBytes(first, buffer[8..]);
            var secondBytes = Encoding.UTF8.GetBytes(second, buffer[(8 + firstBytes)..]);
            BinaryPrimitives.WriteInt32LittleEndian(buffer, firstBytes);
            BinaryPrimitives.WriteInt32LittleEndian(buffer[4..], secondBytes);
            var used = 8 + firstBytes + secondBytes;
            content.CopyTo(buffer[used..]);
            used += content.Length;

            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(buffer[..used], hash);
            hash[..Size].CopyTo(checksum);
        }
        finally
        {
            if (rented is not null)
            {
                ArrayPool<byte>.Shared.Return(rented);
            }
        }
    }

    public static bool Matches(ReadOnlySpan<byte> checksum, string first, string second, ReadOnlySpan<byte> content)
    {
        Span<byte> expected = stackalloc byte[Size];
        Write(expected, first, second, content);
        return expected.SequenceEqual(checksum);
    }
}
