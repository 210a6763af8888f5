using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Xtmp.Schema;

namespace Xtmp.Cli.Schema.Findings;

/// <summary>Writes findings in the form that was asked for.</summary>
public static class FindingWriter
{
    private static readonly JsonSerializerOptions _line = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonSerializerOptions _indented = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, WriteIndented = true };

    public static void Write(IEnumerable<Finding> findings, FindingFormat format, TextWriter output, TextWriter error)
    {
        if (format == FindingFormat.Sarif)
        {
            output.WriteLine(Sarif([.. findings]).ToJsonString(_indented));
            return;
        }

        foreach (Finding finding in findings)
        {
            if (format == FindingFormat.Json)
            {
                output.WriteLine(Json(finding).ToJsonString(_line));
            }
            else
            {
                (finding.Rule.StartsWith("XTMP", StringComparison.Ordinal) ? error : output).WriteLine(finding);
            }
        }
    }

    private static JsonObject Json(Finding finding)
    {
        JsonObject json = new()
        {
            ["rule"] = finding.Rule,
            ["level"] = Level(finding.Level),
            ["file"] = finding.Position.File,
            ["line"] = finding.Position.Line,
            ["column"] = finding.Position.Column,
            ["path"] = finding.Path,
            ["message"] = finding.Message,
        };
        if (finding.Class is { } kind)
        {
            json["class"] = kind;
        }

        return json;
    }

    private static JsonObject Sarif(IReadOnlyList<Finding> findings)
    {
        string[] rules = [.. findings.Select(f => f.Rule).Distinct().Order(StringComparer.Ordinal)];
        return new()
        {
            ["$schema"] = "https://json.schemastore.org/sarif-2.1.0.json",
            ["version"] = "2.1.0",
            ["runs"] = new JsonArray(new JsonObject
            {
                ["tool"] = new JsonObject
                {
                    ["driver"] = new JsonObject
                    {
                        ["name"] = "xtmp schema",
                        ["version"] = typeof(FindingWriter).Assembly.GetName().Version?.ToString(3),
                        ["rules"] = new JsonArray([.. rules.Select(Rule)]),
                    },
                },
                ["columnKind"] = "utf16CodeUnits",
                ["results"] = new JsonArray([.. findings.Select(f => (JsonNode)Result(f, Array.IndexOf(rules, f.Rule)))]),
            }),
        };
    }

    private static JsonNode Rule(string id)
    {
        JsonObject rule = new() { ["id"] = id };
        if (RulePages.Find(id) is { } page)
        {
            rule["shortDescription"] = new JsonObject { ["text"] = page.Title };
            rule["help"] = new JsonObject { ["text"] = page.Text, ["markdown"] = page.Text };
        }

        return rule;
    }

    private static JsonObject Result(Finding finding, int rule)
    {
        JsonObject place = new() { ["artifactLocation"] = new JsonObject { ["uri"] = new Uri(finding.Position.File, UriKind.RelativeOrAbsolute).IsAbsoluteUri ? new Uri(finding.Position.File).AbsoluteUri : Uri.EscapeDataString(finding.Position.File).Replace("%2F", "/", StringComparison.Ordinal) } };
        if (finding.Position is { Line: > 0 } at)
        {
            JsonObject region = new() { ["startLine"] = at.Line, ["startColumn"] = at.Column };
            if (at.EndLine > at.Line || (at.EndLine == at.Line && at.EndColumn > at.Column))
            {
                region["endLine"] = at.EndLine;
                region["endColumn"] = at.EndColumn;
            }

            place["region"] = region;
        }

        return new()
        {
            ["ruleId"] = finding.Rule,
            ["ruleIndex"] = rule,
            ["level"] = Level(finding.Level),
            ["message"] = new JsonObject { ["text"] = finding.Class is { } kind ? $"{kind}: {finding.Path}: {finding.Message}" : finding.Message },
            ["locations"] = new JsonArray(new JsonObject { ["physicalLocation"] = place }),
        };
    }

    private static string Level(FindingLevel level) => level.ToString().ToLowerInvariant();
}
