using System.Runtime.CompilerServices;

namespace Xtmp.Crypto.Tests;

/// <summary>AEAD, HMAC and SHA-256 as they are where libcrypto is not: by the framework, with the same answers.</summary>
public sealed class FrameworkOnlyTests
{
    private const string Variable = "XTMP_TEST_FRAMEWORK_ONLY";

    [ModuleInitializer]
    internal static void SetSwitch()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not null)
        {
            AppContext.SetSwitch(LibCrypto.FrameworkOnlySwitch, true);
        }
    }

    [Fact]
    public void known_answers_hold_without_libcrypto() => TestChild.Run(
        [
            "-method", $"{typeof(FrameworkOnlyTests).FullName}.{nameof(libcrypto_is_left_alone)}",
            "-method", $"{typeof(RecordCipherTests).FullName}.*",
            "-method", $"{typeof(InlineVectorTests).FullName}.*",
            "-method", $"{typeof(IdentityTests).FullName}.*",
            "-method", $"{typeof(VectorCheckTests).FullName}.*",
        ],
        $"{Variable}=1",
        atLeast: 20);

    /// <summary>In such a child only: the switch took effect, and a call that did not ask would fail.</summary>
    [Fact]
    public void libcrypto_is_left_alone()
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable(Variable) is not null, "Runs in a child of known_answers_hold_without_libcrypto.");
        Assert.False(LibCrypto.IsAvailable);
        Assert.False(LibCrypto.HasSha384);
        Assert.False(LibCrypto.HasSha256);
        Assert.Throws<DllNotFoundException>(LibCrypto.ERR_clear_error);
    }
}
