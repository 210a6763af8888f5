using System.Text.Json.Nodes;
using Xtmp.Cli.Schema.Findings;

namespace Xtmp.Cli.Tests.Schema;

public sealed class LintVerbTests
{
    private const string Shop = "protocol: shop\nnamespace: Shop\nversion: 1\ndoc: A shop.\nmessages:\n  Say: { kind: one-way, code: 0xA0, doc: Says., fields: [{ id: 0, name: word, type: string, doc: Word. }] }\n";

    [Fact]
    public void takes_folders_and_patterns()
    {
        using ScratchFolder scratch = new();
        Directory.CreateDirectory(scratch.File("deep/obj"));
        scratch.Write("deep/shop.yaml", Shop);
        scratch.Write("deep/obj/copy.yaml", Shop);
        scratch.Write("pipeline.yaml", "steps: []\n");
        foreach (string given in new[] { scratch.Path, scratch.File("*/*.yaml"), scratch.File("**/shop.yaml") })
        {
            var (exitCode, output, error) = Tool.Run("schema", "lint", given);
            Assert.True(exitCode == 1, error);
            Assert.Matches(@"^\S*shop\.yaml:6:\d+: LINT02: 'word'[^\n]*\n$", output);
        }

        var none = Tool.Run("schema", "lint", scratch.File("*.yaml"));
        Assert.Equal(2, none.ExitCode);
        Assert.Contains("there is no schema", none.Error);
    }

    [Fact]
    public void reads_standard_input()
    {
        TextReader before = Console.In;
        Console.SetIn(new StringReader(Shop));
        try
        {
            var (exitCode, output, error) = Tool.Run("schema", "lint", "-");
            Assert.True(exitCode == 1, error);
            Assert.Contains(":6:", output);
            Assert.Contains("LINT02: 'word'", output);
        }
        finally
        {
            Console.SetIn(before);
        }
    }

    [Theory]
    [InlineData("doc: Word. }] }\n", "doc: Word. }] } # lint: ignore LINT02\n", 0)]
    [InlineData("  Say:", "  # lint: ignore LINT01 LINT02\n  Say:", 0)]
    [InlineData("  Say:", "  # lint: ignore LINT01\n  Say:", 1)]
    [InlineData("  Say:", "  # lint: ignore LINT02\n\n  Say:", 1)]
    public void a_comment_leaves_a_rule_out(string from, string to, int expected)
    {
        using ScratchFolder scratch = new();
        string path = scratch.Write("shop.yaml", Shop.Replace(from, to, StringComparison.Ordinal));
        Assert.Equal(expected, Tool.Run("schema", "lint", path).ExitCode);
    }

    [Fact]
    public void sarif_names_rule_place_and_help()
    {
        using ScratchFolder scratch = new();
        string path = scratch.Write("shop.yaml", Shop);
        var (exitCode, output, _) = Tool.Run("schema", "lint", path, "--sarif");
        Assert.Equal(1, exitCode);
        JsonNode run = JsonNode.Parse(output)!["runs"]![0]!;
        JsonNode result = Assert.Single(run["results"]!.AsArray())!;
        Assert.Equal("LINT02", (string?)result["ruleId"]);
        Assert.Equal(6, (int?)result["locations"]![0]!["physicalLocation"]!["region"]!["startLine"]);
        JsonNode rule = run["tool"]!["driver"]!["rules"]![(int)result["ruleIndex"]!]!;
        Assert.Equal("LINT02", (string?)rule["id"]);
        Assert.Contains("max", (string?)rule["help"]!["markdown"]);
    }

    [Fact]
    public void json_holds_mistakes_too()
    {
        using ScratchFolder scratch = new();
        string path = scratch.Write("shop.yaml", Shop.Replace("type: string", "type: strong", StringComparison.Ordinal));
        var (exitCode, output, error) = Tool.Run("schema", "lint", path, "--json");
        Assert.Equal((1, ""), (exitCode, error));
        Assert.Equal("XTMP030", (string?)JsonNode.Parse(output)!["rule"]);
    }

    [Fact]
    public void two_schemas_that_clash_are_told_with_both_protocols()
    {
        using ScratchFolder scratch = new();
        string shop = scratch.Write("shop.yaml", Shop.Replace("type: string", "type: string, max: 9", StringComparison.Ordinal));
        string other = scratch.Write("other.yaml", File.ReadAllText(shop).Replace("protocol: shop", "protocol: store", StringComparison.Ordinal).Replace("Say:", "Tell:", StringComparison.Ordinal));
        var (exitCode, output, _) = Tool.Run("schema", "lint", shop, other);
        Assert.Equal(1, exitCode);
        Assert.Contains("other.yaml:6:", output);
        Assert.Contains("LINT10: The code 0xA0 of 'Tell' in 'store' is that of 'Say' in 'shop': one silo cannot serve both.", output);
        Assert.Equal(0, Tool.Run("schema", "lint", shop, other, "--ignore", "LINT10").ExitCode);
        Assert.Contains("LINT11", Tool.Run("schema", "lint", shop, scratch.Write("again.yaml", File.ReadAllText(shop))).Output);
    }

    /// <summary>What a build refuses lint refuses too, with the same rule: they read with the same reader.</summary>
    [Theory]
    [InlineData("code: 0xA0", "code: 0xFE", "XTMP046")]
    [InlineData("type: string", "type: string, min: 2000", "XTMP036")]
    [InlineData("messages:", "structs: { Say: { fields: [] }, SAY: { fields: [] } }\nmessages:", "XTMP023")]
    [InlineData("protocol: shop", "protocl: shop", "XTMP010")]
    [InlineData("kind: one-way, code: 0xA0,", "kind: error, code: 7,", "XTMP014")]
    public void refuses_what_a_build_refuses(string from, string to, string rule)
    {
        using ScratchFolder scratch = new();
        string path = scratch.Write("shop.yaml", Shop.Replace(from, to, StringComparison.Ordinal));
        var (exitCode, output, error) = Tool.Run("schema", "lint", path);
        Assert.Equal(1, exitCode);
        Assert.Contains(rule, output + error);
    }

    [Theory]
    [InlineData("key: $caller", "Store", "XTMP057")]
    [InlineData("key: $session", "Wallet", "XTMP058")]
    public void refuses_handlers_that_a_build_refuses(string key, string name, string rule)
    {
        using ScratchFolder scratch = new();
        string path = scratch.Write("shop.yaml", $"{Shop}handlers:\n  {name}:\n    doc: It.\n    {key}\n    methods: {{ Say: {{ request: Say, one-way: true, doc: Says. }} }}\n");
        var (exitCode, output, error) = Tool.Run("schema", "lint", path);
        Assert.Equal(1, exitCode);
        Assert.Contains(rule, output + error);
    }

    [Fact]
    public void errors_of_two_schemas_may_have_one_code()
    {
        const string Error = "protocol: {0}\nnamespace: Shop\nversion: 1\ndoc: A shop.\nmessages:\n  Gone: { kind: error, code: 1000, doc: It is gone., fields: [] }\n";
        using ScratchFolder scratch = new();
        string one = scratch.Write("one.yaml", Error.Replace("{0}", "one", StringComparison.Ordinal));
        string two = scratch.Write("two.yaml", Error.Replace("{0}", "two", StringComparison.Ordinal));
        Assert.Equal((0, "", ""), Tool.Run("schema", "lint", one, two));
    }

    [Fact]
    public void every_rule_has_a_page()
    {
        Assert.Contains("LINT11", RulePages.Ids);
        Assert.Contains("XTMP030", RulePages.Ids);
        foreach (string id in RulePages.Ids)
        {
            Assert.NotEqual("", RulePages.Find(id)!.Title);
        }

        Assert.Equal(Enumerable.Range(1, 11).Select(n => $"LINT{n:D2}"), RulePages.Ids.Where(i => i.StartsWith("LINT", StringComparison.Ordinal)));
        Assert.Contains("max", Tool.Run("schema", "explain", "lint02").Output);
        Assert.Equal(2, Tool.Run("schema", "explain", "LINT99").ExitCode);
    }
}
