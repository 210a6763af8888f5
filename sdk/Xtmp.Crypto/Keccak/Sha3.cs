namespace Xtmp.Crypto;

/// <summary>
/// SHA3-256 and SHA3-512, FIPS 202 section 6.1. The one-shot forms allocate nothing; an instance hashes in pieces.
/// </summary>
[SecretHandling]
public sealed class Sha3 : IDisposable
{
    /// <summary>Output of SHA3-256 in bytes.</summary>
    public const int Size256 = 32;

    /// <summary>Output of SHA3-512 in bytes.</summary>
    public const int Size512 = 64;

    private readonly int _size;
    private KeccakSponge _sponge;

    private Sha3(int size)
    {
        _size = size;
        _sponge = Sponge(size);
    }

    /// <summary>An incremental SHA3-256.</summary>
    public static Sha3 Create256() => new(Size256);

    /// <summary>An incremental SHA3-512.</summary>
    public static Sha3 Create512() => new(Size512);

    /// <summary>SHA3-256 of <paramref name="data"/> into 32 bytes.</summary>
    public static void Hash256(ReadOnlySpan<byte> data, Span<byte> destination) => Hash(data, destination, Size256);

    /// <summary>SHA3-512 of <paramref name="data"/> into 64 bytes.</summary>
    public static void Hash512(ReadOnlySpan<byte> data, Span<byte> destination) => Hash(data, destination, Size512);

    /// <summary>Adds to the input.</summary>
    public void Append(ReadOnlySpan<byte> data) => _sponge.Absorb(data);

    /// <summary>Writes the digest and starts over with empty input.</summary>
    public void GetHashAndReset(Span<byte> destination)
    {
        _sponge.Squeeze(destination[.._size]);
        _sponge.Reset();
    }

    /// <summary>Erases the state.</summary>
    public void Dispose() => _sponge.Reset();

    // The capacity is twice the digest: rate = 200 - 2 · size bytes.
    internal static KeccakSponge Sponge(int size) => new(200 - (2 * size), KeccakSponge.Sha3Suffix);

    private static void Hash(ReadOnlySpan<byte> data, Span<byte> destination, int size)
    {
        KeccakSponge sponge = Sponge(size);
        sponge.Absorb(data);
        sponge.Squeeze(destination[..size]);
        sponge.Reset();
    }
}
