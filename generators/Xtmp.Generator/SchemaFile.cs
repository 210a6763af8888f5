using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Xtmp.Schema;

namespace Xtmp.Generator;

/// <summary>An additional file that is a schema.</summary>
internal sealed record SchemaFile(string Path, string Text)
{
    private const int MaxLinesRead = 2000;

    /// <summary>
    /// A YAML file that says <c>XtmpSchema="true"</c>, or says nothing and looks like a schema: it has the key
    /// <c>protocol</c>, or else a namespace and a section of a schema, so that a slip in that one key is told. Else null.
    /// </summary>
    public static SchemaFile? From(AdditionalText file, AnalyzerConfigOptionsProvider options, CancellationToken cancellation)
    {
        if (!file.Path.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase) && !file.Path.EndsWith(".yml", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        options.GetOptions(file).TryGetValue("build_metadata.AdditionalFiles.XtmpSchema", out var marked);
        if (string.Equals(marked, "false", StringComparison.OrdinalIgnoreCase) || file.GetText(cancellation) is not { } text)
        {
            return null;
        }

        var isSchema = string.Equals(marked, "true", StringComparison.OrdinalIgnoreCase)
            || LooksLikeSchema(text.Lines.Take(MaxLinesRead).Select(line => KeyOf(line.ToString())));
        return isSchema ? new SchemaFile(file.Path, text.ToString()) : null;
    }

    private static bool LooksLikeSchema(IEnumerable<string> keys)
    {
        var found = new HashSet<string>(keys, StringComparer.OrdinalIgnoreCase);
        return found.Contains("protocol") || (found.Contains("namespace") && found.Any(key => key != "namespace" && SchemaVocabulary.File.Find(key) is not null));
    }

    /// <summary>The key that a line at the margin begins with; empty where it begins with none.</summary>
    private static string KeyOf(string line)
    {
        var colon = line.IndexOf(':');
        return colon > 0 && !char.IsWhiteSpace(line[0]) && line[0] != '#' ? line.Substring(0, colon).Trim().Trim('"', '\'') : "";
    }
}
