using System.Text.RegularExpressions;

namespace Xtmp.Schema.Tests;

/// <summary>The language reference says what the reader does.</summary>
public sealed partial class LanguageTests
{
    private static readonly string _text = Repository.Text("schema/LANGUAGE.md");

    [Fact]
    public void examples_hold()
    {
        var examples = YamlBlock().Matches(_text).Select(m => m.Groups[1].Value).ToList();
        Assert.NotEmpty(examples);
        foreach (var example in examples)
        {
            var result = SchemaReader.Read("orders.yaml", example, _ => null);
            Assert.Empty(result.Diagnostics);
            Assert.NotNull(result.Model);
        }
    }

    [Fact]
    public void every_key_is_described_where_it_belongs_and_no_other()
    {
        foreach (var node in SchemaVocabulary.All)
        {
            var section = Section(node.Name).Replace("| key | |\n| --- | --- |", "", StringComparison.Ordinal);
            var described = TableRow().Matches(section).SelectMany(m => m.Groups[1].Value.Split(',')).Select(k => k.Trim()).ToList();
            Assert.Equal(node.Keys.Select(k => k.Name).Order(StringComparer.Ordinal), described.Select(k => k.Trim('*')).Order(StringComparer.Ordinal));
            Assert.Equal(node.Keys.Where(k => k.Required).Select(k => k.Name).Order(StringComparer.Ordinal), described.Where(k => k.StartsWith("**", StringComparison.Ordinal)).Select(k => k.Trim('*')).Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public void every_word_and_type_is_named()
    {
        foreach (var word in SchemaVocabulary.All.SelectMany(n => n.Keys).SelectMany(k => k.Value.Words).Distinct())
        {
            Assert.Contains($"`{word}`", _text);
        }
        var types = Regex.Match(Section("field"), "`(bool [^`]*)`").Groups[1].Value.Replace("map<K, V>", "map", StringComparison.Ordinal).Split(' ');
        foreach (var type in types.Where(t => !t.Contains('<', StringComparison.Ordinal) && t != "map"))
        {
            var yaml = $"protocol: p\nnamespace: N\nversion: 1\nstructs:\n  S:\n    fields:\n      - {{ id: 0, name: f, type: \"{type.Replace("[N]", "[4]", StringComparison.Ordinal)}\" }}\n";
            Assert.Empty(SchemaReader.Read("p.yaml", yaml, _ => null).Diagnostics);
        }
        Assert.Equal(17 + 3, types.Length);
    }

    [Fact]
    public void limits_are_the_readers()
    {
        Assert.Contains($"strings {SchemaLimits.DefaultStringBytes}, bytes {SchemaLimits.DefaultBytes}, lists and maps {SchemaLimits.DefaultCount}", _text);
        Assert.Contains($"0–{SchemaLimits.MaxFieldId}", _text);
        Assert.Contains($"0–{SchemaLimits.MaxTag}", _text);
        Assert.Contains(SchemaLimits.LatestTimestamp.ToString(System.Globalization.CultureInfo.InvariantCulture), _text);
        Assert.Contains(SchemaLimits.LongestDuration.ToString(System.Globalization.CultureInfo.InvariantCulture), _text);
    }

    [Fact]
    public void the_canonical_text_of_the_first_example_is_the_one_shown()
    {
        var model = SchemaReader.Read("orders.yaml", YamlBlock().Match(_text).Groups[1].Value, _ => null).Model!;
        Assert.Contains($"```text\n{CanonicalText.OfWire(model)}```", _text);
        Assert.Contains($"`{Convert.ToHexStringLower(SchemaFingerprint.Compute(model))}`", _text);
    }

    /// <summary>The part under a heading that names the kind of mapping.</summary>
    private static string Section(string node)
    {
        var heading = Regex.Match(_text, $@"^### (?:\w+, )*{node}(?:, \w+)*$", RegexOptions.Multiline);
        Assert.True(heading.Success, $"There is a section for '{node}'.");
        var end = _text.IndexOf("\n##", heading.Index + 3, StringComparison.Ordinal);
        return _text[heading.Index..end];
    }

    [GeneratedRegex("```yaml\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex YamlBlock();

    [GeneratedRegex(@"^\| ([a-z_*, -]*[a-z*]) \|", RegexOptions.Multiline)]
    private static partial Regex TableRow();
}
