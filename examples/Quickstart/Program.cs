using Quickstart;

var json = false;
foreach (var argument in args)
{
    switch (argument)
    {
        case "--json":
            json = true;
            break;
        case "--help" or "-h":
            Console.WriteLine(
                """
                Runs XTMP's main job end to end on this machine and prints one line a step.

                Usage: dotnet run --project examples/Quickstart -c Release [-- --json]

                  --json   one JSON object a line with the fields step, ok, detail, ms

                Exit codes: 0 every step held, 1 one did not, 2 wrong arguments.
                """);
            return 0;
        default:
            Console.Error.WriteLine($"quickstart: unknown argument '{argument}'; see --help.");
            return 2;
    }
}

using var interrupted = new CancellationTokenSource();
Console.CancelKeyPress += (_, press) =>
{
    press.Cancel = true;
    interrupted.Cancel();
};

try
{
    await new MainJob(new StepReporter(Console.Out, json)).RunAsync(interrupted.Token);
    return 0;
}
catch (StepFailedException)
{
    return 1;
}
