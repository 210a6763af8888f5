using System.Runtime.CompilerServices;
using Xtmp.Crypto;
using Xtmp.TestKit;

namespace Xtmp.Session.Tests;

/// <summary>Whole handshakes, resumptions, calls and datagrams where libcrypto is not: AEAD and HMAC by the framework.</summary>
public sealed class FrameworkOnlyTests
{
    private const string Variable = "XTMP_TEST_FRAMEWORK_ONLY";

    [ModuleInitializer]
    internal static void SetSwitch()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not null)
        {
            AppContext.SetSwitch("Xtmp.Crypto.FrameworkOnly", true);
        }
    }

    [Fact]
    public void handshakes_and_calls_work_without_libcrypto() => TestChild.Run(
        [
            "-method", $"{typeof(FrameworkOnlyTests).FullName}.{nameof(records_are_sealed_by_the_framework)}",
            "-method", $"{typeof(HandshakeTests).FullName}.*",
            "-method", $"{typeof(ResumptionTests).FullName}.*",
            "-method", $"{typeof(ExchangeTests).FullName}.*",
            "-method", $"{typeof(DatagramTests).FullName}.*",
        ],
        $"{Variable}=1",
        atLeast: 20);

    /// <summary>In such a child only: the switch took effect.</summary>
    [Fact]
    public void records_are_sealed_by_the_framework()
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable(Variable) is not null, "Runs in a child of handshakes_and_calls_work_without_libcrypto.");
        using RecordCipher cipher = RecordCipher.CreateAes256Gcm(new byte[RecordCipher.KeySize]);
        Assert.Equal("FrameworkCipher", cipher.GetType().Name);
    }
}
