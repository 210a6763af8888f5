using System.CommandLine;

namespace Xtmp.Cli.Games;

/// <summary><c>xtmp game …</c></summary>
public static class GameCommand
{
    public static Command Create()
    {
        Command command = new("game", "Lives of BitChat tables in a simulator, and checks of real ones by their transcripts.");
        command.Subcommands.Add(SimulateCommand.Create());
        command.Subcommands.Add(VerifyCommand.Create());
        return command;
    }
}
