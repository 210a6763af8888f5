namespace Xtmp.Crypto;

/// <summary>A verification key with Â and NTT(t₁ · 2^d) expanded, about 64 KiB, so that a verification expands nothing.</summary>
[PublicData("A public key.")]
internal sealed class ManagedMlDsa87PublicKey : IMlDsa87PublicKey
{
    private readonly int[] _matrix = GC.AllocateUninitializedArray<int>(MlDsaCore.MatrixLength);
    private readonly int[] _high = GC.AllocateUninitializedArray<int>(MlDsaCore.SecretLength2);
    private readonly byte[] _keyHash = new byte[MlDsaCore.KeyHashSize];

    /// <summary>pkDecode, FIPS 204 algorithm 23; every string of 2592 bytes is a key.</summary>
    public ManagedMlDsa87PublicKey(ReadOnlySpan<byte> publicKey, int width)
    {
        Expand(publicKey, _matrix, _high, _keyHash, width);
    }

    public bool Verify(ReadOnlySpan<byte> message, ReadOnlySpan<byte> context, ReadOnlySpan<byte> signature)
    {
        Span<byte> representative = stackalloc byte[MlDsaCore.RepresentativeSize];
        MlDsaCore.Represent(_keyHash, message, context, representative);
        return MlDsaCore.Verify(_matrix, _high, representative, signature);
    }

    public void Dispose()
    {
    }

    internal static void Expand(ReadOnlySpan<byte> publicKey, Span<int> matrix, Span<int> high, Span<byte> keyHash, int width)
    {
        MlDsaSampling.ExpandMatrix(publicKey[..32], matrix, width);
        for (int i = 0; i < MlDsaField.K; i++)
        {
            Span<int> t1 = high.Slice(i * MlDsaField.N, MlDsaField.N);
            MlDsaPacking.DecodeT1(publicKey.Slice(32 + (i * MlDsaPacking.BytesT1), MlDsaPacking.BytesT1), t1);
            MlDsaRounding.ShiftByD(t1);
        }

        MlDsaCore.Transform(high);
        Shake256.Hash(publicKey, keyHash);
    }
}
