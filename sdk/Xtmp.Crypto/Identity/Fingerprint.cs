using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Xtmp.Crypto;

namespace Xtmp;

/// <summary>
/// The public name of an identity: SHA-256("XTMP1 identity" ‖ ML-DSA key ‖ Ed25519 key), 32 bytes. Written and read as
/// 64 lowercase hexadecimal digits. All zero means "none given".
/// </summary>
[PublicData("The public name of an identity.")]
public readonly struct Fingerprint : IEquatable<Fingerprint>
{
    /// <summary>Bytes of a fingerprint.</summary>
    public const int Size = 32;

    private readonly Bytes _bytes;

    /// <param name="bytes">32 bytes.</param>
    public Fingerprint(ReadOnlySpan<byte> bytes)
    {
        ArgumentSize.Require(bytes.Length, Size, nameof(bytes));
        bytes.CopyTo(_bytes);
    }

    /// <summary>Whether every byte is zero.</summary>
    public bool IsZero => !((ReadOnlySpan<byte>)_bytes).ContainsAnyExcept((byte)0);

    public static bool operator ==(Fingerprint left, Fingerprint right) => left.Equals(right);

    public static bool operator !=(Fingerprint left, Fingerprint right) => !left.Equals(right);

    /// <summary>The fingerprint of a pair of public keys of 2592 and 32 bytes.</summary>
    public static Fingerprint Of(ReadOnlySpan<byte> mlDsaKey, ReadOnlySpan<byte> ed25519Key)
    {
        ReadOnlySpan<byte> label = "XTMP1 identity"u8;
        Span<byte> input = stackalloc byte[label.Length + MlDsa87.PublicKeySize + Ed25519.PublicKeySize];
        label.CopyTo(input);
        mlDsaKey.CopyTo(input[label.Length..]);
        ed25519Key.CopyTo(input[(label.Length + mlDsaKey.Length)..]);
        Span<byte> hash = stackalloc byte[Size];
        SHA256.HashData(input[..(label.Length + mlDsaKey.Length + ed25519Key.Length)], hash);
        return new Fingerprint(hash);
    }

    /// <summary>Reads 64 hexadecimal digits of either case.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Fingerprint fingerprint)
    {
        Span<byte> bytes = stackalloc byte[Size];
        if (text is { Length: 2 * Size }
            && Convert.FromHexString(text, bytes, out _, out int written) == System.Buffers.OperationStatus.Done
            && written == Size)
        {
            fingerprint = new Fingerprint(bytes);
            return true;
        }

        fingerprint = default;
        return false;
    }

    /// <summary>Reads 64 hexadecimal digits of either case.</summary>
    /// <exception cref="FormatException">The text is anything else.</exception>
    public static Fingerprint Parse(string text) => TryParse(text, out Fingerprint fingerprint)
        ? fingerprint
        : throw new FormatException("A fingerprint is 64 hexadecimal digits.");

    /// <summary>Writes the 32 bytes.</summary>
    public void CopyTo(Span<byte> destination) => ((ReadOnlySpan<byte>)_bytes).CopyTo(destination);

    /// <summary>A copy of the 32 bytes.</summary>
    public byte[] ToArray() => ((ReadOnlySpan<byte>)_bytes).ToArray();

    /// <inheritdoc/>
    public bool Equals(Fingerprint other) => ((ReadOnlySpan<byte>)_bytes).SequenceEqual(other._bytes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Fingerprint other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => BitConverter.ToInt32(_bytes);

    /// <summary>64 lowercase hexadecimal digits.</summary>
    public override string ToString() => Convert.ToHexStringLower(_bytes);

    [InlineArray(Size)]
    private struct Bytes
    {
        private byte _first;
    }
}
