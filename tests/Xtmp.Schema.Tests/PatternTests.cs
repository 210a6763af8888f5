using System.Text.RegularExpressions;

namespace Xtmp.Schema.Tests;

/// <summary>The automaton agrees with .NET's regular expressions on what both know.</summary>
public sealed class PatternTests
{
    private static readonly string[] _patterns =
    [
        "[A-Z]{3,8}", "[a-z0-9]([a-z0-9.-]*[a-z0-9])?", "[a-z]+:[!-~]+", "[A-Za-z0-9][A-Za-z0-9._:-]*", "(ab|a)(c|bcd)(d*)", "a{2}", "a{2,}b?",
        "(?:x|y|)z", "^abc$", "[^a-c]d", "\\d{4}-\\d{2}", "\\w+\\s\\S*", ".{0,3}", "[]a]b", "[a-]", "a|b|cd*", "(a*)*b", "(a|aa)+", "\\.\\\\\\[", "((a?){3}){2}b",
    ];

    public static TheoryData<string> All => new(_patterns);

    [Theory]
    [MemberData(nameof(All))]
    public void matches_what_a_regular_expression_matches(string pattern)
    {
        var model = Assert.IsType<PatternModel>(Field(pattern).Type.Pattern);
        var regex = new Regex("^(?:" + pattern.TrimStart('^').TrimEnd('$') + @")\z", RegexOptions.CultureInvariant | RegexOptions.Singleline);
        var random = new Random(7);
        const string alphabet = "abcdxyzABC019.-_: \\[]\té";
        for (var i = 0; i < 4000; i++)
        {
            var text = new string(Enumerable.Range(0, random.Next(9)).Select(_ => alphabet[random.Next(alphabet.Length)]).ToArray());
            var expected = text.All(char.IsAscii) && regex.IsMatch(text);
            Assert.True(expected == model.Matches(text), $"'{text}' against '{pattern}' should be {expected}");
        }
    }

    [Fact]
    public void automata_are_minimal_and_well_formed()
    {
        foreach (var pattern in _patterns)
        {
            var model = Field(pattern).Type.Pattern!;
            Assert.Equal(128, model.Classes.Count);
            Assert.Equal(model.States, model.Accepting.Count);
            Assert.Equal(model.States * model.ClassCount, model.Transitions.Count);
            Assert.All(model.Transitions, t => Assert.InRange(t, -1, model.States - 1));
            Assert.All(model.Classes, c => Assert.InRange(c, 0, model.ClassCount - 1));
        }
        Assert.Equal(9, Field("[A-Z]{3,8}").Type.Pattern!.States);
        Assert.Equal(1, Field("(a*)*").Type.Pattern!.States);
    }

    private static FieldModel Field(string pattern)
    {
        var yaml = $"protocol: p\nnamespace: N\nversion: 1\nstructs:\n  S:\n    fields:\n      - {{ id: 0, name: f, type: string, pattern: '{pattern}' }}\n";
        var result = SchemaReader.Read("p.yaml", yaml, _ => null);
        Assert.Empty(result.Diagnostics);
        return result.Model!.Structs[0].Fields[0];
    }
}
