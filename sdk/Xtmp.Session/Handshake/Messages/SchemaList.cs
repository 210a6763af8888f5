using System.Buffers.Binary;
using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>
/// Extension 4 of ClientHello and Params: the schemas an end speaks beside XTMP's own, 40 bytes each (tag, fingerprint),
/// ascending by tag (SPEC §2).
/// </summary>
internal static class SchemaList
{
    private const int EntrySize = sizeof(ulong) + HandshakeLimits.SchemaFingerprintSize;

    public const int MaxSchemas = HandshakeLimits.MaxExtensionBytes / EntrySize;

    public const int MaxBytes = MaxSchemas * EntrySize;

    public static int Write(Span<byte> destination, IReadOnlyList<SchemaInfo> schemas)
    {
        var at = 0;
        foreach (var schema in schemas.OrderBy(schema => schema.Tag))
        {
            BinaryPrimitives.WriteUInt64BigEndian(destination[at..], schema.Tag);
            schema.Fingerprint.Span.CopyTo(destination[(at + sizeof(ulong))..]);
            at += EntrySize;
        }

        return at;
    }

    public static bool IsValid(ReadOnlySpan<byte> list)
    {
        if (list.IsEmpty || list.Length % EntrySize != 0)
        {
            return false;
        }

        for (var at = EntrySize; at < list.Length; at += EntrySize)
        {
            if (TagAt(list, at) <= TagAt(list, at - EntrySize))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Names of the schemas that both ends speak and that differ.</summary>
    public static IEnumerable<string> Mismatches(byte[] peer, IReadOnlyList<SchemaInfo> own)
    {
        foreach (var schema in own)
        {
            for (var at = 0; at < peer.Length; at += EntrySize)
            {
                if (TagAt(peer, at) == schema.Tag && !schema.Fingerprint.Span.SequenceEqual(peer.AsSpan(at + sizeof(ulong), HandshakeLimits.SchemaFingerprintSize)))
                {
                    yield return schema.Protocol;
                }
            }
        }
    }

    private static ulong TagAt(ReadOnlySpan<byte> list, int at) => BinaryPrimitives.ReadUInt64BigEndian(list[at..]);
}
