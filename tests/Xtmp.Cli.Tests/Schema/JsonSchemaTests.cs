using System.Text.Json;
using System.Text.Json.Nodes;
using Xtmp.Cli.Schema.JsonSchema;
using Xtmp.Schema;

namespace Xtmp.Cli.Tests.Schema;

/// <summary>The JSON schema for editors and the reader accept the same keys.</summary>
public sealed class JsonSchemaTests
{
    /// <summary>A schema that holds every kind of mapping; what stands in it is a required minimum.</summary>
    private static readonly JsonNode _whole = JsonNode.Parse("""
        {
          "protocol": "test", "namespace": "Test", "version": 3,
          "families": { "first": { "codes": "0xA0-0xAF" } },
          "enums": { "Colour": { "values": { "red": { "value": 0 } } } },
          "flags": { "Rights": { "values": { "read": { "value": 1 } } } },
          "structs": { "Point": { "fields": [ { "id": 0, "name": "x", "type": "string" }, { "id": 1, "name": "all", "type": "list<string>", "items": {} } ] } },
          "unions": { "Body": { "arms": [ { "tag": 0, "name": "point", "type": "Point" } ] } },
          "messages": { "Note": { "kind": "one-way", "code": 160, "fields": [ { "id": 0, "name": "key", "type": "string" } ] } },
          "handlers": { "Notes": { "key": "key", "methods": { "Send": { "request": "Note", "one-way": true } } } }
        }
        """)!;

    private static readonly IReadOnlyDictionary<string, string[]> _places = new Dictionary<string, string[]>
    {
        ["file"] = [],
        ["family"] = ["families", "first"],
        ["enum"] = ["enums", "Colour"],
        ["flags"] = ["flags", "Rights"],
        ["enum_value"] = ["enums", "Colour", "values", "red"],
        ["struct"] = ["structs", "Point"],
        ["field"] = ["structs", "Point", "fields", "0"],
        ["limits"] = ["structs", "Point", "fields", "1", "items"],
        ["union"] = ["unions", "Body"],
        ["arm"] = ["unions", "Body", "arms", "0"],
        ["message"] = ["messages", "Note"],
        ["handler"] = ["handlers", "Notes"],
        ["method"] = ["handlers", "Notes", "methods", "Send"],
    };

    private static readonly JsonObject _schema = JsonNode.Parse(JsonSchemaWriter.Write())!.AsObject();

    public static TheoryData<string> Nodes => new(_places.Keys);

    [Theory]
    [MemberData(nameof(Nodes))]
    public void has_the_keys_that_the_reader_knows(string node)
    {
        JsonObject properties = (node == "file" ? _schema : _schema["$defs"]![node]!.AsObject())["properties"]!.AsObject();
        Assert.Empty(Problems(_whole));
        foreach (string key in properties.Select(p => p.Key))
        {
            Assert.DoesNotContain(SchemaRules.UnknownKey.Id, Read(With(node, key)));
        }

        foreach (string other in _places.Keys.SelectMany(n => SchemaVocabulary.All.Single(v => v.Name == n).Keys).Select(k => k.Name).Append("nonsense").Distinct())
        {
            bool known = properties.ContainsKey(other);
            Assert.Equal(!known, Read(With(node, other)).Contains(SchemaRules.UnknownKey.Id));
            Assert.Equal(!known, Problems(With(node, other)).Any(p => p.Contains($"'{other}' is not allowed", StringComparison.Ordinal)));
        }
    }

    [Theory]
    [MemberData(nameof(Nodes))]
    public void requires_the_keys_that_the_reader_requires(string node)
    {
        JsonObject target = Find(_whole.DeepClone(), node);
        foreach (string key in target.Select(p => p.Key).ToList())
        {
            JsonNode without = _whole.DeepClone();
            Find(without, node).Remove(key);
            bool missed = Read(without).Contains(SchemaRules.MissingKey.Id);
            Assert.Equal(missed, Problems(without).Any(p => p.Contains($"'{key}' is missing", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public void offers_every_built_in_type_where_a_type_stands()
    {
        IEnumerable<string> offered = _schema["$defs"]!["field"]!["properties"]!["type"]!["examples"]!.AsArray().Select(n => (string)n!);
        Assert.Empty(CanonicalText.PrimitiveTypes.Except(offered));
        Assert.Contains("list<string>", offered);
    }

    [Theory]
    [InlineData("schema/xtmp.yaml")]
    [InlineData("schema/bitchat.yaml")]
    [InlineData("tests/Xtmp.Schema.Tests/everything.yaml")]
    public void accepts_the_shipped_schemas(string file)
    {
        Assert.Empty(Problems(YamlAsJson.Read(File.ReadAllText(Repository.Path(file)))));
    }

    [Theory]
    [InlineData("messages.Note.kind", "\"oneway\"")]
    [InlineData("messages.Note.priority", "\"urgent\"")]
    [InlineData("structs.Point.fields.0.id", "256")]
    [InlineData("structs.Point.fields.0.id", "\"0\"")]
    [InlineData("structs.Point.fields.0.name", "\"firstName\"")]
    [InlineData("structs.Point.fields.0.secret", "\"yes\"")]
    [InlineData("version", "0")]
    [InlineData("structs", "[]")]
    public void refuses_values_that_the_reader_refuses(string path, string value)
    {
        JsonNode changed = _whole.DeepClone();
        string[] steps = path.Split('.');
        JsonObject target = Walk(changed, steps[..^1]).AsObject();
        target[steps[^1]] = JsonNode.Parse(value);
        Assert.NotEmpty(Read(changed));
        Assert.NotEmpty(Problems(changed));
    }

    private static JsonNode With(string node, string key)
    {
        JsonNode changed = _whole.DeepClone();
        Find(changed, node).TryAdd(key, "x");
        return changed;
    }

    private static JsonObject Find(JsonNode root, string node) => Walk(root, _places[node]).AsObject();

    private static JsonNode Walk(JsonNode root, IEnumerable<string> steps) =>
        steps.Aggregate(root, (at, step) => at is JsonArray list ? list[int.Parse(step, System.Globalization.CultureInfo.InvariantCulture)]! : at[step]!);

    /// <summary>Ids of the reader's diagnostics; JSON is YAML.</summary>
    private static HashSet<string> Read(JsonNode document) =>
        [.. SchemaReader.Read("test.yaml", document.ToJsonString(new JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }), _ => null).Diagnostics.Select(d => d.Id)];

    private static List<string> Problems(JsonNode document) => JsonSchemaValidator.Validate(_schema, document);
}
