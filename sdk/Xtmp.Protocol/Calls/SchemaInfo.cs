using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Xtmp.Protocol;

/// <summary>A schema as its generated catalogue gives it: what a silo serves, and what two ends compare when a session starts.</summary>
public sealed class SchemaInfo
{
    /// <param name="protocol">The schema's name.</param>
    /// <param name="version">Its version.</param>
    /// <param name="fingerprint">32 bytes over all that shapes the wire.</param>
    /// <param name="methods">Every method of every handler.</param>
    public SchemaInfo(string protocol, int version, ReadOnlySpan<byte> fingerprint, IReadOnlyList<MethodDescriptor> methods)
    {
        ArgumentException.ThrowIfNullOrEmpty(protocol);
        ArgumentNullException.ThrowIfNull(methods);
        if (fingerprint.Length != SHA256.HashSizeInBytes)
        {
            throw new ArgumentException("A schema's fingerprint has 32 bytes.", nameof(fingerprint));
        }

        Protocol = protocol;
        Version = version;
        Fingerprint = fingerprint.ToArray();
        Methods = methods;
        Tag = BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(protocol)));
    }

    /// <summary>For example <c>orders</c>.</summary>
    public string Protocol { get; }

    public int Version { get; }

    /// <summary>SHA-256 over all that shapes the wire, 32 bytes.</summary>
    public ReadOnlyMemory<byte> Fingerprint { get; }

    public IReadOnlyList<MethodDescriptor> Methods { get; }

    /// <summary>What stands for the name in a handshake: the first 8 bytes of its SHA-256, big-endian.</summary>
    public ulong Tag { get; }

    public override string ToString() => $"{Protocol} version {Version}";
}
