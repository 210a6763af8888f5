using Xtmp.Crypto;
using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>
/// What a server seals in a ticket: [version, suite, AEAD, server name or nil, server fingerprint, client fingerprint or
/// nil, client's verified certificate body or nil, that certificate's root or nil, policy that accepted the client or nil,
/// signed at, expires at, psk]. No permissions: policy is evaluated afresh.
/// Times are milliseconds since 1970.
/// </summary>
internal ref struct TicketContents
{
    public const int MaxLength = 1536;
    private const int MaxPolicyChars = 200;

    // The last millisecond of the year 9999.
    private const ulong MaxMilliseconds = 253_402_300_799_999;

    public EncryptionType Encryption;
    public string? ServerName;
    public Fingerprint ServerFingerprint;
    public Fingerprint? ClientFingerprint;
    public ReadOnlySpan<byte> ClientCertificateBody;
    public Fingerprint? ClientRoot;
    public string? ClientPolicy;
    public DateTimeOffset SignedAt;
    public DateTimeOffset ExpiresAt;
    public ReadOnlySpan<byte> Psk;

    public readonly int Write(Span<byte> destination)
    {
        var writer = new WireWriter(destination);
        writer.Array(12);
        writer.Unsigned(FrameLayout.Version);
        writer.Unsigned((ulong)CipherSuite.X25519MlKem1024);
        writer.Unsigned((ulong)Encryption);
        writer.TextOrNil(ServerName);
        writer.Bytes(ServerFingerprint.ToArray());
        writer.BytesOrNil(ClientFingerprint?.ToArray());
        writer.BytesOrNil(ClientCertificateBody);
        writer.BytesOrNil(ClientRoot?.ToArray());
        writer.TextOrNil(ClientPolicy is null ? null : WireText.Cut(ClientPolicy, MaxPolicyChars));
        writer.Unsigned((ulong)SignedAt.ToUnixTimeMilliseconds());
        writer.Unsigned((ulong)ExpiresAt.ToUnixTimeMilliseconds());
        writer.Bytes(Psk);
        return writer.Length;
    }

    /// <summary>Reads what this or another silo of the cluster sealed; false where the format is another release's.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out TicketContents contents)
    {
        contents = default;
        var reader = new WireReader(source);
        reader.Array(12);
        reader.Require(reader.Byte() == FrameLayout.Version && reader.Byte() == (byte)CipherSuite.X25519MlKem1024);
        contents.Encryption = (EncryptionType)reader.Byte();
        contents.ServerName = reader.TextOrNil(HandshakeLimits.MaxNameBytes);
        var server = reader.Bytes(Fingerprint.Size);
        var client = reader.IsNil() ? default : reader.Bytes(Fingerprint.Size);
        contents.ClientCertificateBody = reader.IsNil() ? default : reader.BytesUpTo(HandshakeLimits.MaxCertificateBytes);
        var root = reader.IsNil() ? default : reader.Bytes(Fingerprint.Size);
        contents.ClientPolicy = reader.TextOrNil(3 * MaxPolicyChars);
        var signedAt = reader.Unsigned(MaxMilliseconds);
        var expiresAt = reader.Unsigned(MaxMilliseconds);
        contents.Psk = reader.Bytes(KeyDerivation.SecretSize);
        if (!reader.IsComplete)
        {
            return false;
        }

        contents.ServerFingerprint = new(server);
        contents.ClientFingerprint = client.IsEmpty ? null : new Fingerprint(client);
        contents.ClientRoot = root.IsEmpty ? null : new Fingerprint(root);
        contents.SignedAt = DateTimeOffset.UnixEpoch.AddMilliseconds(signedAt);
        contents.ExpiresAt = DateTimeOffset.UnixEpoch.AddMilliseconds(expiresAt);
        return true;
    }
}
