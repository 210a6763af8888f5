using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Xtmp.Cli.Calls;
using Xtmp.Cli.Crypto;
using Xtmp.Cli.Games;
using Xtmp.Cli.Frames;
using Xtmp.Cli.Schema;
using Xtmp.Cli.Silos;
using Xtmp.Cli.Trust;

namespace Xtmp.Cli;

/// <summary>The <c>xtmp</c> command.</summary>
public static class XtmpCommandLine
{
    /// <summary>Runs a command line.</summary>
    /// <returns>The verb's exit code; 2 for wrong usage.</returns>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error, CancellationToken cancellationToken = default)
    {
        RootCommand root = new("""
            Works with XTMP schemas, keys, silos, frames and test vectors.

            Exit codes: 0 all is well, 1 there are findings, 2 wrong usage or a file that cannot be used, 3 a silo could not
            be reached or answered with an error, 130 Ctrl-C ended work that was not done.
            """);
        root.Subcommands.Add(SchemaCommand.Create());
        root.Subcommands.Add(KeygenCommand.Create());
        root.Subcommands.Add(TrustCommand.Create());
        root.Subcommands.Add(PingCommand.Create());
        root.Subcommands.Add(CallCommand.Create());
        root.Subcommands.Add(WatchCommand.Create());
        root.Subcommands.Add(BenchCommand.Create());
        root.Subcommands.Add(ServerCommand.Create());
        root.Subcommands.Add(FrameCommand.Create());
        root.Subcommands.Add(CryptoCommand.Create());
        root.Subcommands.Add(GameCommand.Create());
        root.Subcommands.Add(CompletionCommand.Create());
        HelpOption help = root.Options.OfType<HelpOption>().Single();
        help.Action = new BriefHelp((HelpAction)help.Action!);
        ParseResult parsed = root.Parse(args);

        // A verb that takes no token is ended by the signal itself.
        using Interruption? interruption = parsed.Action is AsynchronousCommandLineAction ? new(cancellationToken) : null;
        InvocationConfiguration configuration = new() { Output = output, Error = error, ProcessTerminationTimeout = null };
        int exitCode = await parsed.InvokeAsync(configuration, interruption?.Token ?? cancellationToken);
        return parsed.Errors.Count > 0 ? ExitCodes.Usage : exitCode;
    }
}
