using System.CommandLine;
using Xtmp.Cli.Crypto;
using Xtmp.Cli.Schema;

namespace Xtmp.Cli;

/// <summary>The <c>xtmp</c> command.</summary>
public static class XtmpCommandLine
{
    /// <summary>Runs a command line.</summary>
    /// <returns>The verb's exit code; 2 for wrong usage.</returns>
    public static int Run(string[] args, TextWriter output, TextWriter error)
    {
        RootCommand root = new("Works with XTMP schemas, keys and test vectors.");
        root.Subcommands.Add(SchemaCommand.Create());
        root.Subcommands.Add(CryptoCommand.Create());
        ParseResult parsed = root.Parse(args);
        int exitCode = parsed.Invoke(new InvocationConfiguration { Output = output, Error = error });
        return parsed.Errors.Count > 0 ? ExitCodes.Usage : exitCode;
    }
}
