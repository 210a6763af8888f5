using System.Text.Json.Nodes;
using Xtmp.Cli.Tests.Schema;
using Xtmp.Crypto;
using Xtmp.Silo;
using Xtmp.Transport;

namespace Xtmp.Cli.Tests;

/// <summary>The verbs that speak to a silo, against one in this process.</summary>
public sealed class SiloVerbTests : IAsyncLifetime
{
    private readonly ScratchFolder _scratch = new();
    private SiloHost? _silo;

    public async ValueTask InitializeAsync() => _silo = await SiloHost.StartAsync(new SiloOptions { DataDirectory = _scratch.File("data"), Port = 0 });

    public async ValueTask DisposeAsync()
    {
        await _silo!.DisposeAsync();
        _scratch.Dispose();
    }

    [Fact]
    public async Task ping_measures_round_trips()
    {
        var (exitCode, output, error) = await RunAsync("ping", "--count", "2", "--json");
        Assert.True(exitCode == 0, error);
        JsonNode[] lines = [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonNode.Parse(l)!)];
        Assert.Equal(3, lines.Length);
        Assert.Equal(_silo!.Fingerprint.ToString(), (string?)lines[0]["fingerprint"]);
        Assert.Equal(2, (int?)lines[2]["round_trip"]);
    }

    [Fact]
    public async Task call_answers_in_json_and_fails_with_code_and_fault()
    {
        string other = new('a', 64);
        var (exitCode, output, error) = await RunAsync("call", "Wallet.Balance", $$"""{"wallet":"{{other}}"}""");
        Assert.Equal(3, exitCode);
        Assert.Equal("", output);
        Assert.Matches(@"^[A-Za-z]+ \(\d+\), \w+ fault", error);
        var asked = await RunAsync("call", "Registry.Query", """{"name":"nobody.example"}""");
        Assert.True(asked.ExitCode == 0, asked.Error);
        Assert.Equal("nobody.example", (string?)JsonNode.Parse(asked.Output)!["name"]);
    }

    [Theory]
    [InlineData("Wallet.Balanc", "{}", "is no method of 'xtmp'. There are: ")]
    [InlineData("Wallet.Balance", "{", "is no JSON")]
    [InlineData("Wallet.Balance", "{}", "the field 'wallet' is missing")]
    [InlineData("Wallet.Balance", "{\"wallet\":\"zz\"}", "wallet: hex digits are needed")]
    [InlineData("Wallet.Balance", "{\"wallet\":\"aa\"}", "wallet: its length is 1; 32 to 32 is allowed")]
    [InlineData("Wallet.Balance", "{\"walet\":1}", "there is no field 'walet'")]
    [InlineData("Wallet.Credit", "{}", "is no method")]
    public async Task call_says_what_is_wrong_with_a_request(string method, string json, string mention)
    {
        var (exitCode, _, error) = await RunAsync("call", method, json);
        Assert.Equal(2, exitCode);
        Assert.Contains(mention, error);
    }

    [Fact]
    public async Task without_trust_nothing_is_connected()
    {
        var (exitCode, _, error) = await Tool.RunAsync("ping", "--endpoint", $"xtmp://{_silo!.EndPoint}");
        Assert.Equal(2, exitCode);
        Assert.Contains("--fingerprint", error);
        var malformed = await Tool.RunAsync("ping", "--endpoint", $"xtmp://{_silo!.EndPoint}", "--fingerprint", "00");
        Assert.Equal(2, malformed.ExitCode);
        Assert.Contains("'00' is not 64 hex digits", malformed.Error);
        var wrong = await Tool.RunAsync("ping", "--endpoint", $"xtmp://{_silo!.EndPoint}", "--fingerprint", new string('0', 63) + "1");
        Assert.Equal(3, wrong.ExitCode);
        Assert.DoesNotContain("   at ", wrong.Error);
        string hosts = _scratch.File("hosts");
        Assert.Equal(0, (await Tool.RunAsync("ping", "--endpoint", $"xtmp://{_silo!.EndPoint}", "--known-hosts", hosts)).ExitCode);
        Assert.Contains(_silo.Fingerprint.ToString(), File.ReadAllText(hosts));
    }

    [Fact]
    public async Task keygen_makes_an_identity_once()
    {
        string path = _scratch.File("me.pem");
        var (exitCode, output, error) = Tool.Run("keygen", path);
        Assert.True(exitCode == 0, error);
        using IdentityKey identity = IdentityFile.LoadOrCreate(path, SystemEntropy.Instance);
        Assert.Equal($"fingerprint {identity.Public.Fingerprint}\n", output);
        Assert.Equal(2, Tool.Run("keygen", path).ExitCode);
        Assert.Equal(0, (await RunAsync("ping", "--count", "1", "--identity", path)).ExitCode);
    }

    private Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] args) =>
        Tool.RunAsync([.. args, "--endpoint", $"xtmp://{_silo!.EndPoint}", "--fingerprint", _silo.Fingerprint.ToString()]);
}
