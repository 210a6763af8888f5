using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Xtmp.Cli.Tests.Schema;

public sealed class BreakingVerbTests
{
    private const string Text = "protocol: shop\nnamespace: Shop\nversion: 1\nstructs:\n  Line:\n    fields:\n      - { id: 0, name: article, type: u64 }\n      - { id: 1, name: amount, type: u32 }\n";

    [Fact]
    public void a_stale_lock_fails_with_the_command_that_accepts_it()
    {
        using ScratchFolder scratch = new();
        string path = Accepted(scratch);
        File.WriteAllText(path, Text + "enums:\n  New: { values: { one: { value: 1 } } }\n");
        var (exitCode, output, _) = Tool.Run("schema", "breaking", path);
        Assert.Equal(1, exitCode);
        Assert.Contains("VERSION: ", output);
        Assert.EndsWith($"accept it with: xtmp schema breaking {path} --accept [LOCK_STALE]\n", output);
        Assert.Equal(0, Tool.Run("schema", "breaking", path, "--accept").ExitCode);
        Assert.Equal((0, "", ""), Tool.Run("schema", "breaking", path));
    }

    [Fact]
    public void what_is_gone_is_found_at_the_locks_line()
    {
        using ScratchFolder scratch = new();
        string path = Accepted(scratch);
        File.WriteAllText(path, Text.Replace("      - { id: 1, name: amount, type: u32 }\n", "", StringComparison.Ordinal));
        string lockPath = scratch.File("wire.lock");
        int line = Array.FindIndex(File.ReadAllLines(lockPath), l => l == "  1 amount u32") + 1;
        var (exitCode, output, _) = Tool.Run("schema", "breaking", path);
        Assert.Equal(1, exitCode);
        Assert.StartsWith($"{lockPath}:{line}:3: WIRE: structs.Line.amount: is gone.", output);
    }

    [Theory]
    [InlineData("FIELD_RENAMED", 0)]
    [InlineData("FIELD_RENAMED:structs.Line.amount", 0)]
    [InlineData("FIELD_RENAMED:structs.Line.article", 1)]
    [InlineData("FIELD_REMOVED", 1)]
    [InlineData("FIELD_RENAMD", 2)]
    [InlineData("XTMP030", 2)]
    public void ignores_a_rule_or_one_place(string ignored, int expected)
    {
        using ScratchFolder scratch = new();
        string path = Accepted(scratch);
        File.WriteAllText(path, Text.Replace("name: amount", "name: pieces", StringComparison.Ordinal));
        Assert.Equal(expected, Tool.Run("schema", "breaking", path, "--ignore", ignored).ExitCode);
    }

    [Fact]
    public void json_is_an_object_a_line()
    {
        using ScratchFolder scratch = new();
        string path = Accepted(scratch);
        File.WriteAllText(path, Text.Replace("name: amount", "name: pieces", StringComparison.Ordinal));
        var (exitCode, output, _) = Tool.Run("schema", "breaking", path, "--json");
        Assert.Equal(1, exitCode);
        JsonNode finding = JsonNode.Parse(Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries)))!;
        Assert.Equal("FIELD_RENAMED JSON structs.Line.amount 8", $"{finding["rule"]} {finding["class"]} {finding["path"]} {finding["line"]}");
    }

    [Fact]
    public void compares_with_a_commit()
    {
        using ScratchFolder scratch = new();
        string path = scratch.Write("shop.yaml", Text);
        if (!Git(scratch.Path, "init", "-q") || !Git(scratch.Path, "add", "-A") || !Git(scratch.Path, "-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false", "commit", "-qm", "One"))
        {
            Assert.Skip("git is not there or makes no commit.");
        }

        File.WriteAllText(path, Text.Replace("name: amount, type: u32", "name: amount, type: string", StringComparison.Ordinal));
        var (exitCode, output, error) = Tool.Run("schema", "breaking", path, "--against", "git#HEAD");
        Assert.True(exitCode == 1, error);
        Assert.Contains("WIRE: structs.Line.amount: was u32, is string.", output);
        var wrong = Tool.Run("schema", "breaking", path, "--against", "git#--output=x");
        Assert.Equal(2, wrong.ExitCode);
        Assert.Contains("names no commit", wrong.Error);
        Assert.Equal(2, Tool.Run("schema", "breaking", path, "--against", "git#nowhere").ExitCode);
    }

    [Fact]
    public void option_errors_name_no_clr_types()
    {
        var (exitCode, output, error) = Tool.Run("schema", "breaking", "a.yaml", "--fail-on", "Sometimes");
        Assert.Equal(2, exitCode);
        Assert.Contains("--fail-on takes one of wire, state, json, source, version; 'Sometimes' is none of them.", output + error);
        Assert.DoesNotContain("BreakingClass", output + error);
    }

    private static string Accepted(ScratchFolder scratch)
    {
        string path = scratch.Write("shop.yaml", Text);
        Assert.Equal(0, Tool.Run("schema", "breaking", path, "--accept").ExitCode);
        return path;
    }

    private static bool Git(string folder, params string[] arguments)
    {
        try
        {
            using Process git = Process.Start(new ProcessStartInfo("git", ["-C", folder, .. arguments]) { RedirectStandardError = true })!;
            git.WaitForExit();
            return git.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
