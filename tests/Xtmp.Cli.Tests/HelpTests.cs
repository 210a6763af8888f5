using System.Text.RegularExpressions;
using Xtmp.Cli.Tests.Schema;

namespace Xtmp.Cli.Tests;

/// <summary>What holds for every verb, found by walking the help from the root down.</summary>
public sealed partial class HelpTests
{
    // What they print is for a shell, or is another program's, or is a file; the schema tools have their own formats.
    private static readonly string[] WithoutJson = ["completion", "server start", "schema"];

    public static TheoryData<string> Verbs() => [.. Walk([])];

    [Theory]
    [MemberData(nameof(Verbs))]
    public void a_verbs_help_has_an_example_and_its_output_a_form_for_programs(string verb)
    {
        string help = Tool.Run([.. verb.Split(' '), "--help"]).Output;
        Assert.Contains("Example: ", help);
        if (!WithoutJson.Any(name => verb.StartsWith(name, StringComparison.Ordinal)))
        {
            Assert.Contains("--json", help);
        }
    }

    [Fact]
    public void exit_codes_are_explained_at_the_root()
    {
        string help = Tool.Run("--help").Output;
        foreach (int code in typeof(Xtmp.Cli.Schema.ExitCodes).GetFields().Select(field => (int)field.GetValue(null)!))
        {
            Assert.Matches($@"\b{code}\b", help);
        }
    }

    [Fact]
    public void what_lists_verbs_gives_each_a_sentence_and_fits_a_wide_terminal()
    {
        string help = Tool.Run("--help").Output;
        Assert.Contains("call <Handler.Method> <request>", help);
        Assert.DoesNotContain("Example: ", help);
        Assert.All(help.Split('\n'), line => Assert.InRange(line.Length, 0, 200));
    }

    [Theory]
    [InlineData("[suggest:2]", "tr", "trust")]
    [InlineData("[suggest:7]", "trust a", "add")]
    [InlineData("[suggest:13]", "call Wallet.B", "Wallet.Balance")]
    [InlineData("[suggest:7]", "ping --", "--fingerprint")]
    public void the_shell_is_told_what_may_follow(string directive, string line, string expected) =>
        Assert.Contains(expected, Tool.Run(directive, line).Output.Split('\n'));

    [Theory]
    [InlineData("bash", "complete -o default -F _xtmp xtmp")]
    [InlineData("zsh", "compdef _xtmp xtmp")]
    [InlineData("fish", "complete -c xtmp")]
    [InlineData("pwsh", "Register-ArgumentCompleter")]
    public void every_shell_has_its_script(string shell, string mention) => Assert.Contains(mention, Tool.Run("completion", shell).Output);

    private static IEnumerable<string> Walk(string[] path)
    {
        string help = Tool.Run([.. path, "--help"]).Output;
        int commands = help.IndexOf("Commands:", StringComparison.Ordinal);
        if (commands < 0)
        {
            return [string.Join(' ', path)];
        }

        return Name().Matches(help[commands..]).Select(match => match.Groups[1].Value).SelectMany(name => Walk([.. path, name]));
    }

    [GeneratedRegex(@"^  ([a-z][a-z-]*)\b", RegexOptions.Multiline)]
    private static partial Regex Name();
}
