using System.Text.Json;
using System.Text.RegularExpressions;

namespace Xtmp.Packages.Tests;

/// <summary>The example of a game table as a user runs it: processes of their own, real sockets. It runs in an empty folder and leaves it empty.</summary>
public sealed class CrapsTableTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("xtmp-craps-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_table_of_four_with_one_killed_one_cut_off_and_one_that_cheats_holds_to_the_end()
    {
        var ran = await RunAsync("--rounds", "12", "--json");
        Assert.True(ran.ExitCode == 0, ran.Output);
        var lines = ran.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.True(lines.Length > 20, ran.Output);
        Assert.Contains("all of it holds", ran.Output);
        Assert.Contains("proof of DoubleVote", ran.Output);
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
        var transcript = Path.Combine(Path.GetTempPath(), Regex.Match(ran.Output, "craps-[0-9a-f]{32}\\.bin").Value);
        Assert.True(File.Exists(transcript), transcript);
        File.Delete(transcript);
    }

    [Theory]
    [InlineData("--seats", "9")]
    [InlineData("--rounds", "0")]
    [InlineData("--no-such-option", "1")]
    public async Task Wrong_arguments_are_named_with_the_usage(string option, string value)
    {
        var ran = await RunAsync(option, value);
        Assert.Equal(2, ran.ExitCode);
        Assert.Contains($"Not understood: {option}", ran.Output);
        Assert.Contains("Usage: ", ran.Output);
    }

    /// <summary>Runs what this test run has built.</summary>
    private Task<CommandResult> RunAsync(params string[] arguments)
    {
        var configuration = Path.GetFileName(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)))!;
        var example = Path.Combine(Repository.Root, "examples", "CrapsTable", "bin", configuration, "net10.0", "CrapsTable.dll");
        return DotNet.RunAsync(_folder, ["exec", example, .. arguments]);
    }
}
