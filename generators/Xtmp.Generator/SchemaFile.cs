using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;

namespace Xtmp.Generator;

/// <summary>An additional file that is a schema.</summary>
internal sealed record SchemaFile(string Path, string Text)
{
    /// <summary>
    /// A YAML file that says <c>XtmpSchema="true"</c>, or says nothing and has a <c>protocol:</c> line; else null.
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
            || text.Lines.Any(line => line.ToString().StartsWith("protocol:", StringComparison.Ordinal));
        return isSchema ? new SchemaFile(file.Path, text.ToString()) : null;
    }
}
