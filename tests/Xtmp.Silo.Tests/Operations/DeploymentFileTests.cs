using System.Diagnostics;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;

namespace Xtmp.Silo.Tests.Operations;

/// <summary>The container file and the systemd unit, as far as they can be looked at without a container or a service manager.</summary>
public sealed partial class DeploymentFileTests
{
    private static readonly string Docs = Path.Combine(Repository.Root, "silo", "docs");

    [Fact]
    public void every_variable_they_set_is_a_key_with_a_right_value()
    {
        foreach (var file in new[] { "Containerfile", "xtmp-silo.service" })
        {
            var values = VariablePattern().Matches(File.ReadAllText(Path.Combine(Docs, file)))
                .ToDictionary(match => match.Groups["name"].Value.Replace("__", ":", StringComparison.Ordinal), match => (string?)match.Groups["value"].Value);
            Assert.NotEmpty(values);
            var configuration = new ConfigurationManager();
            configuration.AddInMemoryCollection(values);
            Assert.Empty(ConfigurationReader.Read(configuration, new SiloSettings(new SiloOptions())));
        }
    }

    [Fact]
    public void the_container_runs_as_nobody_in_particular_and_is_stopped_by_the_signal_that_drains()
    {
        var lines = File.ReadAllLines(Path.Combine(Docs, "Containerfile")).Where(line => line.Length > 0 && line[0] != '#').ToList();
        var instructions = lines.Where(line => !char.IsWhiteSpace(line[0])).Select(line => line.Split(' ', 2)).ToList();
        Assert.All(instructions, instruction => Assert.Contains(instruction[0], new[] { "ARG", "FROM", "COPY", "RUN", "USER", "VOLUME", "WORKDIR", "ENV", "EXPOSE", "STOPSIGNAL", "ENTRYPOINT" }));
        Assert.Equal("ENTRYPOINT", instructions[^1][0]);
        Assert.StartsWith("[\"", instructions[^1][1], StringComparison.Ordinal);
        Assert.Equal("SIGTERM", Assert.Single(instructions, instruction => instruction[0] == "STOPSIGNAL")[1]);
        var user = Assert.Single(instructions, instruction => instruction[0] == "USER");
        Assert.Matches("^[1-9][0-9]+:[1-9][0-9]+$", user[1]);
        Assert.True(instructions.IndexOf(user) > instructions.FindLastIndex(instruction => instruction[0] == "RUN"), "Something runs as the silo's user while the image is built.");
        Assert.DoesNotContain(lines, line => line.Contains("latest", StringComparison.Ordinal) || line.StartsWith("ADD ", StringComparison.Ordinal));
    }

    [Fact]
    public void systemd_reads_the_unit()
    {
        const string Analyze = "/usr/bin/systemd-analyze";
        if (!File.Exists(Analyze))
        {
            Assert.Skip($"Needs {Analyze}: on Debian, apt-get install systemd.");
        }

        using var verify = Process.Start(new ProcessStartInfo(Analyze, ["verify", Path.Combine(Docs, "xtmp-silo.service")]) { RedirectStandardError = true })!;
        var complaints = verify.StandardError.ReadToEnd();
        verify.WaitForExit();

        // The program it names is not installed here.
        Assert.DoesNotContain(complaints.Split('\n'), line => line.Contains("xtmp-silo", StringComparison.Ordinal) && !line.Contains("is not executable", StringComparison.Ordinal));
    }

    [GeneratedRegex(@"(?<name>XTMP_[A-Z]+__[A-Z_]+)=(?<value>[^\s\\]+)")]
    private static partial Regex VariablePattern();
}
