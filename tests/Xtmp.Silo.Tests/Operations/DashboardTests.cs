using System.Net;
using System.Reflection;
using Microsoft.Extensions.Logging;
using Microsoft.Playwright;
using Xtmp.Client;
using Xtmp.Crypto;
using Xtmp.Messages;
using Xtmp.Transport;

namespace Xtmp.Silo.Tests.Operations;

/// <summary>The dashboard in a browser. XTMP_SCREENSHOTS=DIR keeps its pictures.</summary>
public sealed class DashboardTests(DashboardTests.Shared shared) : IClassFixture<DashboardTests.Shared>, IAsyncLifetime
{
    private const string Hostile = "<img src=x onerror=document.title='owned'>\u202e";

    private readonly List<string> _complaints = [];
    private readonly List<IPage> _pages = [];

    public ValueTask InitializeAsync()
    {
        Assert.SkipWhen(shared.Missing is not null, shared.Missing ?? "");
        return ValueTask.CompletedTask;
    }

    [Theory]
    [InlineData("desktop-light", 1360, 900, ColorScheme.Light)]
    [InlineData("desktop-dark", 1360, 900, ColorScheme.Dark)]
    [InlineData("phone-light", 390, 844, ColorScheme.Light)]
    [InlineData("phone-dark", 390, 844, ColorScheme.Dark)]
    public async Task shows_what_the_silo_does(string name, int width, int height, ColorScheme scheme)
    {
        var page = await OpenAsync(shared.Silo, width, height, scheme);
        await Assertions.Expect(page.Locator("#status")).ToHaveTextAsync("ready");
        await Assertions.Expect(page.Locator("#network")).ToHaveTextAsync("dashboard");
        await Assertions.Expect(page.Locator("#methods")).ToContainTextAsync("Registry.Query");
        await Assertions.Expect(page.Locator("#sessions")).ToContainTextAsync("wallet");
        await Assertions.Expect(page.Locator("#refusals")).ToContainTextAsync("Role");
        await Assertions.Expect(page.Locator("#bundles li").Nth(3).Locator(".value")).ToHaveTextAsync("1");
        await Assertions.Expect(page.Locator("#grains")).ToContainTextAsync("Wallet");
        await Assertions.Expect(page.Locator("#keys")).ToContainTextAsync("Ticket key");
        await Assertions.Expect(page.Locator("#queues")).ToContainTextAsync("Memory held for peers");
        await Assertions.Expect(page.Locator("#cluster .row")).ToHaveCountAsync(1);
        await Assertions.Expect(page.Locator("#calls-chart path.line").First).ToHaveAttributeAsync("d", new System.Text.RegularExpressions.Regex("^M.*L"));
        Assert.True(await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= window.innerWidth"), "The page is wider than its window.");
        if (Environment.GetEnvironmentVariable("XTMP_SCREENSHOTS") is { } directory)
        {
            await page.ScreenshotAsync(new() { Path = Path.Combine(directory, name + ".png"), FullPage = true });
        }

        Assert.Empty(_complaints);
    }

    [Fact]
    public async Task text_from_peers_stays_text_and_new_events_arrive()
    {
        await using var silo = await TestSilo.StartAsync(Shared.WithAdminPort);
        var page = await OpenAsync(silo, 1360, 900, ColorScheme.Light);
        await Assertions.Expect(page.Locator("#status")).ToHaveTextAsync("ready");
        silo.Host.Silo.Loggers.CreateLogger("Xtmp.Gateway").LogWarning("{Text}", Hostile);
        await Assertions.Expect(page.Locator("#events li.warn .text")).ToHaveTextAsync(Hostile);
        Assert.Equal(0, await page.Locator("#events img").CountAsync());
        Assert.DoesNotContain("owned", await page.TitleAsync(), StringComparison.Ordinal);
        await page.Locator("#only-warnings").CheckAsync();
        await Assertions.Expect(page.Locator("#events li")).ToHaveCountAsync(1);
        await page.Locator("#theme").ClickAsync();
        Assert.Equal("dark", await page.EvaluateAsync<string>("document.documentElement.dataset.theme"));
        Assert.Empty(_complaints);
    }

    [Fact]
    public async Task runs_no_script_that_is_not_its_own()
    {
        var page = await OpenAsync(shared.Silo, 1360, 900, ColorScheme.Light);
        await page.EvaluateAsync("() => { const made = document.createElement('script'); try { made.textContent = \"document.title='owned'\"; } catch (error) { } document.head.append(made); }");
        Assert.DoesNotContain("owned", await page.TitleAsync(), StringComparison.Ordinal);
        Assert.NotEmpty(_complaints);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var page in _pages)
        {
            await page.CloseAsync();
        }
    }

    private async Task<IPage> OpenAsync(TestSilo silo, int width, int height, ColorScheme scheme)
    {
        await using (var client = await silo.ConnectAsync())
        {
            await client.Registry.QueryAsync(new RegistryQuery { Name = "nobody" });
        }

        var page = await shared.Browser!.NewPageAsync(new() { ViewportSize = new() { Width = width, Height = height }, ColorScheme = scheme });
        _pages.Add(page);
        page.Console += (_, message) => _complaints.AddRange(message.Type is "error" or "warning" ? [message.Text] : []);
        page.PageError += (_, error) => _complaints.Add(error);
        await page.GotoAsync($"http://{silo.Host.AdminEndPoint}/");
        return page;
    }

    /// <summary>A browser, and a silo in which something of everything has happened.</summary>
    public sealed class Shared : SharedSilo
    {
        private const string Chromium = "/usr/bin/chromium";

        private readonly IdentityKey _identity = IdentityKey.Generate(SystemEntropy.Instance);
        private readonly List<XtmpConnection> _connections = [];
        private IPlaywright? _playwright;

        public IBrowser? Browser { get; private set; }

        /// <summary>What this machine lacks, or null.</summary>
        public string? Missing { get; private set; }

        public override async ValueTask InitializeAsync()
        {
            await base.InitializeAsync();
            var package = typeof(DashboardTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(data => data.Key == "PlaywrightPackage").Value!;
            Missing = !File.Exists(Chromium) ? $"Needs a browser at {Chromium}: on Debian, apt-get install chromium."
                : !Directory.Exists(Path.Combine(package, ".playwright")) ? "Needs the driver of the package Microsoft.Playwright, where dotnet restore has put it."
                : null;
            if (Missing is not null)
            {
                return;
            }

            Environment.SetEnvironmentVariable("PLAYWRIGHT_DRIVER_SEARCH_PATH", package);
            Assertions.SetDefaultExpectTimeout(60_000);
            _playwright = await Playwright.CreateAsync();
            Browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = Chromium, Args = ["--no-sandbox"] });

            var client = await Silo.ConnectAsync(_identity);
            var node = await Silo.ConnectAsync(SampleBundle.Node);
            _connections.AddRange([client, node]);
            await new XtmpWallet(client, _identity).RegisterAsync();
            var bundle = SampleBundle.Create("shown", Silo.Host.Network);
            await Assert.ThrowsAsync<XtmpException>(() => client.Bundle.SubmitAsync(new BundleSubmit { BundleId = bundle.BundleId, Bundle = bundle }).AsTask());
            await node.Bundle.SubmitAsync(new BundleSubmit { BundleId = bundle.BundleId, Bundle = bundle });
        }

        public override async ValueTask DisposeAsync()
        {
            if (Browser is not null)
            {
                await Browser.DisposeAsync();
            }

            _playwright?.Dispose();
            foreach (var connection in _connections)
            {
                await connection.DisposeAsync();
            }

            _identity.Dispose();
            await base.DisposeAsync();
        }

        internal static SiloOptions WithAdminPort(SiloOptions options) =>
            options with { Admin = new IPEndPoint(IPAddress.Loopback, 0), Grains = options.Grains with { Network = "dashboard" } };

        internal override SiloOptions Configure(SiloOptions options) => WithAdminPort(options);
    }
}
