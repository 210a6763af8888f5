using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Encodings.Web;
using Xtmp.Schema;

namespace Xtmp.Cli.Schema.JsonSchema;

/// <summary>Writes the vocabulary of the schema language as JSON Schema 2020-12.</summary>
public static class JsonSchemaWriter
{
    private const string SnakeCase = "^[a-z][a-z0-9]*(_[a-z0-9]+)*$";
    private const string PascalCase = "^[A-Z][A-Za-z0-9]*$";

    private static readonly JsonSerializerOptions _indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly string[] _types =
    [
        .. Xtmp.Schema.CanonicalText.PrimitiveTypes, "bytes[32]", "list<string>", "map<string, string>",
    ];

    public static string Write()
    {
        JsonObject definitions = [];
        foreach (NodeRule node in SchemaVocabulary.All.Where(n => n != SchemaVocabulary.File))
        {
            definitions[node.Name] = Node(node);
        }

        JsonObject root = new()
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["title"] = "XTMP schema",
            ["description"] = "A schema of XTMP messages. Written by 'xtmp schema json-schema' from the reader's own table.",
        };
        foreach (KeyValuePair<string, JsonNode?> part in Node(SchemaVocabulary.File).ToList())
        {
            root[part.Key] = part.Value?.DeepClone();
        }

        root["$defs"] = definitions;
        return root.ToJsonString(_indented).ReplaceLineEndings("\n") + "\n";
    }

    private static JsonObject Node(NodeRule rule)
    {
        JsonObject properties = [];
        foreach (KeyRule key in rule.Keys)
        {
            JsonObject value = Value(key.Value, key.Name);
            value["description"] = key.Doc;
            properties[key.Name] = value;
        }

        JsonObject node = new() { ["type"] = "object", ["additionalProperties"] = false, ["properties"] = properties };
        string[] required = [.. rule.Keys.Where(k => k.Required).Select(k => k.Name)];
        if (required.Length > 0)
        {
            node["required"] = new JsonArray([.. required.Select(r => (JsonNode)r)]);
        }

        return node;
    }

    private static JsonObject Value(ValueRule rule, string key) => rule.Form switch
    {
        ValueForm.Text when key == "name" => new() { ["type"] = "string", ["pattern"] = SnakeCase },
        // YAML reads a doc such as 'yes' or '5' as something else; the reader takes it as text.
        ValueForm.Text => new() { ["type"] = new JsonArray("string", "number", "boolean") },
        // Editors offer the examples; any declared name is as good.
        ValueForm.Type => new() { ["type"] = "string", ["minLength"] = 1, ["examples"] = new JsonArray([.. _types.Select(t => (JsonNode)t)]) },
        ValueForm.CodeRange => new() { ["type"] = new JsonArray("string", "integer") },
        ValueForm.Keyword => new() { ["enum"] = new JsonArray([.. rule.Words.Select(w => (JsonNode)w)]) },
        ValueForm.Boolean => new() { ["type"] = "boolean" },
        ValueForm.Integer => new() { ["type"] = "integer", ["minimum"] = rule.Min, ["maximum"] = key == "value" ? ulong.MaxValue : rule.Max },
        ValueForm.Number => new() { ["type"] = "number" },
        ValueForm.Scalar => new() { ["type"] = new JsonArray("string", "number", "boolean") },
        ValueForm.Reserved => new() { ["type"] = "array", ["items"] = new JsonObject { ["type"] = new JsonArray("string", "integer") } },
        ValueForm.TextList => new() { ["type"] = "array", ["items"] = new JsonObject { ["type"] = "string" } },
        ValueForm.Node => Reference(rule.Node!),
        ValueForm.NodeList => new() { ["type"] = "array", ["items"] = Reference(rule.Node!) },
        _ => new()
        {
            ["type"] = "object",
            ["propertyNames"] = new JsonObject { ["pattern"] = rule.TypeNames ? PascalCase : SnakeCase },
            ["additionalProperties"] = Reference(rule.Node!),
        },
    };

    private static JsonObject Reference(NodeRule node) => new() { ["$ref"] = "#/$defs/" + node.Name };
}
