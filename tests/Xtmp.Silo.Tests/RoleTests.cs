using Microsoft.Extensions.Configuration;
using Xtmp.Crypto;
using Xtmp.Gateway;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Silo.Tests;

/// <summary>Roles that a silo's configuration grants to the names in certificates, and who is let in by one.</summary>
public sealed class RoleTests
{
    private const ulong Serial = 7;

    private static readonly IdentityKey Root = IdentityKey.Generate(SystemEntropy.Instance);

    [Fact]
    public async Task a_name_in_a_certificate_of_the_silos_root_has_the_role_that_the_configuration_gives_it()
    {
        await using var silo = await TestSilo.StartAsync(Configure("[xtmp_security]\nclient_root = \"ROOT\"\n[xtmp_roles]\noperator_names = [\"alice\"]\n"));
        await using var alice = await ConnectAsync(silo, "alice", Root);
        await Metrics(alice).MoveNextAsync();
        await using var bob = await ConnectAsync(silo, "bob", Root);
        await RefusedAsync(bob);

        // Another root's alice is no alice, and whoever shows nothing is nobody.
        using var otherRoot = IdentityKey.Generate(SystemEntropy.Instance);
        await using var impostor = await ConnectAsync(silo, "alice", otherRoot);
        await RefusedAsync(impostor);
        await using var nobody = await silo.ConnectAsync();
        await RefusedAsync(nobody);
    }

    [Fact]
    public async Task a_certificate_lets_in_who_is_not_on_the_list_until_it_is_withdrawn()
    {
        using var listed = IdentityKey.Generate(SystemEntropy.Instance);
        var configure = Configure($"[xtmp_security]\nclient_root = \"ROOT\"\nallowed_clients = [\"{listed.Public.Fingerprint}\"]\n");
        await using var silo = await TestSilo.StartAsync(configure);
        await using var certified = await ConnectAsync(silo, "alice", Root);
        await certified.Registry.QueryAsync(new RegistryQuery { Name = "nobody" });
        await using var known = await silo.ConnectAsync(listed);
        await Assert.ThrowsAsync<XtmpException>(() => AskAsync(silo.ConnectAsync()));

        silo.Host.Silo.Apply(configure(silo.Options) with { WithdrawnCertificates = [Serial] });
        await certified.WaitForStateAsync(XtmpConnectionState.Reconnecting).WaitAsync(TimeSpan.FromMinutes(1));
        await silo.Log.WaitForAsync(line => line.Contains($"certificate {Serial} is withdrawn", StringComparison.Ordinal) || line.Contains("Revoked", StringComparison.Ordinal));
        await Assert.ThrowsAsync<XtmpException>(() => AskAsync(ConnectAsync(silo, "alice", Root)));
        await known.Registry.QueryAsync(new RegistryQuery { Name = "nobody" });
    }

    [Fact]
    public async Task a_silo_may_refuse_clients_that_do_not_know_its_fingerprint()
    {
        await using var silo = await TestSilo.StartAsync(Configure("[xtmp_limits]\nmax_unaddressed_handshakes = 0\n"));
        var directory = Directory.CreateTempSubdirectory("xtmp-hosts-");
        try
        {
            await Assert.ThrowsAsync<XtmpException>(() => XtmpConnection.ConnectAsync(silo.Endpoint, new XtmpClientOptions { KnownHostsPath = Path.Combine(directory.FullName, "known_hosts") }));
            await silo.Log.WaitForAsync(line => line.Contains("Mac1Mismatch", StringComparison.Ordinal));
            await using var addressed = await silo.ConnectAsync();
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    /// <summary>A client knows that it is let in when it is answered.</summary>
    private static async Task AskAsync(Task<XtmpConnection> connecting)
    {
        await using var client = await connecting;
        await client.Registry.QueryAsync(new RegistryQuery { Name = "nobody" });
    }

    private static IAsyncEnumerator<MetricsItem> Metrics(XtmpConnection client) =>
        client.Stream.MetricsAsync(new MetricsStream { Topic = "metrics:silo", Interval = TimeSpan.FromSeconds(1) }).GetAsyncEnumerator();

    private static async Task RefusedAsync(XtmpConnection client) =>
        Assert.Equal(XtmpErrorCode.PermissionDenied, (await Assert.ThrowsAsync<XtmpException>(async () => await Metrics(client).MoveNextAsync())).Code);

    private static Task<XtmpConnection> ConnectAsync(TestSilo silo, string name, IdentityKey root)
    {
        var identity = IdentityKey.Generate(SystemEntropy.Instance);
        var now = DateTimeOffset.UtcNow;
        var certificate = IdentityCertificate.Issue(root, identity.Public.Fingerprint, name, PeerRole.Client, now.AddHours(-1), now.AddHours(1), Serial, SystemEntropy.Instance);
        return silo.ConnectAsync(identity, options => options with { Certificate = certificate });
    }

    /// <summary>As <c>xtmp.toml</c> sets it, with the root's public file in place of ROOT.</summary>
    private static Func<SiloOptions, SiloOptions> Configure(string toml) => options =>
    {
        var root = Path.Combine(options.DataDirectory, "root.pub.pem");
        File.WriteAllText(root, PublicIdentityFile.Write(Root.Public));
        var file = Path.Combine(options.DataDirectory, "xtmp.toml");
        File.WriteAllText(file, toml.Replace("ROOT", root, StringComparison.Ordinal));
        var configuration = new ConfigurationManager();
        configuration.AddXtmpToml(file, reloadOnChange: false);
        var changed = options with { };
        Assert.Empty(ConfigurationReader.Read(configuration, new SiloSettings(changed)));
        return changed;
    };
}
