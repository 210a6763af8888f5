using Xtmp.Cli.Crypto;

namespace Xtmp.Crypto.Tests;

/// <summary>The accumulated vectors of C2SP/CCTV, whose inputs and outputs are one hash each.</summary>
public sealed class AccumulatedVectorTests
{
    /// <summary>C2SP/CCTV publishes this hash; its seeds are derived as in the draft of FIPS 203, G(d).</summary>
    [Fact]
    public void ml_kem_1024_accumulates_10000_runs_as_published() => Assert.Equal(
        "47ac888fe61544efc0518f46094b4f8a600965fc89822acb06dc7169d24f3543",
        Convert.ToHexStringLower(Accumulation.MlKem1024Runs(10_000, final: false)));

    /// <summary>The same inputs under the final standard, G(d ‖ k); BoringSSL and LibreSSL hold the same hash.</summary>
    [Fact]
    public void ml_kem_1024_accumulates_10000_runs_of_the_final_standard() => Assert.Equal(
        "e3bf82b013307b2e9d47dde791ff6dfc82e694e6382404abdb948b908b75bad5",
        Convert.ToHexStringLower(Accumulation.MlKem1024Runs(10_000, final: true)));

    [Fact]
    public void ml_dsa_87_accumulates_100_runs() => Assert.Equal(
        "8c3ad714777622b8f21ce31bb35f71394f23bc0fcf3c78ace5d608990f3b061b",
        Convert.ToHexStringLower(Accumulation.MlDsa87Runs(100, CryptoProviders.Managed)));

    [Fact]
    public void ml_dsa_87_accumulates_10000_runs() => Assert.Equal(
        "80a8cf39317f7d0be0e24972c51ac152bd2a3e09bc0c32ce29dd82c4e7385e60",
        Convert.ToHexStringLower(Accumulation.MlDsa87Runs(10_000, CryptoProviders.Managed)));
}
