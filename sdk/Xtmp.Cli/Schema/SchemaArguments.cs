using System.CommandLine;
using Xtmp.Cli.Schema.Findings;

namespace Xtmp.Cli.Schema;

/// <summary>Arguments and options that several verbs share.</summary>
internal static class SchemaArguments
{
    public static Argument<string[]> Files() => new("files")
    {
        Description = "Schema files (YAML), folders (every schema in them and below), patterns such as 'schema/*.yaml', or - for standard input.",
        Arity = ArgumentArity.OneOrMore,
    };

    public static Option<string?> Out(string description) => new("--out") { Description = description };

    public static Option<bool> Check() => new("--check")
    {
        Description = "Write nothing; exit with 1 when a file is missing or stale.",
    };

    public static Option<string[]> Ignore() => new("--ignore")
    {
        Description = "Leave out a rule, or with RULE:path one place. May be given several times.",
    };

    public static Option<bool> Json() => new("--json") { Description = "Print a JSON object a line." };

    public static Option<bool> Sarif() => new("--sarif") { Description = "Print a SARIF 2.1.0 log." };

    public static FindingFormat Format(bool json, bool sarif) => sarif ? FindingFormat.Sarif : json ? FindingFormat.Json : FindingFormat.Text;
}
