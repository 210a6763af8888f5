using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Xtmp.Cli.Tests.Schema;

/// <summary>Checks a document by the keywords of JSON Schema that schema.json uses; an unknown keyword fails the test.</summary>
internal static class JsonSchemaValidator
{
    public static List<string> Validate(JsonObject schema, JsonNode? document)
    {
        List<string> problems = [];
        Check(schema, schema, document, "$", problems);
        return problems;
    }

    private static void Check(JsonObject root, JsonObject schema, JsonNode? value, string path, List<string> problems)
    {
        foreach ((string keyword, JsonNode? rule) in schema)
        {
            switch (keyword)
            {
                case "$schema" or "$defs" or "title" or "description" or "examples" or "properties":
                    break;
                case "$ref":
                    Check(root, root["$defs"]![rule!.GetValue<string>()["#/$defs/".Length..]]!.AsObject(), value, path, problems);
                    break;
                case "type":
                    string[] types = rule is JsonArray list ? [.. list.Select(t => t!.GetValue<string>())] : [rule!.GetValue<string>()];
                    Require(types.Any(t => Is(t, value)), $"{path} is no {string.Join(" or ", types)}", problems);
                    break;
                case "enum":
                    Require(rule!.AsArray().Any(w => JsonNode.DeepEquals(w, value)), $"{path} is none of the words", problems);
                    break;
                case "minimum":
                    Require(value is not JsonValue || !IsNumber(value) || value.GetValue<decimal>() >= rule!.GetValue<decimal>(), $"{path} is too small", problems);
                    break;
                case "maximum":
                    Require(value is not JsonValue || !IsNumber(value) || value.GetValue<decimal>() <= rule!.GetValue<decimal>(), $"{path} is too large", problems);
                    break;
                case "minLength":
                    Require(value is not JsonValue || !Is("string", value) || value.GetValue<string>().Length >= rule!.GetValue<int>(), $"{path} is too short", problems);
                    break;
                case "pattern":
                    Require(!Is("string", value) || Regex.IsMatch(value!.GetValue<string>(), rule!.GetValue<string>()), $"{path} does not match", problems);
                    break;
                case "required":
                    foreach (JsonNode? key in rule!.AsArray())
                    {
                        Require(value is not JsonObject o || o.ContainsKey(key!.GetValue<string>()), $"{path}: '{key}' is missing", problems);
                    }

                    break;
                case "propertyNames":
                    foreach (string name in (value as JsonObject)?.Select(p => p.Key) ?? [])
                    {
                        Check(root, rule!.AsObject(), name, $"{path} name {name}", problems);
                    }

                    break;
                case "items":
                    for (int i = 0; i < ((value as JsonArray)?.Count ?? 0); i++)
                    {
                        Check(root, rule!.AsObject(), value![i], $"{path}[{i}]", problems);
                    }

                    break;
                case "additionalProperties":
                    CheckProperties(root, schema, rule!, value as JsonObject, path, problems);
                    break;
                default:
                    throw new NotSupportedException($"The keyword '{keyword}' is not checked.");
            }
        }
    }

    private static void CheckProperties(JsonObject root, JsonObject schema, JsonNode additional, JsonObject? value, string path, List<string> problems)
    {
        foreach ((string name, JsonNode? content) in value ?? [])
        {
            JsonObject? known = (schema["properties"] as JsonObject)?[name]?.AsObject() ?? additional as JsonObject;
            if (known is null)
            {
                problems.Add($"{path}: '{name}' is not allowed");
                continue;
            }

            Check(root, known, content, $"{path}.{name}", problems);
        }
    }

    private static bool Is(string type, JsonNode? value) => type switch
    {
        "object" => value is JsonObject,
        "array" => value is JsonArray,
        "string" => value?.GetValueKind() == JsonValueKind.String,
        "boolean" => value?.GetValueKind() is JsonValueKind.True or JsonValueKind.False,
        "number" => IsNumber(value),
        "integer" => IsNumber(value) && value!.GetValue<decimal>() % 1 == 0,
        _ => throw new NotSupportedException($"The type '{type}' is not checked."),
    };

    private static bool IsNumber(JsonNode? value) => value?.GetValueKind() == JsonValueKind.Number;

    private static void Require(bool holds, string problem, List<string> problems)
    {
        if (!holds)
        {
            problems.Add(problem);
        }
    }
}
