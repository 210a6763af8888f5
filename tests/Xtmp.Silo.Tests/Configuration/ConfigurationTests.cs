using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Xtmp.Gateway;
using Xtmp.Protocol;
using Xtmp.Runtime;
using Xtmp.Session;

namespace Xtmp.Silo.Tests.Configuration;

/// <summary>xtmp.toml, appsettings and environment: what is read, and what is said of mistakes.</summary>
public sealed class ConfigurationTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("xtmp-config-");

    [Fact]
    public void reads_the_keys_of_the_architecture_document()
    {
        var silo = Read(
            """
            [xtmp_server]
            bind_address = "127.0.0.1:8080"
            max_connections = 9000
            session_timeout = "3600s"
            enable_compression = true
            enable_encryption = true

            [xtmp_security]
            encryption_type = "PostQuantum"
            key_rotation_interval = "300s"
            require_authentication = true
            """);
        Assert.Equal((IPAddress.Loopback, 8080), (silo.Bind, silo.Port));
        Assert.Equal(9000, silo.Gateway.MaxConnections);
        Assert.Equal(TimeSpan.FromHours(1), silo.Gateway.SessionLimits.IdleTimeout);
        Assert.True(silo.EnableCompression);
        Assert.Equal([EncryptionType.PostQuantum], silo.EncryptionTypes);
        Assert.Equal(TimeSpan.FromMinutes(5), silo.Gateway.SessionLimits.RekeyInterval);
        Assert.Equal(ClientAuthentication.Required, silo.ClientAuthentication);
    }

    [Fact]
    public void lists_every_mistake_with_file_line_and_key()
    {
        var file = Write(
            """
            [xtmp_server]
            max_conections = 10
            bind_address = "127.0.0.1"
            enable_encryption = false

            [xtmp_securty]
            require_authentication = true

            [xtmp_limits]
            call_timeout = "1 fortnight"
            max_connections = 5

            [xtmp_rates]
            session_create = "often"

            [xtmp_security]
            allowed_clients = [
              "00",
            ]
            """);
        Assert.Equal(
            [
                $"{file}:10: xtmp_limits.call_timeout: takes a time with a unit (ms, s, m, h, d) from \"1s\" to \"1h\", not \"1 fortnight\"",
                $"{file}:11: xtmp_limits.max_connections: no such key; did you mean xtmp_server.max_connections?",
                $"{file}:14: xtmp_rates.session_create: takes \"N/s burst M\" or \"unlimited\", not \"often\"",
                $"{file}:17: xtmp_security.allowed_clients: takes a list of fingerprints, each 64 hex digits, not \"00\"",
                $"{file}:2: xtmp_server.max_conections: no such key; did you mean xtmp_server.max_connections?",
                $"{file}:3: xtmp_server.bind_address: takes an IP address and a port, for example \"127.0.0.1:7778\" or \"[::]:7778\"; port 0 takes a free one, not \"127.0.0.1\"",
                $"{file}:4: xtmp_server.enable_encryption: takes true: XTMP has no sessions in the clear, not \"false\"",
                $"{file}:6: xtmp_securty: no such section; did you mean xtmp_security?",
            ],
            Mistakes(file).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("[xtmp_server\n", 1)]
    [InlineData("[xtmp_server]\n\nmax_connections = \n", 3)]
    [InlineData("[xtmp_server]\nmax_connections = 1\nmax_connections = 2\n", 3)]
    [InlineData("[xtmp_server]\nmax_connections = 1\nMax_Connections = 2\n", 3)]
    [InlineData("[[xtmp_server]]\nmax_connections = 1\n", 1)]
    public void names_the_line_where_the_file_is_no_toml_of_ours(string text, int line)
    {
        var file = Write(text);
        Assert.StartsWith($"{file}:{line}: ", Assert.Single(Mistakes(file)), StringComparison.Ordinal);
    }

    [Fact]
    public void a_missing_file_is_a_mistake()
    {
        var file = Path.Combine(_directory.FullName, "none.toml");
        Assert.StartsWith($"{file}: cannot be read", Assert.Single(Mistakes(file)), StringComparison.Ordinal);
    }

    [Fact]
    public void the_last_source_counts_and_a_list_is_taken_whole()
    {
        var two = $"[\"{new string('1', 64)}\", \"{new string('2', 64)}\"]";
        var file = Write($"[xtmp_server]\nmax_connections = 1\nnetwork = \"file\"\n[xtmp_security]\nallowed_clients = {two}\n");
        var json = Path.Combine(_directory.FullName, "appsettings.json");
        File.WriteAllText(json, "{ \"Logging\": { \"LogLevel\": { \"Default\": \"Debug\" } }, \"xtmp_server\": { \"max_connections\": 2 } }");
        var configuration = new ConfigurationManager();
        configuration.AddXtmpToml(file, reloadOnChange: false).AddJsonFile(json).AddInMemoryCollection([KeyValuePair.Create("XTMP_SECURITY:ALLOWED_CLIENTS", (string?)new string('3', 64))]);
        var settings = new SiloSettings(new SiloOptions());
        Assert.Empty(ConfigurationReader.Read(configuration, settings));
        Assert.Equal(2, settings.Gateway.MaxConnections);
        Assert.Equal("file", settings.Grains.Network);
        Assert.Equal(new string('3', 64), Assert.Single(settings.Silo.AllowedClients).ToString());
    }

    [Fact]
    public void names_the_line_of_a_json_file()
    {
        var json = Path.Combine(_directory.FullName, "appsettings.json");
        File.WriteAllText(json, "{\n  // a comment\n  \"xtmp_server\": {\n    \"network\": \"x\",\n    \"max_connections\": \"many\"\n  }\n}\n");
        var configuration = new ConfigurationManager();
        configuration.AddJsonFile(json);
        var mistake = Assert.Single(ConfigurationReader.Read(configuration, new SiloSettings(new SiloOptions())));
        Assert.StartsWith("appsettings.json:5: xtmp_server.max_connections: takes a number", mistake, StringComparison.Ordinal);
    }

    [Fact]
    public async Task the_command_checks_a_file_and_the_environment()
    {
        var good = Write("[xtmp_server]\nmax_connections = 5\n");
        var (exitCode, output, _) = await SiloProcess.RunAsync("config", "check", "--config", good);
        Assert.Equal((0, "no mistakes"), (exitCode, output.Trim()));
        var bad = Write("[xtmp_wallets]\nopening_balance = 5\ncurency = \"EUR\"\n");
        (exitCode, _, var errors) = await SiloProcess.RunAsync("config", "check", "--config", bad);
        Assert.Equal(2, exitCode);
        Assert.Contains($"{bad}:3: xtmp_wallets.curency: no such key; did you mean xtmp_wallets.currency?", errors, StringComparison.Ordinal);
        Assert.Contains("opening_balance", errors, StringComparison.Ordinal);
        (exitCode, _, errors) = await SiloProcess.RunWithAsync([("XTMP_SERVER__MAX_CONNECTIONS", "lots")], "--data", Path.Combine(_directory.FullName, "data"), "--config", good);
        Assert.Equal(2, exitCode);
        Assert.Equal("xtmp-silo: environment variable XTMP_SERVER__MAX_CONNECTIONS: xtmp_server.max_connections: takes a number from 1 to 1000000, not \"lots\"", errors.Trim());
    }

    [Fact]
    public async Task a_host_starts_a_silo_from_its_configuration()
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddSingleton<IHostLifetime, EmbeddedLifetime>();
        builder.Configuration.AddXtmpToml(Write($"[xtmp_server]\nbind_address = \"127.0.0.1:0\"\nnetwork = \"of the file\"\ndata_directory = '{_directory.FullName}'\n"));
        builder.UseXtmpSilo();
        using var host = builder.Build();
        await host.StartAsync();
        Assert.Equal("of the file", host.Services.GetRequiredService<XtmpSilo>().Network);
        await host.StopAsync();
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private SiloOptions Read(string text)
    {
        var configuration = new ConfigurationManager();
        configuration.AddXtmpToml(Write(text), reloadOnChange: false);
        var settings = new SiloSettings(new SiloOptions());
        Assert.Empty(ConfigurationReader.Read(configuration, settings));
        return settings.Silo;
    }

    private static IReadOnlyList<string> Mistakes(string file)
    {
        var configuration = new ConfigurationManager();
        configuration.AddXtmpToml(file, reloadOnChange: false);
        return ConfigurationReader.Read(configuration, new SiloSettings(new SiloOptions()));
    }

    private string Write(string text)
    {
        var file = Path.Combine(_directory.FullName, $"{Guid.NewGuid():n}.toml");
        File.WriteAllText(file, text);
        return file;
    }
}
