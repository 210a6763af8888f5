using System.CommandLine;
using Xtmp.Crypto;

namespace Xtmp.Cli.Crypto;

/// <summary><c>xtmp crypto accumulate mlkem-1024|mldsa-87 N</c>: prints the accumulated hash over N runs.</summary>
public static class AccumulateCommand
{
    public static Command Create()
    {
        Argument<string> algorithm = new("algorithm") { Description = "mlkem-1024 or mldsa-87" };
        algorithm.AcceptOnlyFromAmong("mlkem-1024", "mldsa-87");
        Argument<int> runs = new("runs") { Description = "How many runs, 0 or more." };
        runs.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 0)
            {
                result.AddError("The number of runs cannot be negative.");
            }
        });
        Command command = new("accumulate", "Prints the accumulated hash of C2SP/CCTV over N runs.");
        command.Arguments.Add(algorithm);
        command.Arguments.Add(runs);
        command.SetAction(parsed =>
        {
            int count = parsed.GetValue(runs);
            byte[] hash = parsed.GetValue(algorithm) == "mlkem-1024"
                ? Accumulation.MlKem1024Runs(count, CryptoProviders.Default)
                : Accumulation.MlDsa87Runs(count, CryptoProviders.Default);
            parsed.InvocationConfiguration.Output.WriteLine(Convert.ToHexStringLower(hash));
            return 0;
        });
        return command;
    }
}
