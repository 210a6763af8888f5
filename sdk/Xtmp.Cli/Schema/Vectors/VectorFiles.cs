using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Xtmp.Schema;

namespace Xtmp.Cli.Schema.Vectors;

/// <summary>Writes conformance vectors as JSON: one file a family, one for the messages without a family, one for structs.</summary>
public static class VectorFiles
{
    private static readonly JsonWriterOptions _options = new() { Indented = false, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static IReadOnlyDictionary<string, string> Write(SchemaModel model)
    {
        IReadOnlyDictionary<string, object> types = TypeGraph.Of(model).All;
        SortedDictionary<string, string> files = new(StringComparer.Ordinal);
        foreach (IGrouping<string, MessageModel> group in model.Messages.GroupBy(m => m.Family ?? "local"))
        {
            files[$"{model.Protocol}-{group.Key}.json"] = File(model, group.Key, [.. group.Select(m => Entry(types, m.Shape, Kind(m.Kind), m.Code))]);
        }

        if (!model.Structs.IsEmpty)
        {
            files[$"{model.Protocol}-structs.json"] = File(model, "structs", [.. model.Structs.Select(s => Entry(types, s, "struct", 0))]);
        }

        return files;
    }

    private static string File(SchemaModel model, string family, IReadOnlyList<IReadOnlyList<string>> entries)
    {
        // One vector a line keeps diffs readable and the files small.
        List<string> lines =
        [
            "{",
            $"\"protocol\": {Text(model.Protocol)}, \"family\": {Text(family)}, \"fingerprint\": {Text(Convert.ToHexStringLower(SchemaFingerprint.Compute(model)))},",
            "\"types\": [",
        ];
        for (int i = 0; i < entries.Count; i++)
        {
            lines.AddRange(entries[i]);
            lines[^1] += i + 1 < entries.Count ? "," : "";
        }

        lines.AddRange(["]", "}", ""]);
        return string.Join('\n', lines);
    }

    private static IReadOnlyList<string> Entry(IReadOnlyDictionary<string, object> types, StructModel shape, string kind, byte code)
    {
        VectorSet set = new(types, shape);
        string[] valid = [.. set.Valid().Select(v => Compact(new JsonObject { ["name"] = v.Name, ["hex"] = Runs.Write(v.Bytes), ["json"] = v.Json }))];
        string[] invalid = [.. set.Invalid().Select(v =>
        {
            JsonObject line = new() { ["name"] = v.Name, ["hex"] = Runs.Write(v.Bytes), ["status"] = v.Status };
            if (v.Field is not null)
            {
                line["field"] = v.Field;
            }

            return Compact(line);
        })];
        return
        [
            $"{{ \"type\": {Text(shape.Name)}, \"kind\": {Text(kind)}, \"code\": {code}, \"valid\": [",
            .. valid.Select((v, i) => v + (i + 1 < valid.Length ? "," : "")),
            "], \"invalid\": [",
            .. invalid.Select((v, i) => v + (i + 1 < invalid.Length ? "," : "")),
            "] }",
        ];
    }

    private static string Kind(MessageKind kind) => kind == MessageKind.OneWay ? "one-way" : kind.ToString().ToLowerInvariant();

    private static string Text(string text) => JsonValue.Create(text).ToJsonString();

    private static string Compact(JsonObject json)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream, _options))
        {
            json.WriteTo(writer);
        }

        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }
}
