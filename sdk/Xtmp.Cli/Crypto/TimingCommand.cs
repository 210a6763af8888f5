using System.CommandLine;

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
        Command command = new("timing", "Looks for secret-dependent time, in the manner of dudect; advisory.");
        command.Options.Add(measurements);
        command.Options.Add(seed);
        command.SetAction(parsed =>
        {
            TextWriter output = parsed.InvocationConfiguration.Output;
            int count = Math.Max(100, parsed.GetValue(measurements));
            output.WriteLine($"Welch's t over {count} measurements; |t| < {TimingTest.Probable} shows nothing, > {TimingTest.Definite} is a difference.");
            foreach (TimingTest test in TimingCases.All().Append(TimingCases.Leaking()))
            {
                double t = test.Run(count, (ulong)parsed.GetValue(seed));
                string verdict = Math.Abs(t) switch
                {
                    < TimingTest.Probable => "nothing seen",
                    < TimingTest.Definite => "perhaps a difference, measure again",
                    _ => "difference",
                };
                output.WriteLine(FormattableString.Invariant($"{test.Name,-62} t = {t,8:F2}  {verdict}"));
            }

            return 0;
        });
        return command;
    }
}
