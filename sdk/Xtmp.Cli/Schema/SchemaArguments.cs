using System.CommandLine;

namespace Xtmp.Cli.Schema;

/// <summary>Arguments and options that several verbs share.</summary>
internal static class SchemaArguments
{
    public static Argument<string[]> Files() => new("files")
    {
        Description = "Schema files (YAML).",
        Arity = ArgumentArity.OneOrMore,
    };

    public static Option<string> Out(string description, string otherwise) => new("--out")
    {
        Description = description,
        DefaultValueFactory = _ => otherwise,
    };

    public static Option<bool> Check() => new("--check")
    {
        Description = "Write nothing; exit with 1 when a file is missing or stale.",
    };
}
