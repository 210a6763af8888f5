using Xtmp.Crypto;

namespace Xtmp.Cli.Crypto;

/// <summary>
/// What the timing tool measures: whole operations where their time must not depend on secrets, and the pieces of
/// ML-DSA signing, whose loop as a whole varies by design (FIPS 204 rejects candidates).
/// </summary>
internal static class TimingCases
{
    private const int Inputs = 256;

    public static IEnumerable<TimingTest> All()
    {
        yield return Decapsulation();
        yield return Keys();
        yield return Encapsulation();
        yield return Compression();
        yield return Transform();
        yield return Norm();
        yield return Rounding();
        yield return Agreement();
    }

    /// <summary>The opposite, which the tool must catch: a comparison that stops at the first difference.</summary>
    public static TimingTest Leaking()
    {
        byte[][] inputs = Bytes(4096, 9);
        byte[] reference = (byte[])inputs[0].Clone();
        byte[] input = new byte[4096];
        return new TimingTest("(a comparison that leaks, as a check of the tool)", i => inputs[i].CopyTo(input, 0), () =>
        {
            for (int at = 0; at < input.Length; at++)
            {
                if (input[at] != reference[at])
                {
                    return;
                }
            }
        });
    }

    // A ciphertext that decapsulates against ones that are rejected: implicit rejection must not show.
    private static TimingTest Decapsulation()
    {
        MlKem1024PrivateKey key = MlKem1024PrivateKey.FromSeed(Bytes(64, 1)[0], CryptoProviders.Managed);
        byte[] ek = new byte[MlKem1024.EncapsulationKeySize];
        key.WriteEncapsulationKey(ek);
        byte[][] ciphertexts = Bytes(MlKem1024.CiphertextSize, 2);
        byte[] secret = new byte[32];
        MlKem1024.TryEncapsulate(ek, Bytes(32, 3)[0], ciphertexts[0], secret);
        byte[] ciphertext = new byte[MlKem1024.CiphertextSize];
        return new TimingTest(
            "mlkem-1024 decapsulate, valid against rejected",
            i => ciphertexts[i].CopyTo(ciphertext, 0),
            () => key.TryDecapsulate(ciphertext, secret));
    }

    // Key objects would differ in where they lie in memory, which shows; so the secret vectors are copied to one place.
    private static TimingTest Keys()
    {
        short[][] secrets = [.. Bytes(2 * MlKemCore.VectorLength, 4).Select(bytes => System.Runtime.InteropServices.MemoryMarshal.Cast<byte, short>(bytes).ToArray().Select(value => (short)(value % MlKemField.Q)).ToArray())];
        secrets[0].AsSpan().Clear();
        short[] secret = new short[MlKemCore.VectorLength];
        byte[] ciphertext = Bytes(MlKem1024.CiphertextSize, 5)[0];
        byte[] message = new byte[32];
        return new TimingTest(
            "mlkem-1024 decrypt, key of zeros against random",
            i => secrets[i].CopyTo(secret, 0),
            () => MlKemCore.Decrypt(secret, ciphertext, message));
    }

    private static TimingTest Encapsulation()
    {
        using MlKem1024PrivateKey key = MlKem1024PrivateKey.FromSeed(Bytes(64, 6)[0], CryptoProviders.Managed);
        byte[] ek = new byte[MlKem1024.EncapsulationKeySize];
        key.WriteEncapsulationKey(ek);
        byte[][] messages = Bytes(32, 7);
        messages[0].AsSpan().Clear();
        byte[] ciphertext = new byte[MlKem1024.CiphertextSize];
        byte[] secret = new byte[32];
        byte[] message = new byte[32];
        return new TimingTest(
            "mlkem-1024 encapsulate, message of zeros against random",
            i => messages[i].CopyTo(message, 0),
            () => MlKem1024.TryEncapsulate(ek, message, ciphertext, secret));
    }

    private static TimingTest Compression()
    {
        short[][] polynomials = [.. Bytes(512, 8).Select(bytes => System.Runtime.InteropServices.MemoryMarshal.Cast<byte, short>(bytes).ToArray().Select(value => (short)(value % MlKemField.Q)).ToArray())];
        polynomials[0].AsSpan().Clear();
        byte[] packed = new byte[MlKemPacking.Bytes11];
        short[] polynomial = new short[256];
        return new TimingTest(
            "mlkem-1024 compress, zeros against random",
            i => polynomials[i].CopyTo(polynomial, 0),
            () => MlKemPacking.CompressEncode11(polynomial, packed));
    }

    private static TimingTest Transform()
    {
        int[][] polynomials = Polynomials(10, 3);
        polynomials[0].AsSpan().Clear();
        int[] work = new int[256];
        return new TimingTest(
            "mldsa-87 transform of a secret, zeros against random",
            i => polynomials[i].CopyTo(work, 0),
            () => MlDsaNtt.Forward(work));
    }

    private static TimingTest Norm()
    {
        int[][] polynomials = Polynomials(11, 1000);
        polynomials[0].AsSpan().Clear();
        polynomials[0][0] = MlDsaField.Gamma1;
        int[] work = new int[256];
        return new TimingTest(
            "mldsa-87 norm check, excess at the start against none",
            i => polynomials[i].CopyTo(work, 0),
            () => MlDsaRounding.ExceedsNorm(work, MlDsaField.Gamma1 - MlDsaField.Beta));
    }

    private static TimingTest Rounding()
    {
        int[][] polynomials = Polynomials(12, MlDsaField.Q);
        polynomials[0].AsSpan().Clear();
        int[] work = new int[256];
        int[] high = new int[256];
        return new TimingTest(
            "mldsa-87 decompose, zeros against random",
            i => polynomials[i].CopyTo(work, 0),
            () => MlDsaRounding.Decompose(work, high));
    }

    private static TimingTest Agreement()
    {
        byte[][] keys = Bytes(32, 13);
        keys[0].AsSpan().Clear();
        byte[] peer = new byte[32];
        byte[] shared = new byte[32];
        X25519.PublicKey(Bytes(32, 14)[0], peer);
        byte[] key = new byte[32];
        return new TimingTest(
            "x25519 agree, key of zeros against random (libsodium)",
            i => keys[i].CopyTo(key, 0),
            () => X25519.TryAgree(key, peer, shared));
    }

    private static int[][] Polynomials(ulong seed, int modulus) =>
        [.. Bytes(1024, seed).Select(bytes => System.Runtime.InteropServices.MemoryMarshal.Cast<byte, int>(bytes).ToArray().Select(value => value % modulus).ToArray())];

    private static byte[][] Bytes(int size, ulong seed)
    {
        Random random = new((int)seed);
        byte[][] inputs = new byte[Inputs][];
        for (int i = 0; i < Inputs; i++)
        {
            inputs[i] = new byte[size];
            random.NextBytes(inputs[i]);
        }

        return inputs;
    }
}
