using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Xtmp.Session;

namespace Xtmp.Transport;

/// <summary>Addresses as a session compares them, in the system's form: sockaddr_in or sockaddr_in6.</summary>
internal static class SocketAddresses
{
    public const int MaxSize = 28;

    private const int V4Size = 16;
    private static readonly byte[] s_familyV4 = FamilyOf(AddressFamily.InterNetwork);
    private static readonly byte[] s_familyV6 = FamilyOf(AddressFamily.InterNetworkV6);
    private static readonly UInt128 MappedPrefix = (UInt128)0xFFFF << 32;

    /// <summary>Writes an address for a socket of this family; returns its size.</summary>
    public static int Write(Span<byte> destination, PathAddress address, AddressFamily family)
    {
        var isV4 = family == AddressFamily.InterNetwork;
        var size = isV4 ? V4Size : MaxSize;
        destination[..size].Clear();
        (isV4 ? s_familyV4 : s_familyV6).CopyTo(destination);
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], address.Port);
        if (isV4)
        {
            BinaryPrimitives.WriteUInt32BigEndian(destination[4..], (uint)address.Address);
        }
        else
        {
            BinaryPrimitives.WriteUInt128BigEndian(destination[8..], address.Address);
        }

        return size;
    }

    public static PathAddress Read(ReadOnlySpan<byte> source, AddressFamily family) => new(
        family == AddressFamily.InterNetwork ? MappedPrefix | BinaryPrimitives.ReadUInt32BigEndian(source[4..]) : BinaryPrimitives.ReadUInt128BigEndian(source[8..]),
        BinaryPrimitives.ReadUInt16BigEndian(source[2..]));

    // The system's number of the family, in the layout it uses, as the framework writes it.
    private static byte[] FamilyOf(AddressFamily family) => new SocketAddress(family).Buffer.Span[..2].ToArray();
}
