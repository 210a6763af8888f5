namespace Xtmp.Crypto;

/// <summary>What a provider keeps for one ML-KEM-1024 private key. Sizes are checked before it is called.</summary>
public interface IMlKem1024Key : IDisposable
{
    /// <summary>Writes ek, 1568 bytes.</summary>
    void WriteEncapsulationKey(Span<byte> destination);

    /// <summary>FIPS 203 algorithm 21 on a ciphertext of 1568 bytes; a forged one gives a pseudorandom secret.</summary>
    void Decapsulate(ReadOnlySpan<byte> ciphertext, Span<byte> sharedSecret);
}
