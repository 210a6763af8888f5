using System.Text.RegularExpressions;

namespace Xtmp.Architecture.Tests;

/// <summary>
/// Which native code runs: libsodium, whose package brings it along, libcrypto, which nothing needs, and the system calls
/// of Linux for batches of datagrams. That the framework's classes really do instead is run by FrameworkOnlyTests of Crypto
/// and Session, and by DatagramSocketTests of Transport.
/// </summary>
public sealed partial class NativeLibraryTests
{
    private const string Crypto = "sdk/Xtmp.Crypto/";

    [Fact]
    public void native_functions_are_declared_in_three_files() => Assert.Equal(
        [Crypto + "Curves/Sodium.cs", Crypto + "OpenSsl/LibCrypto.cs", "sdk/Xtmp.Transport/Datagrams/LinuxDatagramSocket.cs"],
        Sources().Where(path => Import().IsMatch(Read(path))).Order(StringComparer.Ordinal));

    [Fact]
    public void libcrypto_is_called_only_where_it_was_asked_for()
    {
        var callers = Sources().Where(path => Read(path).Contains("LibCrypto.", StringComparison.Ordinal)).Order(StringComparer.Ordinal);
        Assert.Equal(
            [Crypto + "HmacSha384.cs", Crypto + "OpenSsl/LibCrypto.cs", Crypto + "OpenSsl/SafeEvpCipherContext.cs", Crypto + "Records/LibCryptoCipher.cs", Crypto + "Records/RecordCipher.cs", Crypto + "Sha256.cs"],
            callers);

        // The three that choose: two ask for the function, the other for the library, in the expression that uses it.
        Assert.Contains("s_direct = LibCrypto.HasSha384;", Read(Crypto + "HmacSha384.cs"), StringComparison.Ordinal);
        Assert.Contains("s_direct = LibCrypto.HasSha256;", Read(Crypto + "Sha256.cs"), StringComparison.Ordinal);
        var uses = Regex.Matches(Read(Crypto + "Records/RecordCipher.cs"), @".*LibCryptoCipher\(.*").Select(match => match.Value).ToArray();
        Assert.Equal(2, uses.Length);
        Assert.All(uses, use => Assert.Contains("LibCrypto.IsAvailable ? new LibCryptoCipher(", use, StringComparison.Ordinal));
        Assert.DoesNotContain(Sources(), path => path != Crypto + "Records/RecordCipher.cs" && Read(path).Contains("new LibCryptoCipher(", StringComparison.Ordinal));
    }

    [GeneratedRegex(@"\[(LibraryImport|DllImport)\(")]
    private static partial Regex Import();

    private static IEnumerable<string> Sources() => Repository.SourceFiles(".cs")
        .Where(path => path.StartsWith("sdk/", StringComparison.Ordinal) || path.StartsWith("silo/", StringComparison.Ordinal));

    private static string Read(string path) => File.ReadAllText(Path.Combine(Repository.Root, path));
}
