namespace Xtmp.Crypto;

/// <summary>M′ = label ‖ role ‖ SHA-512 hash, the message both signatures of an identity are made over.</summary>
[PublicData("What is signed is known to both ends.")]
internal static class IdentityMessage
{
    /// <summary>Longest label and role in bytes; the label is also an ML-DSA context, which has at most 255.</summary>
    public const int MaxPartSize = 255;

    public const int MaxSize = (2 * MaxPartSize) + IdentityPublicKey.HashSize;

    public static int Write(ReadOnlySpan<byte> label, ReadOnlySpan<byte> role, ReadOnlySpan<byte> hash, Span<byte> destination)
    {
        ArgumentSize.Require(hash.Length, IdentityPublicKey.HashSize, nameof(hash));
        if (label.Length > MaxPartSize || role.Length > MaxPartSize)
        {
            throw new ArgumentException($"A label and a role have at most {MaxPartSize} bytes each.");
        }

        label.CopyTo(destination);
        role.CopyTo(destination[label.Length..]);
        hash.CopyTo(destination[(label.Length + role.Length)..]);
        return label.Length + role.Length + hash.Length;
    }
}
