namespace Xtmp.Schema;

/// <summary>The fingerprint two peers compare to know that their schemas agree on the wire.</summary>
public static class SchemaFingerprint
{
    /// <summary>32 bytes: SHA-256 of <see cref="CanonicalText.OfWire"/>.</summary>
    public static byte[] Compute(SchemaModel model)
    {
        using var sha = System.Security.Cryptography.SHA256.Create();
        return sha.ComputeHash(System.Text.Encoding.UTF8.GetBytes(CanonicalText.OfWire(model)));
    }
}
