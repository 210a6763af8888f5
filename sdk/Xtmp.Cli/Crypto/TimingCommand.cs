using System.CommandLine;
using System.Text.Json.Nodes;

namespace Xtmp.Cli.Crypto;

/// <summary>
/// <c>xtmp crypto timing</c>: looks for secret-dependent time by measurement. Advisory: a busy machine shows differences
/// that are not there and hides ones that are, so the exit code is 0 whatever it sees.
/// </summary>
public static class TimingCommand
{
    public static Command Create()
    {
        Option<int> measurements = new("--measurements")
        {
            Description = "Measurements for each operation.",
            DefaultValueFactory = _ => 50_000,
        };
        Option<int> seed = new("--seed") { Description = "Orders the inputs.", DefaultValueFactory = _ => 1 };
        Command command = new("timing", "Looks for secret-dependent time, in the manner of dudect; advisory.\n\nExample: xtmp crypto timing --measurements 100000");
        command.Options.Add(measurements);
        Option<bool> json = Arguments.Json();
        command.Options.Add(seed);
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            Terminal terminal = new(parsed, parsed.GetValue(json));
            int count = Math.Max(100, parsed.GetValue(measurements));
            if (!terminal.IsJson)
            {
                terminal.Line($"Welch's t over {count} measurements; |t| < {TimingTest.Probable} shows nothing, > {TimingTest.Definite} is a difference.");
            }

            foreach (TimingTest test in TimingCases.All().Append(TimingCases.Leaking()))
            {
                double t = test.Run(count, (ulong)parsed.GetValue(seed));
                string verdict = Math.Abs(t) switch
                {
                    < TimingTest.Probable => "nothing seen",
                    < TimingTest.Definite => "perhaps a difference, measure again",
                    _ => "difference",
                };
                if (terminal.IsJson)
                {
                    terminal.Json(new JsonObject { ["operation"] = test.Name, ["t"] = Math.Round(t, 3), ["verdict"] = verdict });
                }
                else
                {
                    terminal.Line($"{test.Name,-62} t = {t,8:F2}  {verdict}");
                }
            }

            return 0;
        });
        return command;
    }
}
