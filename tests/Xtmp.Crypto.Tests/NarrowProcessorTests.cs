using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Xtmp.Crypto.Tests;

/// <summary>
/// The known answers again as lesser processors compute them: without AVX-512's second generation, without AVX-512,
/// without AVX2, and with no vectors at all.
/// </summary>
public sealed class NarrowProcessorTests
{
    private const string WidthVariable = "XTMP_EXPECTED_VECTOR_BITS";

    [Theory]
    [InlineData("DOTNET_EnableAVX512v2=0", 512)]
    [InlineData("DOTNET_EnableAVX512=0", 256)]
    [InlineData("DOTNET_EnableAVX2=0", 128)]
    [InlineData("DOTNET_EnableHWIntrinsic=0", 0)]
    public void known_answers_hold(string environment, int bits)
    {
        Assert.SkipUnless(Vector512.IsHardwareAccelerated || bits < 512, "This processor has no AVX-512 to switch off.");
        TestChild.Run(
            [
                "-method", $"{typeof(InlineVectorTests).FullName}.*",
                "-method", $"{typeof(CctvTests).FullName}.*",
                "-method", $"{typeof(NarrowProcessorTests).FullName}.{nameof(the_switch_took_effect)}",
                "-method", $"{typeof(AccumulatedVectorTests).FullName}.{nameof(AccumulatedVectorTests.ml_kem_1024_accumulates_10000_runs_as_published)}",
                "-method", $"{typeof(AccumulatedVectorTests).FullName}.{nameof(AccumulatedVectorTests.ml_dsa_87_accumulates_100_runs)}",
            ],
            $"{environment} {WidthVariable}={bits}",
            atLeast: 20);
    }

    /// <summary>In such a child: the runtime did as told. In the ordinary run there is nothing to compare.</summary>
    [Fact]
    public void the_switch_took_effect()
    {
        if (!int.TryParse(Environment.GetEnvironmentVariable(WidthVariable), out int expected))
        {
            Assert.Skip("Not a child of known_answers_hold.");
        }

        int bits = Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : Vector128.IsHardwareAccelerated ? 128 : 0;
        Assert.Equal(expected, bits);
        Assert.True(expected != 512 || !Avx512Vbmi2.IsSupported);
    }
}
