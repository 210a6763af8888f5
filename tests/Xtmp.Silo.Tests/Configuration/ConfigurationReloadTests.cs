using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Xtmp.Client;
using Xtmp.Crypto;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Runtime;
using Xtmp.Transport;

namespace Xtmp.Silo.Tests.Configuration;

/// <summary>A configuration that changes under a running silo.</summary>
public sealed class ConfigurationReloadTests : IAsyncLifetime
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("xtmp-reload-");
    private readonly LogCapture _log = new();
    private IHost? _host;

    private string File => Path.Combine(_directory.FullName, "xtmp.toml");

    private XtmpSilo Silo => _host!.Services.GetRequiredService<XtmpSilo>();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task a_pin_that_goes_ends_its_sessions_and_a_new_one_lets_its_client_in()
    {
        using var first = IdentityKey.Generate(SystemEntropy.Instance);
        using var second = IdentityKey.Generate(SystemEntropy.Instance);
        await StartAsync($"[xtmp_security]\nallowed_clients = [\"{first.Public.Fingerprint}\"]\n");
        await using var client = await ConnectAsync(first);
        await RequireRefusedAsync(second);
        await ChangeAsync($"[xtmp_security]\nallowed_clients = [\"{second.Public.Fingerprint}\"]\n", "1 keys changed: xtmp_security.allowed_clients");
        await _log.WaitForAsync(line => line.Contains($"client {first.Public.Fingerprint}", StringComparison.Ordinal) && line.Contains("closed", StringComparison.Ordinal));
        await using var other = await ConnectAsync(second);
        await other.Registry.QueryAsync(new RegistryQuery { Name = "nobody" });
        await RequireRefusedAsync(first);
    }

    [Fact]
    public async Task a_role_holds_for_a_session_that_is_open()
    {
        using var node = IdentityKey.Generate(SystemEntropy.Instance);
        await StartAsync("");
        await using var client = await ConnectAsync(node);
        var refused = await Assert.ThrowsAsync<XtmpException>(() => SubmitAsync(client));
        Assert.Contains("role", refused.Message, StringComparison.Ordinal);
        await ChangeAsync($"[xtmp_roles]\nnodes = [\"{node.Public.Fingerprint}\"]\n", "xtmp_roles.nodes");

        // The gateway lets it through now; the grain knows no such node.
        var unknown = await Assert.ThrowsAsync<XtmpException>(() => SubmitAsync(client));
        Assert.DoesNotContain("in the role", unknown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task a_rate_holds_at_once_and_what_needs_a_start_is_named()
    {
        await StartAsync("");
        await using var client = await ConnectAsync(null);
        await client.Registry.QueryAsync(new RegistryQuery { Name = "nobody" });
        await ChangeAsync("[xtmp_rates]\nanonymous_read = \"0.001/s burst 1\"\n[xtmp_server]\ndrain_timeout = \"3s\"\n", "xtmp_rates.anonymous_read");
        Assert.Contains(_log.Lines, line => line == "xtmp_server.drain_timeout has changed and takes effect at the next start");
        await client.Registry.QueryAsync(new RegistryQuery { Name = "nobody" });
        var refused = await Assert.ThrowsAsync<XtmpException>(() => client.Registry.QueryAsync(new RegistryQuery { Name = "nobody" }).AsTask());
        Assert.Equal(XtmpErrorCode.Overloaded, refused.Code);
    }

    [Fact]
    public async Task a_mistake_or_a_file_that_is_gone_changes_nothing()
    {
        using var pinned = IdentityKey.Generate(SystemEntropy.Instance);
        using var stranger = IdentityKey.Generate(SystemEntropy.Instance);
        await StartAsync($"[xtmp_security]\nallowed_clients = [\"{pinned.Public.Fingerprint}\"]\n");
        await ChangeAsync("[xtmp_security]\nallowed_clients = [\"12\"]\n", "has mistakes and is not used");
        await RequireRefusedAsync(stranger);
        await ChangeAsync("[xtmp_security\n", $"{File}:1: ");
        await RequireRefusedAsync(stranger);
        System.IO.File.Delete(File);
        await _log.WaitForAsync(line => line.Contains("cannot be read", StringComparison.Ordinal));
        await RequireRefusedAsync(stranger);
        await using var client = await ConnectAsync(pinned);
    }

    [Fact]
    public async Task a_process_reads_its_file_again_on_sighup_and_changes_its_log_level()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Signals are sent by kill.");
        }

        System.IO.File.WriteAllText(File, "[xtmp_log]\nlevel = \"Warning\"\n");
        await using var silo = await SiloProcess.StartAsync(Path.Combine(_directory.FullName, "data"), "--config", File);
        await using (await XtmpConnection.ConnectAsync(silo.Endpoint, new XtmpClientOptions { ServerFingerprint = silo.Fingerprint }))
        {
        }

        System.IO.File.WriteAllText(File, "[xtmp_log]\nlevel = \"Information\"\n");
        silo.Signal("HUP");

        // At the level before, this line would not be printed.
        Assert.Contains("[1010]", await silo.WaitForLineAsync("configuration read again"), StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is not null)
        {
            await _host.StopAsync();
            _host.Dispose();
        }

        _directory.Delete(recursive: true);
    }

    private async Task StartAsync(string text)
    {
        System.IO.File.WriteAllText(File, text);
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddSingleton<IHostLifetime, EmbeddedLifetime>();
        builder.Services.AddSingleton<ILoggerFactory>(_log);
        builder.Configuration.AddXtmpToml(File);
        builder.UseXtmpSilo(silo =>
        {
            silo.DataDirectory = Path.Combine(_directory.FullName, "data");
            silo.Port = 0;
        });
        _host = builder.Build();
        await _host.StartAsync();
    }

    private async Task ChangeAsync(string text, string expected)
    {
        var before = _log.Lines.Count;
        System.IO.File.WriteAllText(File, text);
        await _log.WaitForAsync(line => line.Contains(expected, StringComparison.Ordinal), before);
    }

    // The client has finished its part of the handshake before the silo looks at who it is; it hears of the end with its first call.
    private async Task RequireRefusedAsync(IdentityKey identity) => await Assert.ThrowsAsync<XtmpException>(async () =>
    {
        await using var client = await ConnectAsync(identity);
        await client.Registry.QueryAsync(new RegistryQuery { Name = "nobody" }, new CallContext(Timeout: TimeSpan.FromSeconds(5)));
    });

    private Task SubmitAsync(XtmpConnection client)
    {
        var bundle = SampleBundle.Create("reloaded", Silo.Network);
        return client.Bundle.SubmitAsync(new BundleSubmit { BundleId = bundle.BundleId, Bundle = bundle }).AsTask();
    }

    private Task<XtmpConnection> ConnectAsync(IdentityKey? identity) =>
        XtmpConnection.ConnectAsync($"xtmp://{Silo.EndPoint}", new XtmpClientOptions { ServerFingerprint = Silo.Fingerprint, Identity = identity });
}
