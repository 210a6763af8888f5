using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Xtmp.Crypto;

namespace Xtmp.Session;

/// <summary>
/// What an offline root says of an identity (SPEC §2): canonical MessagePack
/// [version, fingerprint, name, role, not_before, not_after, serial, root fingerprint], then the root's ML-DSA-87 and
/// Ed25519 signatures under the label "XTMP1 root cert". Times are whole seconds since 1970. Immutable.
/// </summary>
public sealed class IdentityCertificate
{
    /// <summary>Longest name, in bytes of UTF-8.</summary>
    public const int MaxNameBytes = HandshakeLimits.MaxNameBytes;
    private const int FormatVersion = 1;
    private const int SignaturesSize = MlDsa87.SignatureSize + Ed25519.SignatureSize;
    private readonly byte[] _encoded;

    private IdentityCertificate(byte[] encoded)
    {
        _encoded = encoded;
    }

    /// <summary>The identity it is about.</summary>
    public Fingerprint Fingerprint { get; private init; }

    /// <summary>For a server the name clients ask for; for a client any name its operator gave.</summary>
    public string Name { get; private init; } = string.Empty;

    public PeerRole Role { get; private init; }

    public DateTimeOffset NotBefore { get; private init; }

    public DateTimeOffset NotAfter { get; private init; }

    public ulong Serial { get; private init; }

    public Fingerprint RootFingerprint { get; private init; }

    /// <summary>The bytes as they travel. Without its signatures where it was carried over by a ticket.</summary>
    public ReadOnlySpan<byte> Encoded => _encoded;

    /// <summary>The signed part.</summary>
    internal ReadOnlySpan<byte> Body => HasSignatures ? _encoded.AsSpan(0, _encoded.Length - SignaturesSize) : _encoded;

    internal bool HasSignatures { get; private init; }

    /// <summary>Makes a certificate; done offline, where the root's key is.</summary>
    /// <exception cref="ArgumentException">The name is empty or longer than <see cref="MaxNameBytes"/>.</exception>
    public static IdentityCertificate Issue(IdentityKey root, Fingerprint subject, string name, PeerRole role, DateTimeOffset notBefore, DateTimeOffset notAfter, ulong serial, IEntropy entropy)
    {
        ArgumentNullException.ThrowIfNull(root);
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (System.Text.Encoding.UTF8.GetByteCount(name) > MaxNameBytes)
        {
            throw new ArgumentException($"A certificate's name has at most {MaxNameBytes} bytes of UTF-8.", nameof(name));
        }

        Span<byte> buffer = stackalloc byte[2048];
        var writer = new WireWriter(buffer);
        writer.Array(8);
        writer.Unsigned(FormatVersion);
        writer.Bytes(subject.ToArray());
        writer.Text(name);
        writer.Unsigned((ulong)role);
        writer.Unsigned((ulong)notBefore.ToUnixTimeSeconds());
        writer.Unsigned((ulong)notAfter.ToUnixTimeSeconds());
        writer.Unsigned(serial);
        writer.Bytes(root.Public.Fingerprint.ToArray());
        var encoded = new byte[writer.Length + SignaturesSize];
        buffer[..writer.Length].CopyTo(encoded);
        Span<byte> hash = stackalloc byte[SHA512.HashSizeInBytes];
        SHA512.HashData(encoded.AsSpan(0, writer.Length), hash);
        root.Sign(Labels.RootCertificate, Labels.Role(role), hash, entropy,
            encoded.AsSpan(writer.Length, MlDsa87.SignatureSize), encoded.AsSpan(^Ed25519.SignatureSize));
        return TryDecode(encoded, out var certificate) ? certificate : throw new ArgumentException("The dates are outside what a certificate can hold.");
    }

    /// <summary>Reads a certificate; its signatures are not yet checked. False for anything but the canonical layout.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out IdentityCertificate? certificate)
    {
        certificate = null;
        return encoded.Length is > SignaturesSize and <= HandshakeLimits.MaxCertificateBytes
            && TryDecodeBody(encoded[..^SignaturesSize], encoded.ToArray(), hasSignatures: true, out certificate);
    }

    /// <summary>The certificate as verified, when both signatures are the root's; else null.</summary>
    public VerifiedCertificate? TryVerify(IdentityPublicKey root)
    {
        ArgumentNullException.ThrowIfNull(root);
        if (!HasSignatures || RootFingerprint != root.Fingerprint)
        {
            return null;
        }

        Span<byte> hash = stackalloc byte[SHA512.HashSizeInBytes];
        SHA512.HashData(Body, hash);
        var signatures = _encoded.AsSpan(_encoded.Length - SignaturesSize);
        return root.Verify(Labels.RootCertificate, Labels.Role(Role), hash,
            signatures[..MlDsa87.SignatureSize], signatures[MlDsa87.SignatureSize..])
            ? new VerifiedCertificate(this)
            : null;
    }

    public override string ToString() => $"certificate {Serial} of '{Name}' ({Role}) by {RootFingerprint}";

    /// <summary>The body alone, as a ticket keeps it after the signatures were checked.</summary>
    internal static bool TryDecodeBody(ReadOnlySpan<byte> body, [NotNullWhen(true)] out IdentityCertificate? certificate) =>
        TryDecodeBody(body, body.ToArray(), hasSignatures: false, out certificate);

    private static bool TryDecodeBody(ReadOnlySpan<byte> body, byte[] encoded, bool hasSignatures, [NotNullWhen(true)] out IdentityCertificate? certificate)
    {
        var reader = new WireReader(body);
        reader.Array(8);
        reader.Require(reader.Byte() == FormatVersion);
        var fingerprint = reader.Bytes(Fingerprint.Size);
        var name = reader.Text(MaxNameBytes);
        var role = reader.Byte();
        reader.Require(role is (byte)PeerRole.Client or (byte)PeerRole.Server && name.Length > 0);
        var notBefore = reader.Unsigned(MaxUnixSeconds);
        var notAfter = reader.Unsigned(MaxUnixSeconds);
        var serial = reader.Unsigned();
        var root = reader.Bytes(Fingerprint.Size);
        certificate = !reader.IsComplete ? null : new(encoded)
        {
            Fingerprint = new(fingerprint),
            Name = name,
            Role = (PeerRole)role,
            NotBefore = DateTimeOffset.FromUnixTimeSeconds((long)notBefore),
            NotAfter = DateTimeOffset.FromUnixTimeSeconds((long)notAfter),
            Serial = serial,
            RootFingerprint = new(root),
            HasSignatures = hasSignatures,
        };
        return certificate is not null;
    }

    // The last second of the year 9999.
    private const ulong MaxUnixSeconds = 253_402_300_799;
}
