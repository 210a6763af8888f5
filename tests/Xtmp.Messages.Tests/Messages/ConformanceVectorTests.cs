using System.Globalization;
using Xtmp.Protocol;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Xtmp.Messages.Tests;

/// <summary>
/// The published vectors (schema/vectors), which an encoder made that shares nothing with the generated codecs: valid ones
/// decode to their JSON and encode to the same bytes, invalid ones are refused for their reason.
/// </summary>
public sealed partial class ConformanceVectorTests
{
    private static readonly string Folder = Path.Combine(Repository.Root, "schema", "vectors");

    public static TheoryData<string> Files => [.. Directory.EnumerateFiles(Folder, "*.json").Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public void Accepts_and_round_trips_the_valid_vectors(string file)
    {
        int count = 0;
        ForEach(file, "valid", (type, name, vector) =>
        {
            var bytes = Bytes(vector);
            var status = type.DecodeExactly(bytes, out var value, out var error);
            Assert.True(status == DecodeStatus.Ok, $"{name}: {error}");
            Assert.Equal(Convert.ToHexString(bytes), Convert.ToHexString(value!.ToBytes()));
            Assert.True(value!.TryValidate(out var invalid), $"{name}: {invalid}");
            var expected = Expand(vector.GetProperty("json"));
            if (!type.HasSecrets)
            {
                Assert.True(JsonNode.DeepEquals(expected, JsonNode.Parse(value.ToJson())), $"{name}: {value.ToJson()}");
            }

            Assert.Equal(value, type.FromJson(expected!.ToJsonString()));
            count++;
        });
        Assert.True(count > 0);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Refuses_the_invalid_vectors_for_their_reason(string file)
    {
        int count = 0;
        ForEach(file, "invalid", (type, name, vector) =>
        {
            var status = type.DecodeExactly(Bytes(vector), out var value, out var error);
            var field = vector.TryGetProperty("field", out var stated) ? stated.GetString() : null;
            Assert.True(vector.GetProperty("status").GetString() == status.ToString() && (field is null || field == error.Field), $"{name}: {vector.GetProperty("status")} in {field} expected, not {error}");
            Assert.Null(value);
            count++;
        });
        Assert.True(count > 0);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Catalogues_have_the_fingerprint_of_the_vectors(string file)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, file)));
        var fingerprint = document.RootElement.GetProperty("protocol").GetString() switch
        {
            "xtmp" => Xtmp.Messages.XtmpCatalogue.SchemaFingerprint,
            "bitchat" => BitChat.Messages.BitchatCatalogue.SchemaFingerprint,
            var other => throw new InvalidOperationException($"There is no catalogue of {other} here."),
        };
        Assert.Equal(document.RootElement.GetProperty("fingerprint").GetString(), Convert.ToHexStringLower(fingerprint));
    }

    private static void ForEach(string file, string list, Action<GeneratedType, string, JsonElement> check)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, file)));
        var protocol = document.RootElement.GetProperty("protocol").GetString();
        foreach (var entry in document.RootElement.GetProperty("types").EnumerateArray())
        {
            var type = GeneratedType.All[$"{protocol}.{entry.GetProperty("type").GetString()}"];
            foreach (var vector in entry.GetProperty(list).EnumerateArray())
            {
                check(type, $"{type}, {vector.GetProperty("name").GetString()}", vector);
            }
        }
    }

    private static byte[] Bytes(JsonElement vector) => Convert.FromHexString(Runs(vector.GetProperty("hex").GetString()!));

    /// <summary>Hex with its runs written out: <c>[bb*count]</c>.</summary>
    private static string Runs(string hex) =>
        Run().Replace(hex, run => string.Concat(Enumerable.Repeat(run.Groups[1].Value, int.Parse(run.Groups[2].Value, CultureInfo.InvariantCulture))));

    private static JsonNode? Expand(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => new JsonObject(element.EnumerateObject().Select(p => KeyValuePair.Create(p.Name, Expand(p.Value)))),
        JsonValueKind.Array => new JsonArray([.. element.EnumerateArray().Select(Expand)]),
        JsonValueKind.String => Run().IsMatch(element.GetString()!) ? JsonValue.Create(Runs(element.GetString()!)) : JsonValue.Create(element.GetString()),
        _ => JsonNode.Parse(element.GetRawText()),
    };

    [GeneratedRegex(@"\[([0-9a-f]{2})\*([0-9]+)\]")]
    private static partial Regex Run();
}
