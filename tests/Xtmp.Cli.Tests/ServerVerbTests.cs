using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Xtmp.Cli.Tests.Schema;
using Xtmp.Gateway;
using Xtmp.Protocol;
using Xtmp.Silo;

namespace Xtmp.Cli.Tests;

/// <summary>The verbs of a silo's operator and of somebody who follows it or puts load on it.</summary>
public sealed class ServerVerbTests : IAsyncLifetime
{
    private readonly ScratchFolder _scratch = new();
    private SiloHost _silo = null!;

    public async ValueTask InitializeAsync()
    {
        Tool.Run("keygen", _scratch.File("operator.pem"));
        _silo = await SiloHost.StartAsync(new SiloOptions
        {
            DataDirectory = _scratch.File("data"),
            Port = 0,
            Admin = new IPEndPoint(IPAddress.Loopback, 0),
            Gateway = new GatewayOptions { Roles = new Dictionary<Fingerprint, CallerRoles> { [Xtmp.Fingerprint.Parse(Fingerprint(_scratch.File("operator.pem")))] = CallerRoles.Operator } },
        });
    }

    public async ValueTask DisposeAsync()
    {
        await _silo.DisposeAsync();
        _scratch.Dispose();
    }

    [Fact]
    public async Task status_and_metrics_come_from_the_admin_port()
    {
        string admin = $"http://{_silo.AdminEndPoint}";
        var (exitCode, output, error) = await Tool.RunAsync("server", "status", "--admin", admin, "--json");
        Assert.True(exitCode == 0, error);
        Assert.True((bool)JsonNode.Parse(output)!["ready"]!);

        var ping = await RunAsync("ping", "--count", "3", "--json");
        Assert.True(ping.ExitCode == 0, ping.Error);
        var metrics = await Tool.RunAsync("server", "metrics", "--admin", admin, "--filter", "rpc_server_call_duration", "--json");
        JsonNode count = Lines(metrics.Output).Single(line => (string)line["name"]! == "rpc_server_call_duration_seconds_count" && (string?)line["labels"]!["rpc_method"] == "Registry/Query");
        Assert.True((double)count["value"]! >= 3);
    }

    [Fact]
    public async Task metrics_of_one_session_show_its_quality()
    {
        await using XtmpConnection connection = await XtmpConnection.ConnectAsync($"xtmp://{_silo.EndPoint}", new XtmpClientOptions { ServerFingerprint = _silo.Fingerprint });
        await connection.Registry.QueryAsync(new() { Name = "nobody.example" });
        string id = connection.Session!.SessionId.ToString("x16", CultureInfo.InvariantCulture);
        var (exitCode, output, error) = await Tool.RunAsync("server", "metrics", "--admin", $"http://{_silo.AdminEndPoint}", "--session-id", id, "--json");
        Assert.True(exitCode == 0, error);
        Assert.Equal(1, (int)JsonNode.Parse(output)!["calls"]!);
        Assert.Equal(3, (await Tool.RunAsync("server", "metrics", "--admin", $"http://{_silo.AdminEndPoint}", "--session-id", "1")).ExitCode);
    }

    [Fact]
    public async Task an_admin_port_that_does_not_answer_is_exit_code_3()
    {
        string admin = $"http://{_silo.AdminEndPoint}";
        await _silo.StopAsync();
        var (exitCode, _, error) = await Tool.RunAsync("server", "status", "--admin", admin);
        Assert.Equal(3, exitCode);
        Assert.Contains("Nothing answers", error);
        Assert.Equal(2, (await Tool.RunAsync("server", "status", "--admin", "ftp://x")).ExitCode);
    }

    [Fact]
    public async Task bench_counts_calls_and_shows_a_histogram()
    {
        var (exitCode, output, error) = await RunAsync("bench", "--in-flight", "4", "--sessions", "2", "--seconds", "1", "--warm-up", "0", "--json");
        Assert.True(exitCode == 0, error);
        JsonNode figures = JsonNode.Parse(output)!;
        Assert.Equal("Registry.Query", (string?)figures["method"]);
        Assert.True((double)figures["calls_per_s"]! > 1, output);
        Assert.True((double)figures["latency"]!["p99_ms"]! >= (double)figures["latency"]!["p50_ms"]!);
        var refused = await RunAsync("bench", "Wallet.Balance", $$"""{"wallet":"{{new string('a', 64)}}"}""", "--seconds", "1", "--warm-up", "0");
        Assert.True(refused.ExitCode == 0, refused.Error);
        Assert.Contains("AuthenticationRequired: ", refused.Output);
        Assert.Equal(2, (await RunAsync("bench", "Stream.Updates", """{"topic":"bundle:b","stream_type":"bundle_updates"}""")).ExitCode);
    }

    [Fact]
    public async Task watch_follows_a_wallet_from_its_balance_on()
    {
        string key = _scratch.File("me.pem");
        Tool.Run("keygen", key);
        using (IdentityKey identity = IdentityFile.LoadOrCreate(key))
        {
            await using XtmpConnection connection = await XtmpConnection.ConnectAsync($"xtmp://{_silo.EndPoint}", new XtmpClientOptions { ServerFingerprint = _silo.Fingerprint, Identity = identity });
            await new XtmpWallet(connection, identity).RegisterAsync();
        }

        var (exitCode, output, error) = await RunAsync("watch", "wallet-updates", "--identity", key, "--count", "1", "--json");
        Assert.True(exitCode == 0, error);
        Assert.NotNull(JsonNode.Parse(output)!["body"]!["wallet_balance"]);
        var lines = await RunAsync("watch", "wallet-updates", "--identity", key, "--count", "1");
        Assert.Contains("wallet_balance", lines.Output);
        var anonymous = await RunAsync("watch", "wallet-updates", "--count", "1");
        Assert.Equal(2, anonymous.ExitCode);
        var balance = await RunAsync("call", "Wallet.Balance", $$"""{"wallet":"{{Fingerprint(key)}}"}""", "--identity", key, "--wallet");
        Assert.True(balance.ExitCode == 0, balance.Error);
    }

    [Fact]
    public async Task watch_follows_events_and_metrics_for_an_operator()
    {
        string key = _scratch.File("operator.pem");
        var events = RunAsync("watch", "events", "--identity", key, "--count", "2", "--json");
        while (!events.IsCompleted)
        {
            // Every session that ends is an event.
            await using XtmpConnection connection = await XtmpConnection.ConnectAsync($"xtmp://{_silo.EndPoint}", new XtmpClientOptions { ServerFingerprint = _silo.Fingerprint });
        }

        Assert.True((await events).ExitCode == 0, (await events).Error);
        Assert.All(Lines((await events).Output), line => Assert.Equal("Connection", (string?)line["name"]));
        var metrics = await RunAsync("watch", "metrics", "--interval", "100", "--identity", key, "--count", "1", "--json");
        Assert.True(metrics.ExitCode == 0, metrics.Error);
        Assert.Contains(Lines(metrics.Output).Single()["samples"]!.AsArray(), sample => (string?)sample!["name"] == "xtmp.gateway.bytes");

        var anonymous = await RunAsync("watch", "events", "--count", "1");
        Assert.Equal(3, anonymous.ExitCode);
        Assert.Contains("AuthenticationRequired", anonymous.Error);
    }

    [Fact]
    public void start_says_how_to_get_a_silo_where_there_is_none()
    {
        Environment.SetEnvironmentVariable("XTMP_SILO", _scratch.File("nothing"));
        try
        {
            var (exitCode, _, error) = Tool.Run("server", "start");
            Assert.Equal(2, exitCode);
            Assert.Contains("dotnet publish silo/Xtmp.Silo", error);
        }
        finally
        {
            Environment.SetEnvironmentVariable("XTMP_SILO", null);
        }

        Assert.Equal(2, Tool.Run("server", "start", "--config", _scratch.File("none.toml")).ExitCode);
    }

    [Fact]
    public void start_runs_the_silo_it_finds_with_what_it_is_told()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The program that stands in for a silo is a shell script.");
        string told = _scratch.File("told");
        string program = _scratch.Write("silo.sh", $"#!/bin/sh\necho \"$@\" > '{told}'\nexit 7\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        string config = _scratch.Write("xtmp.toml", "");
        Environment.SetEnvironmentVariable("XTMP_SILO", program);
        try
        {
            Assert.Equal(7, Tool.Run("server", "start", "--config", config, "--", "--port", "1").ExitCode);
        }
        finally
        {
            Environment.SetEnvironmentVariable("XTMP_SILO", null);
        }

        Assert.Equal($"--config {config} --port 1\n", File.ReadAllText(told));
    }

    private static string Fingerprint(string key)
    {
        using IdentityKey identity = IdentityFile.LoadOrCreate(key);
        return identity.Public.Fingerprint.ToString();
    }

    private static JsonNode[] Lines(string output) => [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];

    private Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] args) =>
        Tool.RunAsync([.. args, "--endpoint", $"xtmp://{_silo.EndPoint}", "--fingerprint", _silo.Fingerprint.ToString()]);
}
