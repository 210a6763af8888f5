using System.Net;

namespace Xtmp.Session;

/// <summary>
/// A UDP address as the session compares it: an IPv6 or IPv4-mapped address and a port. A value, so that a datagram's
/// origin costs no allocation.
/// </summary>
public readonly record struct PathAddress(UInt128 Address, ushort Port)
{
    /// <summary>From the platform's type.</summary>
    public static PathAddress From(IPAddress address, int port)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.MapToIPv6().TryWriteBytes(bytes, out _);
        return new(System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes), checked((ushort)port));
    }

    /// <summary>To the platform's type; IPv4-mapped addresses come back as IPv4.</summary>
    public IPAddress ToIPAddress()
    {
        Span<byte> bytes = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes, Address);
        var address = new IPAddress(bytes);
        return address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
    }

    public override string ToString()
    {
        var address = ToIPAddress();
        var text = address.ToString();
        return text.Contains(':') ? $"[{text}]:{Port}" : $"{text}:{Port}";
    }
}
