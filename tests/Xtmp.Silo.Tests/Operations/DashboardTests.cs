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
public sealed class DashboardTests : IAsyncLifetime
{
    private const string Chromium = "/usr/bin/chromium";
    private const string Hostile = "<img src=x onerror=document.title='owned'>\u202e";

    private readonly List<string> _complaints = [];
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async ValueTask InitializeAsync()
    {
        if (!File.Exists(Chromium))
        {
            Assert.Skip($"Needs a browser at {Chromium}: on Debian, apt-get install chromium.");
        }

        var package = typeof(DashboardTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(data => data.Key == "PlaywrightPackage").Value!;
        if (!Directory.Exists(Path.Combine(package, ".playwright")))
        {
            Assert.Skip("Needs the driver of the package Microsoft.Playwright, where dotnet restore has put it.");
        }

        Environment.SetEnvironmentVariable("PLAYWRIGHT_DRIVER_SEARCH_PATH", package);
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = Chromium, Args = ["--no-sandbox"] });
    }

    [Theory]
    [InlineData("desktop-light", 1360, 900, ColorScheme.Light)]
    [InlineData("desktop-dark", 1360, 900, ColorScheme.Dark)]
    [InlineData("phone-light", 390, 844, ColorScheme.Light)]
    [InlineData("phone-dark", 390, 844, ColorScheme.Dark)]
    public async Task shows_what_the_silo_does(string name, int width, int height, ColorScheme scheme)
    {
        await using var silo = await StartAsync();
        using var identity = IdentityKey.Generate(SystemEntropy.Instance);
        await using var client = await silo.ConnectAsync(identity);
        await new XtmpWallet(client, identity).RegisterAsync();
        var bundle = SampleBundle.Create("shown", silo.Host.Network);
        await Assert.ThrowsAsync<XtmpException>(() => client.Bundle.SubmitAsync(new BundleSubmit { BundleId = bundle.BundleId, Bundle = bundle }).AsTask());
        await using var node = await silo.ConnectAsync(SampleBundle.Node);
        await node.Bundle.SubmitAsync(new BundleSubmit { BundleId = bundle.BundleId, Bundle = bundle });

        var page = await OpenAsync(silo, width, height, scheme);
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
        await using var silo = await StartAsync();
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
        await using var silo = await StartAsync();
        var page = await OpenAsync(silo, 1360, 900, ColorScheme.Light);
        await page.EvaluateAsync("() => { const made = document.createElement('script'); try { made.textContent = \"document.title='owned'\"; } catch (error) { } document.head.append(made); }");
        Assert.DoesNotContain("owned", await page.TitleAsync(), StringComparison.Ordinal);
        Assert.NotEmpty(_complaints);
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
    }

    private static Task<TestSilo> StartAsync() => TestSilo.StartAsync(options => options with { Admin = new IPEndPoint(IPAddress.Loopback, 0), Grains = options.Grains with { Network = "dashboard" } });

    private async Task<IPage> OpenAsync(TestSilo silo, int width, int height, ColorScheme scheme)
    {
        await using (var client = await silo.ConnectAsync())
        {
            await client.Registry.QueryAsync(new RegistryQuery { Name = "nobody" });
        }

        var page = await _browser!.NewPageAsync(new() { ViewportSize = new() { Width = width, Height = height }, ColorScheme = scheme });
        page.Console += (_, message) => _complaints.AddRange(message.Type is "error" or "warning" ? [message.Text] : []);
        page.PageError += (_, error) => _complaints.Add(error);
        await page.GotoAsync($"http://{silo.Host.AdminEndPoint}/");
        return page;
    }
}
