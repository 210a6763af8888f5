using Xtmp.Cli.Crypto;

namespace Xtmp.Crypto.Tests;

/// <summary>The Wycheproof files beside the repository, through every provider this machine supports.</summary>
public sealed class WycheproofTests
{
    public static TheoryData<string, int> Files() => new()
    {
        { "wycheproof_ed25519_test.json", 151 },
        { "wycheproof_mldsa_87_sign_noseed_test.json", 69 },
        { "wycheproof_mldsa_87_verify_test.json", 241 },
        { "wycheproof_mlkem_1024_keygen_seed_test.json", 100 },
        { "wycheproof_mlkem_1024_test.json", 193 },
        { "wycheproof_x25519_test.json", 518 },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public void every_test_passes(string file, int tests)
    {
        byte[] json = File.ReadAllBytes(Repository.Shared("vectors/" + file));
        foreach (ICryptoProvider provider in ProviderConformanceTests.Supported())
        {
            List<string> reports = [];
            VectorCounts counts = new WycheproofFile(provider, reports.Add).Run(json);

            // A provider that draws its own randomness cannot repeat an encapsulation.
            Assert.True(counts == new VectorCounts(tests, 0, 0) || (!provider.TakesRandomness && counts.Failed == 0), $"{provider.Name}: {counts}\n{string.Join('\n', reports)}");
        }
    }
}
