using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Xtmp.Crypto;
using Xtmp.Messages;
using Xtmp.Protocol;

namespace Xtmp.Silo.Tests;

public sealed class AdminPortTests
{
    private static readonly IPEndPoint Free = new(IPAddress.Loopback, 0);

    [Fact]
    public async Task tells_health_readiness_and_what_the_grains_did()
    {
        await using var silo = await TestSilo.StartAsync(options => options with { Admin = Free });
        await using var client = await silo.ConnectAsync();
        await client.Registry.QueryAsync(new RegistryQuery { Name = "nobody" });
        using var http = new HttpClient { BaseAddress = new Uri($"http://{silo.Host.AdminEndPoint}") };
        Assert.Equal("ok\n", await http.GetStringAsync("/healthz"));
        Assert.Equal("ready\n", await http.GetStringAsync("/readyz"));
        Assert.Contains("xtmp_runtime_turns", await http.GetStringAsync("/metrics"), StringComparison.Ordinal);
        Assert.Contains("xtmp_gateway_calls", await http.GetStringAsync("/metrics"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync("/secrets")).StatusCode);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await http.PostAsync("/healthz", null)).StatusCode);
    }

    [Theory]
    [InlineData("evil.example")]
    [InlineData("192.0.2.1")]
    [InlineData("localhost.evil.example")]
    public async Task answers_nobody_who_asks_for_another_host(string host)
    {
        await using var port = await AdminPort.StartAsync(Free, () => new((string?)null), _ => [], NullLoggerFactory.Instance);
        using var http = new HttpClient();
        foreach (var path in new[] { "/healthz", "/metrics" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{port.EndPoint}{path}") { Headers = { Host = host } };
            Assert.Equal(HttpStatusCode.MisdirectedRequest, (await http.SendAsync(request)).StatusCode);
        }
    }

    [Fact]
    public async Task says_why_it_is_not_ready()
    {
        await using var port = await AdminPort.StartAsync(Free, () => new("draining"), _ => [], NullLoggerFactory.Instance);
        using var http = new HttpClient();
        var answer = await http.GetAsync($"http://{port.EndPoint}/readyz");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal("draining\n", await answer.Content.ReadAsStringAsync());
        Assert.Equal("ok\n", await http.GetStringAsync($"http://{port.EndPoint}/healthz"));
    }

    [Fact]
    public async Task listens_on_loopback_only()
    {
        var error = await Assert.ThrowsAsync<XtmpException>(() => TestSilo.StartAsync(options => options with { Admin = new IPEndPoint(IPAddress.Any, 0) }));
        Assert.Equal("admin", error.Field);
        var (exitCode, _, errors) = await SiloProcess.RunAsync("--admin", "0.0.0.0:7779");
        Assert.Equal(2, exitCode);
        Assert.Contains("--admin takes a loopback address", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task a_port_in_use_is_a_plain_error_and_leaves_nothing_running()
    {
        await using var silo = await TestSilo.StartAsync(options => options with { Admin = Free });
        var error = await Assert.ThrowsAsync<XtmpException>(() => TestSilo.StartAsync(options => options with { Admin = silo.Host.AdminEndPoint }));
        Assert.Equal("admin", error.Field);
        Assert.Equal($"The silo cannot listen on {silo.Host.AdminEndPoint}: another program has this port.", error.Message);
    }

    [Fact]
    public async Task orleans_own_dashboard_is_beside_it_where_that_is_asked_for()
    {
        await using var silo = await TestSilo.StartAsync(options => options with { Admin = Free, OrleansDashboard = true });
        await using var client = await silo.ConnectAsync();
        await client.Registry.QueryAsync(new RegistryQuery { Name = "nobody.example" });
        using var http = new HttpClient { BaseAddress = new Uri($"http://{silo.Host.AdminEndPoint}") };
        Assert.Contains("<script", await http.GetStringAsync("/orleans"), StringComparison.Ordinal);
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (!(await http.GetStringAsync("/orleans/DashboardCounters", patience.Token)).Contains("RegistryGrain", StringComparison.Ordinal))
        {
            // It counts once a second.
        }

        // The rules of the port hold for it too, and nothing is there where nobody asked.
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await http.PostAsync("/orleans/Trace", null, patience.Token)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await http.GetAsync("/orleans/Trace", patience.Token)).StatusCode);
        await using var port = await AdminPort.StartAsync(Free, () => new((string?)null), _ => [], NullLoggerFactory.Instance);
        using var other = new HttpClient { BaseAddress = new Uri($"http://{port.EndPoint}") };
        Assert.Equal(HttpStatusCode.NotFound, (await other.GetAsync("/orleans/", patience.Token)).StatusCode);
    }

    [Fact]
    public async Task shows_the_quality_of_each_session()
    {
        await using var silo = await TestSilo.StartAsync(options => options with { Admin = Free });
        await using var client = await silo.ConnectAsync();
        await client.Registry.QueryAsync(new RegistryQuery { Name = "nobody.example" });
        await Assert.ThrowsAsync<XtmpException>(async () => await client.Wallet.BalanceAsync(new WalletBalance { Wallet = new byte[32] }));
        using var http = new HttpClient { BaseAddress = new Uri($"http://{silo.Host.AdminEndPoint}") };
        var id = client.Session!.SessionId.ToString("x16", CultureInfo.InvariantCulture);
        var session = JsonNode.Parse(await http.GetStringAsync($"/sessions/{id}"))!;
        Assert.Equal((id, 2L, 0.5), ((string?)session["session_id"], (long)session["calls"]!, (double)session["error_rate"]!));
        Assert.True((double)session["p99_ms"]! > 0);
        Assert.Single(JsonNode.Parse(await http.GetStringAsync("/sessions"))!.AsArray());
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync("/sessions/0123")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync("/sessions/nonsense")).StatusCode);
    }
}
