using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Xtmp.Cli.Tests.Schema;

/// <summary>A second language reads our bytes.</summary>
public sealed class NodeTests
{
    private const string Package = "@msgpack/msgpack@3.1.2";
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(45);

    [Fact]
    public async Task node_decodes_every_valid_vector_and_encodes_it_to_the_same_bytes()
    {
        if (await Run("node", "--version") is not { ExitCode: 0 })
        {
            Assert.Skip("Node is not on this machine; install Node 18 or newer to run this test.");
        }

        // Restored once, beside the build's own intermediate files; never part of the repository.
        string folder = Repository.Path("tests/Xtmp.Cli.Tests/obj/node");
        if (!Directory.Exists(Path.Combine(folder, "node_modules", "@msgpack", "msgpack")))
        {
            Directory.CreateDirectory(folder);
            await File.WriteAllTextAsync(Path.Combine(folder, "package.json"), "{ \"private\": true }\n");
            if (await Run("npm", "install", "--no-audit", "--no-fund", "--no-save", "--prefix", folder, Package) is not { ExitCode: 0 })
            {
                Assert.Skip($"npm cannot restore {Package}; run this test where the npm registry can be reached.");
            }
        }

        string script = Repository.Path("tests/Xtmp.Cli.Tests/Schema/round-trip.mjs");
        (int ExitCode, string Output)? result = await Run("node", script, Repository.Path("schema/vectors"), folder);
        Assert.NotNull(result);
        Assert.True(result.Value.ExitCode == 0, result.Value.Output);
        int expected = Directory.GetFiles(Repository.Path("schema/vectors"), "*.json").Sum(f => File.ReadLines(f).Count(l => l.Contains(",\"json\":", StringComparison.Ordinal)));
        Assert.Equal(expected, int.Parse(Regex.Match(result.Value.Output, @"(\d+) vectors, 0 failed").Groups[1].Value, CultureInfo.InvariantCulture));
    }

    /// <summary>The exit code and all output, or null when there is no such command.</summary>
    private static async Task<(int ExitCode, string Output)?> Run(string command, params string[] args)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(command, args) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            using CancellationTokenSource patience = new(_patience);
            Task<string> output = process.StandardOutput.ReadToEndAsync(patience.Token);
            Task<string> error = process.StandardError.ReadToEndAsync(patience.Token);
            try
            {
                await process.WaitForExitAsync(patience.Token);
                return (process.ExitCode, await output + await error);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                return (-1, $"{command} took longer than {_patience}.");
            }
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}
