using System.Net;
using Xtmp.Crypto;
using Xtmp.Protocol;
using Xtmp.Runtime;
using Xunit;

namespace Xtmp.Silo.Tests;

/// <summary>The keys of a cluster: made by init and join, and refused with a word on what is wrong.</summary>
public sealed class ClusterKeysTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("xtmp-keys-");

    private string Root => Path.Combine(_directory.FullName, "root");

    private string Data => Path.Combine(_directory.FullName, "data");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void silos_that_join_show_one_identity_to_clients_and_each_its_own_to_the_others()
    {
        var (root, service) = ClusterKeys.Init(Root, "example");
        var (one, _) = Join("one");
        var (two, _) = Join("two");
        using var keysOfOne = ClusterKeys.Load(Path.Combine(_directory.FullName, "one"), DateTimeOffset.UtcNow);
        using var keysOfTwo = ClusterKeys.Load(Path.Combine(_directory.FullName, "two"), DateTimeOffset.UtcNow);
        Assert.NotEqual(one, two);
        Assert.Equal((one, two), (keysOfOne.Credentials.Identity.Public.Fingerprint, keysOfTwo.Credentials.Identity.Public.Fingerprint));
        Assert.Equal(root, keysOfOne.Credentials.Root.Fingerprint);
        Assert.Equal(keysOfOne.TicketSecret, keysOfTwo.TicketSecret);
        foreach (var name in new[] { "one", "two" })
        {
            using var shown = IdentityFile.LoadOrCreate(Path.Combine(_directory.FullName, name, "identity.pem"), SystemEntropy.Instance);
            Assert.Equal(service, shown.Public.Fingerprint);
        }

        if (!OperatingSystem.IsWindows())
        {
            foreach (var file in Directory.EnumerateFiles(_directory.FullName, "*.pem", SearchOption.AllDirectories))
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            }
        }
    }

    [Fact]
    public void a_silo_that_joins_again_keeps_its_identity_and_gets_new_dates()
    {
        ClusterKeys.Init(Root, "example");
        var (one, until) = ClusterKeys.Join(Root, Data, TimeSpan.FromDays(1), TimeProvider.System);
        var (again, later) = ClusterKeys.Join(Root, Data, TimeSpan.FromDays(30), TimeProvider.System);
        Assert.Equal(one, again);
        Assert.True(later > until.AddDays(20));
    }

    [Fact]
    public void refuses_keys_that_are_missing_foreign_or_out_of_date_and_says_which()
    {
        AssertRefused("has no cluster.pem");
        AssertRefused("holds no root", () => ClusterKeys.Join(Root, Data, TimeSpan.FromDays(1), TimeProvider.System));
        ClusterKeys.Init(Root, "example");
        AssertRefused("is the root of a cluster already", () => ClusterKeys.Init(Root, "example"));
        ClusterKeys.Join(Root, Data, TimeSpan.FromDays(1), TimeProvider.System);
        AssertRefused("is valid from", () => ClusterKeys.Load(Data, DateTimeOffset.UtcNow.AddDays(2)));
        AssertRefused("is valid from", () => ClusterKeys.Load(Data, DateTimeOffset.UtcNow.AddDays(-1)));

        // Another silo's certificates.
        var other = Path.Combine(_directory.FullName, "other");
        ClusterKeys.Join(Root, other, TimeSpan.FromDays(1), TimeProvider.System);
        File.Copy(Path.Combine(other, "cluster.pem"), Path.Combine(Data, "cluster.pem"), overwrite: true);
        AssertRefused("is for the silo");

        // The root's own file in the place of the silo's.
        File.Copy(Path.Combine(Root, "cluster.pem"), Path.Combine(Data, "cluster.pem"), overwrite: true);
        AssertRefused("holds no certificate of a silo");

        // A cut file.
        var text = File.ReadAllText(Path.Combine(other, "cluster.pem"));
        File.WriteAllText(Path.Combine(Data, "cluster.pem"), text[text.IndexOf("-----BEGIN XTMP CLUSTER ROOT", StringComparison.Ordinal)..]);
        AssertRefused("XTMP CLUSTER NAME");

        File.Delete(Path.Combine(other, "silo.pem"));
        AssertRefused("is missing", () => ClusterKeys.Load(other, DateTimeOffset.UtcNow));
    }

    [Fact]
    public void a_certificate_of_another_root_is_refused()
    {
        ClusterKeys.Init(Root, "example");
        ClusterKeys.Join(Root, Data, TimeSpan.FromDays(1), TimeProvider.System);
        var foreign = Path.Combine(_directory.FullName, "foreign");
        ClusterKeys.Init(foreign, "example");
        var file = ClusterFile.Load(Data);
        (file with { Root = ClusterFile.Load(foreign).Root }).Save(Data);
        AssertRefused("is not one that the root");
    }

    [Fact]
    public void a_data_directory_with_another_identity_is_left_alone()
    {
        ClusterKeys.Init(Root, "example");
        Directory.CreateDirectory(Data);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(Data, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        using var own = IdentityFile.LoadOrCreate(Path.Combine(Data, "identity.pem"), SystemEntropy.Instance);
        AssertRefused("Move the file away", () => ClusterKeys.Join(Root, Data, TimeSpan.FromDays(1), TimeProvider.System));
        using var same = IdentityFile.LoadOrCreate(Path.Combine(Data, "identity.pem"), SystemEntropy.Instance);
        Assert.Equal(own.Public.Fingerprint, same.Public.Fingerprint);
    }

    [Fact]
    public async Task a_silo_without_keys_does_not_start_in_a_cluster()
    {
        var options = new SiloOptions
        {
            DataDirectory = Data,
            Port = 0,
            Cluster = new ClusterSettings { ConnectionString = "Host=nowhere", EndPoint = new IPEndPoint(IPAddress.Loopback, 1) },
            Grains = new Grains.GrainOptions { Network = "example" },
        };
        var error = await Assert.ThrowsAsync<XtmpException>(() => SiloHost.StartAsync(options));
        Assert.Equal((XtmpErrorCode.PayloadInvalid, "cluster_file"), (error.Code, error.Field));
        Assert.Contains("xtmp-silo cluster join", error.Message, StringComparison.Ordinal);
    }

    private (Fingerprint Silo, DateTimeOffset NotAfter) Join(string name) => ClusterKeys.Join(Root, Path.Combine(_directory.FullName, name), TimeSpan.FromDays(1), TimeProvider.System);

    private void AssertRefused(string text) => AssertRefused(text, () => ClusterKeys.Load(Data, DateTimeOffset.UtcNow));

    private static void AssertRefused(string text, Action action) =>
        Assert.Contains(text, Assert.Throws<XtmpException>(action).Message, StringComparison.Ordinal);

    private static void AssertRefused<T>(string text, Func<T> action) => AssertRefused(text, () => { _ = action(); });
}
