namespace Xtmp.Protocol;

/// <summary>The <c>encryption_type</c> byte of a frame (SPEC §1).</summary>
public enum EncryptionType : byte
{
    /// <summary>Only up to and with ServerHello, and for an Error in its place.</summary>
    None = 0,

    Aes256Gcm = 1,

    ChaCha20Poly1305 = 2,

    /// <summary>AES-256-GCM, then HMAC-SHA-256 over header and tag: commits to the key, hedges authentication at 256 bits.</summary>
    PostQuantum = 3,
}
