using System.Runtime.Versioning;
using Xtmp.Crypto;
using Xtmp.Protocol;

namespace Xtmp.Transport.Tests;

/// <summary>What lies on disk is its owner's alone.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class PrivateFileTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("xtmp-files-");

    public PrivateFileTests() => Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has other rights.");

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.OtherWrite)]
    public void an_identity_that_others_may_use_is_refused_with_the_command_that_mends_it(UnixFileMode loose)
    {
        var path = Path.Combine(_directory.FullName, "identity.pem");
        IdentityFile.LoadOrCreate(path, SystemEntropy.Instance).Dispose();
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(path));
        File.SetUnixFileMode(path, OwnerOnly | loose);
        var error = Assert.Throws<XtmpException>(() => IdentityFile.LoadOrCreate(path, SystemEntropy.Instance));
        Assert.Equal(Fault.Local, error.Fault);
        Assert.Contains($"chmod 600 '{path}'", error.Message, StringComparison.Ordinal);
        File.SetUnixFileMode(path, OwnerOnly);
        IdentityFile.LoadOrCreate(path, SystemEntropy.Instance).Dispose();
    }

    [Fact]
    public void a_directory_is_made_for_its_owner_and_refused_where_others_may_enter()
    {
        var path = Path.Combine(_directory.FullName, "data");
        PrivateFile.CreateDirectory(path);
        Assert.Equal(OwnerOnly | UnixFileMode.UserExecute, File.GetUnixFileMode(path));
        File.SetUnixFileMode(path, OwnerOnly | UnixFileMode.UserExecute | UnixFileMode.GroupRead);
        var error = Assert.Throws<XtmpException>(() => PrivateFile.CreateDirectory(path));
        Assert.Contains($"chmod 700 '{path}'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void known_hosts_are_made_for_their_owner_and_refused_where_others_may_use_them()
    {
        var path = Path.Combine(_directory.FullName, "known_hosts");
        KnownHostsFile.Open(path).Remember("one", Print(1), DateTimeOffset.UnixEpoch);
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(path));
        File.SetUnixFileMode(path, OwnerOnly | UnixFileMode.GroupWrite);
        var error = Assert.Throws<XtmpException>(() => KnownHostsFile.Open(path));
        Assert.Contains($"chmod 600 '{path}'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void what_another_process_remembered_meanwhile_is_seen_and_a_conflict_is_refused()
    {
        var path = Path.Combine(_directory.FullName, "known_hosts");
        var first = KnownHostsFile.Open(path);
        var second = KnownHostsFile.Open(path);
        first.Remember("one", Print(1), DateTimeOffset.UnixEpoch);
        second.Remember("one", Print(1), DateTimeOffset.UnixEpoch);
        Assert.Single(File.ReadAllLines(path));
        var error = Assert.Throws<XtmpException>(() => KnownHostsFile.Open(path).Remember("one", Print(2), DateTimeOffset.UnixEpoch));
        Assert.Equal(XtmpErrorCode.UntrustedPeer, error.Code);
        Assert.Equal(Print(1), second.Find("one"));
        Assert.Single(File.ReadAllLines(path));
    }

    [Fact]
    public async Task many_writers_leave_one_line_for_each_host()
    {
        var path = Path.Combine(_directory.FullName, "known_hosts");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => Task.Run(() =>
        {
            var file = KnownHostsFile.Open(path);
            for (byte host = 0; host < 20; host++)
            {
                file.Remember($"host{host}", Print(host), DateTimeOffset.UnixEpoch);
            }
        })));
        Assert.Equal(20, File.ReadAllLines(path).Length);
    }

    [Fact]
    public void lines_that_contradict_each_other_are_both_named()
    {
        var path = Path.Combine(_directory.FullName, "known_hosts");
        File.WriteAllText(path, $"# mine\none {Print(1)} x\ntwo {Print(2)} x\nONE {Print(3)} x\n");
        File.SetUnixFileMode(path, OwnerOnly);
        var error = Assert.Throws<XtmpException>(() => KnownHostsFile.Open(path));
        Assert.Contains($"{path}:4 contradicts line 2", error.Message, StringComparison.Ordinal);
    }

    private static Fingerprint Print(byte first) => new([first, .. new byte[31]]);
}
