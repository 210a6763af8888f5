using System.Diagnostics;
using System.Globalization;
using System.Runtime;

namespace Xtmp.Benchmarks;

/// <summary>
/// <c>VERB [VERB …] [--json] [--seconds S]</c>: runs the benches of the verbs named, or of all. Exits 1 only when
/// something broke; a bar that is not met is a measurement.
/// </summary>
internal static class BenchProgram
{
    private const double DefaultSeconds = 1.0;

    public static async Task<int> RunAsync(string[] args)
    {
        bool json = false;
        double seconds = DefaultSeconds;
        List<string> names = [];
        for (int i = 0; i < args.Length; i++)
        {
            switch (args[i])
            {
                case "--json":
                    json = true;
                    break;
                case "--seconds" when i + 1 < args.Length
                    && double.TryParse(args[i + 1], NumberStyles.Float, CultureInfo.InvariantCulture, out seconds)
                    && seconds is > 0 and <= 3600:
                    i++;
                    break;
                default:
                    names.Add(args[i]);
                    break;
            }
        }

        List<BenchVerb> verbs = [];
        foreach (string name in names)
        {
            BenchVerb? verb = BenchVerbs.All.FirstOrDefault(candidate => candidate.Name == name);
            if (name == "all")
            {
                verbs.AddRange(BenchVerbs.All);
            }
            else if (verb is not null)
            {
                verbs.Add(verb);
            }
            else
            {
                return Usage($"'{name}' is no verb.");
            }
        }

        if (verbs.Count == 0)
        {
            return Usage("Which benches?");
        }

        BenchReport report = new(json ? new JsonLineWriter(Console.Out) : new TableWriter(Console.Out));
        foreach (BenchVerb verb in verbs.Distinct())
        {
            try
            {
                if (verb.NeedsServerGC && !GCSettings.IsServerGC)
                {
                    await RunWithServerGCAsync(verb, json, seconds);
                }
                else
                {
                    await verb.Run(new BenchContext(report, TimeSpan.FromSeconds(seconds)));
                }
            }
            catch (Exception error)
            {
                Console.Error.WriteLine($"{verb.Name} broke: {error}");
                return 1;
            }
        }

        return 0;
    }

    private static async Task RunWithServerGCAsync(BenchVerb verb, bool json, double seconds)
    {
        ProcessStartInfo start = BenchChild.Describe([verb.Name, "--seconds", seconds.ToString(CultureInfo.InvariantCulture), .. json ? (string[])["--json"] : []]);
        start.RedirectStandardInput = false;
        start.RedirectStandardOutput = false;
        start.Environment["DOTNET_gcServer"] = "1";
        using Process process = Process.Start(start)!;
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"The process with the server's garbage collector ended with {process.ExitCode}.");
        }
    }

    private static int Usage(string problem)
    {
        Console.Error.WriteLine(problem);
        Console.Error.WriteLine("Usage: VERB [VERB ...] [--json] [--seconds S]    S: time for each contender of a bench, default 1");
        foreach (BenchVerb verb in BenchVerbs.All)
        {
            Console.Error.WriteLine($"  {verb.Name,-12} {verb.Description}");
        }

        Console.Error.WriteLine("  all");
        return 1;
    }
}
