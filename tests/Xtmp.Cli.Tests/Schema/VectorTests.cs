using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Xtmp.Cli.Schema.Vectors;
using Xtmp.Protocol;
using Xtmp.Schema;

namespace Xtmp.Cli.Tests.Schema;

/// <summary>
/// The generated codecs against the vectors, which come from an encoder of their own: each checks the other.
/// </summary>
public sealed class VectorTests
{
    /// <summary>Vector files of protocols whose codecs are in Xtmp.Messages.</summary>
    public static TheoryData<string> Files =>
        new(Directory.GetFiles(Repository.Path("schema/vectors"), "xtmp-*.json").Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Files))]
    public void generated_codecs_agree_with_the_vectors(string file)
    {
        CheckAll(Load(file), typeof(Xtmp.Messages.WalletTransaction).Assembly, "Xtmp.Messages.");
    }

    /// <summary>Every type of the language, which the shipped schemas do not all use.</summary>
    [Fact]
    public void generated_codecs_agree_with_the_vectors_of_a_schema_with_everything()
    {
        string path = Repository.Path("tests/Xtmp.Schema.Tests/everything.yaml");
        SchemaModel model = SchemaReader.Read(path, File.ReadAllText(path), _ => null).Model!;
        foreach (string file in VectorFiles.Write(model).Values)
        {
            CheckAll(JsonNode.Parse(file)!.AsObject(), typeof(VectorTests).Assembly, "Test.Everything.");
        }
    }

    [Fact]
    public void every_message_and_struct_has_valid_and_invalid_vectors()
    {
        foreach (string schema in ShippedSchemas.Paths)
        {
            SchemaModel model = SchemaReader.Read(schema, File.ReadAllText(schema), _ => null).Model!;
            Dictionary<string, JsonNode> covered = Directory.GetFiles(Repository.Path("schema/vectors"), model.Protocol + "-*.json")
                .SelectMany(f => Load(Path.GetFileName(f))["types"]!.AsArray()).ToDictionary(t => t!["type"]!.GetValue<string>(), t => t!);
            Assert.Equal(model.Messages.Select(m => m.Name).Concat(model.Structs.Select(s => s.Name)).Order(StringComparer.Ordinal), covered.Keys.Order(StringComparer.Ordinal));
            Assert.All(covered.Values, t => Assert.NotEmpty(t["valid"]!.AsArray()));
            Assert.All(covered.Values, t => Assert.NotEmpty(t["invalid"]!.AsArray()));
        }
    }

    [Theory]
    [InlineData("00ff", "00ff")]
    [InlineData("[ab*3]", "ababab")]
    [InlineData("01[00*2]02[ff*1]", "01000002ff")]
    [InlineData("[a-z]{3}[not a run]", "[a-z]{3}[not a run]")]
    public void runs_expand(string text, string expanded) => Assert.Equal(expanded, Runs.Expand(text));

    [Fact]
    public void runs_round_trip()
    {
        Random random = new(11);
        for (int i = 0; i < 200; i++)
        {
            byte[] bytes = [.. Enumerable.Range(0, random.Next(6)).SelectMany(_ => Enumerable.Repeat((byte)random.Next(3), random.Next(80)))];
            Assert.Equal(Convert.ToHexStringLower(bytes), Runs.Expand(Runs.Write(bytes)));
        }
    }

    private static void CheckAll(JsonObject file, Assembly assembly, string clrNamespace)
    {
        List<string> problems = [];
        int checks = 0;
        foreach (JsonNode? type in file["types"]!.AsArray())
        {
            string name = type!["type"]!.GetValue<string>();
            Type generated = assembly.GetType(clrNamespace + name, throwOnError: true)!;
            MethodInfo check = typeof(VectorTests).GetMethod(nameof(Check), BindingFlags.NonPublic | BindingFlags.Static)!.MakeGenericMethod(generated);
            checks += (int)check.Invoke(null, [name, type, problems])!;
        }

        Assert.True(problems.Count == 0, $"{problems.Count} of {checks} vectors:\n" + string.Join('\n', problems.Take(20)));
        Assert.True(checks > 0, "There are vectors.");
    }

    private static JsonObject Load(string file) => JsonNode.Parse(File.ReadAllText(Repository.Path("schema/vectors/" + file)))!.AsObject();

    private static byte[] Bytes(JsonNode vector) => Convert.FromHexString(Runs.Expand(vector["hex"]!.GetValue<string>()));

    private static int Check<T>(string type, JsonNode vectors, List<string> problems)
        where T : class, IXtmpStruct<T>
    {
        int checks = 0;
        foreach (JsonNode? vector in vectors["valid"]!.AsArray())
        {
            checks++;
            if (Valid<T>(vector!) is { } problem)
            {
                problems.Add($"{type} '{vector!["name"]}': {problem}");
            }
        }

        foreach (JsonNode? vector in vectors["invalid"]!.AsArray())
        {
            checks++;
            DecodeStatus status = T.TryDecode(Bytes(vector!), DecodeLimits.Untrusted, out _, out _, out DecodeError error);
            if (status.ToString() != vector!["status"]!.GetValue<string>())
            {
                problems.Add($"{type} '{vector["name"]}': {vector["status"]} expected, got {(status == DecodeStatus.Ok ? "Ok" : error)}");
            }
        }

        return checks;
    }

    private static string? Valid<T>(JsonNode vector)
        where T : class, IXtmpStruct<T>
    {
        byte[] bytes = Bytes(vector);
        if (T.TryDecode(bytes, DecodeLimits.Untrusted, out T? value, out int consumed, out DecodeError error) != DecodeStatus.Ok)
        {
            return error.ToString();
        }

        byte[] again = new byte[value!.GetEncodedSize()];
        int written = value.Encode(again);
        if (consumed != bytes.Length || written != again.Length || !again.AsSpan().SequenceEqual(bytes))
        {
            return $"encoded again as {Convert.ToHexStringLower(again)}";
        }

        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream))
        {
            value.WriteJson(writer);
        }

        string json = Encoding.UTF8.GetString(stream.ToArray());
        string expected = Runs.Expand(vector["json"]!.ToJsonString());
        return JsonNode.DeepEquals(WithoutSecrets(JsonNode.Parse(json)), WithoutSecrets(JsonNode.Parse(expected))) ? null : $"shown as {json}, not {expected}";
    }

    /// <summary>Vectors show the one secret of everything.yaml, generated code does not.</summary>
    private static JsonNode? WithoutSecrets(JsonNode? json)
    {
        foreach (JsonNode? inner in json is JsonObject o ? o.Select(p => p.Value) : json as JsonArray ?? Enumerable.Empty<JsonNode?>())
        {
            WithoutSecrets(inner);
        }

        if (json is JsonObject every && every.ContainsKey("long_word"))
        {
            every.Remove("key");
        }

        return json;
    }
}
