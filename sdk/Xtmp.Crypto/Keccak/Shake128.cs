namespace Xtmp.Crypto;

/// <summary>
/// SHAKE128, FIPS 202 section 6.2, incremental: <see cref="Absorb"/> any pieces, then <see cref="Squeeze"/> any pieces.
/// Absorbing after squeezing throws until <see cref="Reset"/>. Not safe for concurrent use.
/// </summary>
[SecretHandling]
public sealed class Shake128 : IDisposable
{
    private KeccakSponge _sponge = KeccakSponge.Shake128();

    /// <summary>Adds to the input.</summary>
    /// <exception cref="InvalidOperationException">Output has been taken already.</exception>
    public void Absorb(ReadOnlySpan<byte> data) => _sponge.Absorb(data);

    /// <summary>Gives the next <paramref name="destination"/>.Length bytes of the output.</summary>
    public void Squeeze(Span<byte> destination) => _sponge.Squeeze(destination);

    /// <summary>Forgets everything and starts with empty input.</summary>
    public void Reset() => _sponge.Reset();

    /// <summary>Erases the state.</summary>
    public void Dispose() => _sponge.Reset();

    /// <summary>One input, one output of any length.</summary>
    public static void Hash(ReadOnlySpan<byte> data, Span<byte> destination)
    {
        KeccakSponge sponge = KeccakSponge.Shake128();
        sponge.Absorb(data);
        sponge.Squeeze(destination);
        sponge.Reset();
    }
}
