namespace Xtmp.Crypto.Tests;

/// <summary>
/// C2SP/CCTV's special ML-KEM-1024 vectors: intermediate values, a matrix that needs an unusually long expansion, and a
/// comparison that a string function would get wrong.
/// </summary>
public sealed class CctvTests
{
    [Fact]
    public void agrees_with_the_intermediate_values()
    {
        Dictionary<string, string> values = Read("cctv_mlkem_1024_intermediate.txt");
        byte[] rho = Convert.FromHexString(values["ρ"]);
        byte[] sigma = Convert.FromHexString(values["σ"]);

        // The file was made with the draft's G(d); everything after this step is the final standard's.
        byte[] seeds = new byte[64];
        Sha3.Hash512(Convert.FromHexString(values["d"]), seeds);
        Assert.Equal([.. rho, .. sigma], seeds);

        short[] matrix = new short[MlKemCore.MatrixLength];
        MlKemSampling.ExpandMatrix(rho, matrix, KeccakBatch.Width);
        Assert.Equal(values["A[0, 0]"].Split(" = ")[0], Braces(matrix.AsSpan(0, 256)));
        using ManagedMlKem1024Key key = ManagedMlKem1024Key.FromDerivedSeeds(seeds, Convert.FromHexString(values["z"]), KeccakBatch.Width);
        byte[] ek = new byte[MlKem1024.EncapsulationKeySize];
        key.WriteEncapsulationKey(ek);
        Assert.Equal(values["ek"], Convert.ToHexStringLower(ek));
        byte[] dk = new byte[MlKemCore.ExpandedDecapsulationKeySize];
        key.ExportExpanded(dk);
        Assert.Equal(values["dk"], Convert.ToHexStringLower(dk));
        Encapsulates(values, ek, key);
    }

    [Fact]
    public void expands_an_unlucky_matrix()
    {
        Dictionary<string, string> values = Read("cctv_mlkem_1024_unluckysample.txt");
        Assert.True(ManagedMlKem1024Key.TryFromExpanded(Convert.FromHexString(values["dk"]), out ManagedMlKem1024Key? key));
        using (key)
        {
            Encapsulates(values, Convert.FromHexString(values["ek"]), key!);
        }
    }

    [Fact]
    public void compares_ciphertexts_past_zero_bytes()
    {
        Dictionary<string, string> values = Read("cctv_mlkem_1024_strcmp.txt");
        Assert.True(ManagedMlKem1024Key.TryFromExpanded(Convert.FromHexString(values["dk"]), out ManagedMlKem1024Key? key));
        using (key)
        {
            byte[] secret = new byte[32];
            key!.Decapsulate(Convert.FromHexString(values["c"]), secret);
            Assert.Equal(values["K"], Convert.ToHexStringLower(secret));
        }
    }

    private static void Encapsulates(Dictionary<string, string> values, byte[] ek, ManagedMlKem1024Key key)
    {
        byte[] ciphertext = new byte[MlKem1024.CiphertextSize];
        byte[] secret = new byte[32];
        Assert.True(MlKem1024.TryEncapsulate(ek, Convert.FromHexString(values["m"]), ciphertext, secret));
        Assert.Equal(values["c"], Convert.ToHexStringLower(ciphertext));
        Assert.Equal(values["K"], Convert.ToHexStringLower(secret));
        secret.AsSpan().Clear();
        key.Decapsulate(ciphertext, secret);
        Assert.Equal(values["K"], Convert.ToHexStringLower(secret));
    }

    private static string Braces(ReadOnlySpan<short> f) => $"{{{string.Join(", ", f.ToArray())}}}";

    // The first line of a name counts: the decapsulation half of a file repeats some.
    private static Dictionary<string, string> Read(string file)
    {
        Dictionary<string, string> values = [];
        foreach (string line in File.ReadAllLines(Repository.Shared("vectors/" + file)))
        {
            string[] parts = line.Split(" = ", 2);
            if (parts.Length == 2)
            {
                values.TryAdd(parts[0], parts[1]);
            }
        }

        return values;
    }
}
