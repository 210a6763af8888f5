using System.Text.Json.Nodes;
using Xtmp.Cli.Tests.Schema;

namespace Xtmp.Cli.Tests;

public sealed class TrustVerbTests : IDisposable
{
    private static readonly string Alice = new('a', 64);
    private static readonly string Bob = new('b', 64);
    private readonly ScratchFolder _scratch = new();

    private string File => _scratch.File("known/hosts");

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void what_is_added_is_listed_until_it_is_removed()
    {
        Assert.Equal((0, ""), Output("list"));
        Assert.Equal(0, Run("add", "silo.example", Alice).ExitCode);
        Assert.Equal(0, Run("add", "xtmp://[::1]:9", Bob).ExitCode);
        Assert.Equal(0, Run("add", "xtmp://silo.example:7778", Alice).ExitCode);
        var lines = Run("list", "--json").Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!).ToDictionary(line => (string)line["host"]!, line => (string)line["fingerprint"]!);
        Assert.Equal(new Dictionary<string, string> { ["silo.example:7778"] = Alice, ["::1:9"] = Bob }, lines);
        Assert.Equal(0, Run("remove", "silo.example:7778").ExitCode);
        Assert.DoesNotContain(Alice, Run("list").Output);
        Assert.Contains(Bob, Run("list").Output);
        Assert.Equal(1, Run("remove", "silo.example:7778").ExitCode);
    }

    [Fact]
    public void another_identity_does_not_replace_the_one_that_is_there()
    {
        Run("add", "silo.example", Alice);
        var (exitCode, _, error) = Run("add", "silo.example", Bob);
        Assert.Equal(2, exitCode);
        Assert.Contains(Alice, error);
        Assert.Contains(Alice, Run("list").Output);
    }

    [Theory]
    [InlineData("silo.example", "abc", "64 hex digits")]
    [InlineData("http://silo.example", null, "this client speaks 'xtmp'")]
    public void nonsense_is_refused(string endpoint, string? fingerprint, string mention)
    {
        var (exitCode, _, error) = Run("add", endpoint, fingerprint ?? Alice);
        Assert.Equal(2, exitCode);
        Assert.Contains(mention, error);
        Assert.False(Path.Exists(File));
    }

    private (int ExitCode, string Output, string Error) Run(params string[] args) => Tool.Run(["trust", .. args, "--file", File]);

    private (int, string) Output(params string[] args) => Run(args) is var (exitCode, output, _) ? (exitCode, output) : default;
}
