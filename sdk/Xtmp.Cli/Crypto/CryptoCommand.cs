using System.CommandLine;

namespace Xtmp.Cli.Crypto;

/// <summary><c>xtmp crypto …</c></summary>
public static class CryptoCommand
{
    public static Command Create()
    {
        Command command = new("crypto", "Checks the cryptographic primitives against test vectors.");
        command.Subcommands.Add(CheckCommand.Create());
        command.Subcommands.Add(AccumulateCommand.Create());
        command.Subcommands.Add(TimingCommand.Create());
        return command;
    }
}
