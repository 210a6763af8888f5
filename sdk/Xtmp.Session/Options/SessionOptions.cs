using System.Collections.Immutable;
using Xtmp.Crypto;
using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>What both ends of a session take. Immutable; one value serves any number of sessions.</summary>
public abstract record SessionOptions
{
    public SessionLimits Limits { get; init; } = SessionLimits.Default;

    /// <summary>Encryption types this end accepts, in the order it prefers them.</summary>
    public ImmutableArray<EncryptionType> EncryptionTypes { get; init; } =
        [EncryptionType.Aes256Gcm, EncryptionType.ChaCha20Poly1305, EncryptionType.PostQuantum];

    /// <summary>Fingerprint of the schema catalogue (32 bytes), or empty where the ends agree by other means.</summary>
    public ReadOnlyMemory<byte> SchemaFingerprint { get; init; }

    /// <summary>Schemas of applications that this end speaks beside XTMP's own, at most 25. What both ends speak is compared.</summary>
    public IReadOnlyList<SchemaInfo> Schemas { get; init; } = [];

    /// <summary>
    /// Refuse a peer with another fingerprint of a schema that both ends speak. Where this is false it is only reported
    /// (<see cref="EstablishedSession.SchemaMismatches"/>): a schema may grow without breaking its older users.
    /// </summary>
    public bool RequireSameSchema { get; init; }

    public PaddingPolicy Padding { get; init; } = PaddingPolicy.None;

    /// <summary>Messages from this size on are tried for compression, where the schema allows it; 0 turns it off.</summary>
    public int CompressFromBytes { get; init; } = 1024;

    /// <summary>Which messages a peer may compress, and what they may claim. Null: any, up to <see cref="SessionLimits.MaxMessageBytes"/>.</summary>
    public CompressionBounds? CompressionBounds { get; init; }

    /// <summary>Use UDP beside the stream where a message type prefers it.</summary>
    public bool EnableDatagrams { get; init; }

    /// <summary>Keys made ahead of time. Null: each handshake makes its own from its session's entropy.</summary>
    public IKeySharePool? KeySharePool { get; init; }

    /// <summary>This end's identity. A server must have one; a client only where the server asks for it.</summary>
    public IdentityKey? Identity { get; init; }

    /// <summary>Certificate for <see cref="Identity"/> from an offline root, or null.</summary>
    public IdentityCertificate? Certificate { get; init; }
}
