using System.CommandLine;
using System.Text.Json.Nodes;
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
        Option<bool> final = new("--final")
        {
            Description = "mlkem-1024 only: derive seeds as the final FIPS 203 does, G(d ‖ k). The published hashes follow the draft, G(d).",
        };
        Command command = new("accumulate", "Prints the accumulated hash of C2SP/CCTV over N runs.\n\nExample: xtmp crypto accumulate mldsa-87 100");
        command.Arguments.Add(algorithm);
        command.Arguments.Add(runs);
        Option<bool> json = Arguments.Json();
        command.Options.Add(final);
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            int count = parsed.GetValue(runs);
            byte[] hash = parsed.GetValue(algorithm) == "mlkem-1024"
                ? Accumulation.MlKem1024Runs(count, parsed.GetValue(final))
                : Accumulation.MlDsa87Runs(count, CryptoProviders.Current);
            Terminal terminal = new(parsed, parsed.GetValue(json));
            string text = Convert.ToHexStringLower(hash);
            if (terminal.IsJson)
            {
                terminal.Json(new JsonObject { ["algorithm"] = parsed.GetValue(algorithm), ["runs"] = count, ["hash"] = text });
            }
            else
            {
                terminal.Line($"{text}");
            }

            return 0;
        });
        return command;
    }
}
