using System.Diagnostics.CodeAnalysis;

namespace Xtmp.Crypto;

/// <summary>
/// The public half of an identity: an ML-DSA-87 key and an Ed25519 key, both of which must verify. Safe for concurrent
/// use; once a signature has verified, the ML-DSA key is kept expanded (64 KiB), with at most 512 identities of a process.
/// </summary>
[PublicData("Public keys.")]
public sealed class IdentityPublicKey
{
    /// <summary>Bytes of the hash that is signed, a SHA-512.</summary>
    public const int HashSize = 64;

    private readonly byte[] _mlDsaKey;
    private readonly byte[] _ed25519Key;
    private MlDsa87PublicKey? _expanded;
    private bool _isUsed;

    private IdentityPublicKey(ReadOnlySpan<byte> mlDsaKey, ReadOnlySpan<byte> ed25519Key)
    {
        _mlDsaKey = mlDsaKey.ToArray();
        _ed25519Key = ed25519Key.ToArray();
        Fingerprint = Fingerprint.Of(mlDsaKey, ed25519Key);
    }

    /// <summary>The ML-DSA-87 public key, 2592 bytes.</summary>
    public ReadOnlySpan<byte> MlDsaKey => _mlDsaKey;

    /// <summary>The Ed25519 public key, 32 bytes.</summary>
    public ReadOnlySpan<byte> Ed25519Key => _ed25519Key;

    /// <summary>The identity's name.</summary>
    public Fingerprint Fingerprint { get; }

    /// <summary>Takes 2592 and 32 bytes; whether the latter are a point shows at verification.</summary>
    /// <returns>False when a length is wrong.</returns>
    public static bool TryImport(ReadOnlySpan<byte> mlDsaKey, ReadOnlySpan<byte> ed25519Key, [NotNullWhen(true)] out IdentityPublicKey? key)
    {
        key = mlDsaKey.Length == MlDsa87.PublicKeySize && ed25519Key.Length == Ed25519.PublicKeySize
            ? new IdentityPublicKey(mlDsaKey, ed25519Key)
            : null;
        return key is not null;
    }

    /// <summary>
    /// Verifies both signatures over M′ = label ‖ role ‖ hash; ML-DSA's with the label as its context.
    /// </summary>
    /// <param name="label">For what purpose, at most 255 bytes.</param>
    /// <param name="role">Who signs, at most 255 bytes.</param>
    /// <param name="hash">SHA-512 of what is signed, made by the caller: 64 bytes.</param>
    /// <param name="mlDsaSignature">4627 bytes, any others are refused.</param>
    /// <param name="ed25519Signature">64 bytes, any others are refused.</param>
    /// <returns>True when both verify.</returns>
    public bool Verify(ReadOnlySpan<byte> label, ReadOnlySpan<byte> role, ReadOnlySpan<byte> hash, ReadOnlySpan<byte> mlDsaSignature, ReadOnlySpan<byte> ed25519Signature)
    {
        Span<byte> buffer = stackalloc byte[IdentityMessage.MaxSize];
        ReadOnlySpan<byte> message = buffer[..IdentityMessage.Write(label, role, hash, buffer)];
        return Ed25519.Verify(_ed25519Key, message, ed25519Signature)
            && VerifyMlDsa(message, label, mlDsaSignature);
    }

    /// <summary>The ML-DSA key is kept expanded.</summary>
    internal bool IsExpanded => Volatile.Read(ref _expanded) is not null;

    /// <summary>The fingerprint.</summary>
    public override string ToString() => Fingerprint.ToString();

    /// <summary>Whether it was used since this was last asked.</summary>
    internal bool TakeUse()
    {
        var isUsed = Volatile.Read(ref _isUsed);
        Volatile.Write(ref _isUsed, false);
        return isUsed;
    }

    /// <summary>Lets go of the expanded key. Whoever verifies with it just now goes on; it is collected afterwards.</summary>
    internal void Shrink() => Volatile.Write(ref _expanded, null);

    // A key that has verified nothing yet is whatever somebody sent: its expansion is not kept. Two threads may both
    // expand; the results are equal and the loser's is collected.
    private bool VerifyMlDsa(ReadOnlySpan<byte> message, ReadOnlySpan<byte> label, ReadOnlySpan<byte> signature)
    {
        if (Volatile.Read(ref _expanded) is { } known)
        {
            Volatile.Write(ref _isUsed, true);
            return known.Verify(message, label, signature);
        }

        MlDsa87PublicKey.TryImport(_mlDsaKey, out MlDsa87PublicKey? key);
        bool valid = key!.Verify(message, label, signature);
        if (!valid || Interlocked.CompareExchange(ref _expanded, key, null) is not null)
        {
            key.Dispose();
        }
        else
        {
            ExpandedKeys.Enter(this);
        }

        return valid;
    }
}
