using System.Net;
using System.Net.Sockets;

namespace Xtmp.Gateway;

/// <summary>What counts as one address: an IPv4 address, or an IPv6 /64, which one machine usually has to itself.</summary>
internal static class AddressKey
{
    private const int PrefixBytes = 8;

    public static string Of(EndPoint? peer)
    {
        if (peer is not IPEndPoint { Address: var address })
        {
            return "unknown";
        }

        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }

        return address.AddressFamily == AddressFamily.InterNetworkV6
            ? Convert.ToHexString(address.GetAddressBytes(), 0, PrefixBytes) + "/64"
            : address.ToString();
    }
}
