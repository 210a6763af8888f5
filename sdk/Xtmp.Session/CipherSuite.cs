namespace Xtmp.Session;

/// <summary>Key agreement and signatures of a handshake (SPEC §2).</summary>
public enum CipherSuite : byte
{
    /// <summary>X25519 + ML-KEM-1024, ML-DSA-87 + Ed25519, HKDF-SHA-384.</summary>
    X25519MlKem1024 = 0x01,
}
