using System.CommandLine;

namespace Xtmp.Cli.Schema;

/// <summary><c>xtmp schema …</c></summary>
public static class SchemaCommand
{
    public static Command Create()
    {
        Command command = new("schema", """
            Checks schema files, and writes what follows from them.

            Exit codes: 0 all is well, 1 there are findings, 2 wrong usage or a file that cannot be read.
            """);
        command.Subcommands.Add(LintCommand.Create());
        command.Subcommands.Add(BreakingCommand.Create());
        command.Subcommands.Add(DocsCommand.Create());
        command.Subcommands.Add(VectorsCommand.Create());
        command.Subcommands.Add(JsonSchemaCommand.Create());
        command.Subcommands.Add(NewCommand.Create());
        command.Subcommands.Add(ExplainCommand.Create());
        return command;
    }
}
