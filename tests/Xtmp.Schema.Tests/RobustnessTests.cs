using System.Text;

namespace Xtmp.Schema.Tests;

public sealed class RobustnessTests
{
    private const int Mutations = 1500;

    /// <summary>Whatever is done to a schema's text, the reader answers with a model or with a few diagnostics.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void survives_mutated_schemas(int seed)
    {
        var random = new Random(seed);
        var original = Repository.Text("tests/Xtmp.Schema.Tests/everything.yaml");
        for (var i = 0; i < Mutations; i++)
        {
            var text = Mutate(original, random);
            try
            {
                var result = SchemaReader.Read("test.yaml", text, _ => null);
                Assert.InRange(result.Diagnostics.Count, 0, 51);
                Assert.Equal(result.Model is null, result.Diagnostics.Any(d => d.Severity == SchemaSeverity.Error));
                var lines = text.Split('\n');
                Assert.All(result.Diagnostics, d => Assert.InRange(d.Line, 1, lines.Length));
                Assert.All(result.Diagnostics, d => Assert.InRange(d.Column, 1, lines[d.Line - 1].Length + 1));
            }
            catch (Exception e) when (e is not Xunit.Sdk.XunitException)
            {
                Assert.Fail($"seed {seed}, mutation {i}: {e}\n{text}");
            }
        }
    }

    [Fact]
    public void survives_noise()
    {
        var random = new Random(5);
        const string alphabet = "abc:-?{}[]&*!|>'\"%@`#,<> \n\t0123\\\r\u00e9";
        for (var i = 0; i < 20_000; i++)
        {
            var text = new string(Enumerable.Range(0, random.Next(60)).Select(_ => alphabet[random.Next(alphabet.Length)]).ToArray());
            var result = SchemaReader.Read("test.yaml", text, _ => null);
            Assert.Null(result.Model);
            Assert.NotEmpty(result.Diagnostics);
        }
    }

    [Fact]
    public void survives_a_resolver_that_serves_endless_imports()
    {
        var result = SchemaReader.Read("0.yaml", Importing("1.yaml"), path => Importing((int.Parse(path.Split('.')[0], System.Globalization.CultureInfo.InvariantCulture) + 1) + ".yaml"));
        Assert.Equal(SchemaRules.ImportBroken.Id, Assert.Single(result.Diagnostics).Id);
        static string Importing(string name) => $"protocol: p\nnamespace: N\nversion: 1\nimports: [\"{name}\"]\n";
    }

    [Fact]
    public void takes_diamond_imports_once()
    {
        var files = new Dictionary<string, string>
        {
            ["a/base.yaml"] = "protocol: base\nnamespace: Base\nversion: 1\nstructs:\n  Shared: { fields: [] }\n",
            ["a/left.yaml"] = "protocol: left\nnamespace: Left\nversion: 1\nimports: [base.yaml]\nstructs:\n  L: { fields: [{ id: 0, name: s, type: Shared }] }\n",
            ["a/right.yaml"] = "protocol: right\nnamespace: Right\nversion: 1\nimports: [./base.yaml]\nstructs:\n  R: { fields: [{ id: 0, name: s, type: Shared }] }\n",
        };
        const string top = "protocol: top\nnamespace: Top\nversion: 1\nimports: [../a/left.yaml, ../a/right.yaml]\nstructs:\n  T: { fields: [{ id: 0, name: l, type: L }, { id: 1, name: r, type: R }, { id: 2, name: s, type: Shared }] }\n";
        var result = SchemaReader.Read("b/top.yaml", top, files.GetValueOrDefault);
        Assert.Empty(result.Diagnostics);
        Assert.Equal(["Left", "Right", "Base"], result.Model!.Structs[0].Fields.Select(f => f.Type.Named!.Namespace));
    }

    /// <summary>The incremental generator does nothing again when only comments, blank lines or the order of keys change.</summary>
    [Fact]
    public void model_is_equal_when_only_positions_move()
    {
        var text = Repository.Text("tests/Xtmp.Schema.Tests/everything.yaml");
        var moved = "# moved\n\n" + text.Replace("\nstructs:", "\n# more\n\n\nstructs:", StringComparison.Ordinal)
            .Replace("{ id: 0, name: x, type: i32 }", "{ type: i32,   name: x, id: 0 }", StringComparison.Ordinal)
            .Replace("\n", "\r\n", StringComparison.Ordinal);
        var first = SchemaReader.Read("a.yaml", text, _ => null);
        var second = SchemaReader.Read("a.yaml", moved, _ => null);
        Assert.Empty(second.Diagnostics);
        Assert.Equal(first.Model, second.Model);
        Assert.Equal(first.Model!.GetHashCode(), second.Model!.GetHashCode());
        Assert.NotEqual(first.Positions["structs.Point.x"], second.Positions["structs.Point.x"]);
        var changed = SchemaReader.Read("a.yaml", text.Replace("type: i32 }", "type: i16 }", StringComparison.Ordinal), _ => null);
        Assert.NotEqual(first.Model, changed.Model);
        Assert.Equal(first.Model.Messages[1], changed.Model!.Messages[1]);
    }

    private static string Mutate(string text, Random random)
    {
        var mutated = new StringBuilder(text);
        for (var n = random.Next(1, 4); n > 0; n--)
        {
            var at = random.Next(mutated.Length);
            switch (random.Next(6))
            {
                case 0:
                    mutated.Remove(at, Math.Min(mutated.Length - at, random.Next(1, 12)));
                    break;
                case 1:
                    mutated.Insert(at, "{}[]:,-&*!|>'\"%@`?<~ \n\t"[random.Next(23)]);
                    break;
                case 2:
                    mutated[at] = (char)random.Next(32, 127);
                    break;
                case 3:
                    mutated.Insert(at, text.AsSpan(random.Next(text.Length - 20), 20));
                    break;
                case 4:
                    mutated.Length = at + 1;
                    break;
                default:
                    mutated.Insert(at, random.Next(2) == 0 ? "99999999999999999999999" : "\n    ");
                    break;
            }
        }
        return mutated.ToString();
    }
}
