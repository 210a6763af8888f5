using System.Globalization;
using Xtmp.Fuzz;

// run COUNT [TARGET] [RUN]   mutations without coverage, spread over the targets by what they cost
// afl TARGET                 one input from standard input to a target, for AFL++ over instrumented assemblies
// anything else              the tests
switch (args)
{
    case ["run", var count, .. var rest]:
        var run = rest.Length > 1 ? ulong.Parse(rest[1], CultureInfo.InvariantCulture) : 1;
        FuzzTarget[] targets = [.. FuzzTarget.All.Where(target => rest.Length == 0 || rest[0] == "all" || target.Name == rest[0])];
        var shares = targets.Sum(target => 1.0 / target.Cost);
        long done = 0;
        foreach (var target in targets)
        {
            var inputs = (long)(long.Parse(count, CultureInfo.InvariantCulture) / shares / target.Cost);
            FuzzRun.Run(target, run, inputs, number => Console.WriteLine($"{target.Name}: {number} of {inputs}"));
            done += inputs;
            Console.WriteLine($"{target.Name}: {inputs} inputs, run {run}, nothing found");
        }

        Console.WriteLine($"{done} inputs in all");
        return 0;
    case ["afl", var name]:
        var chosen = FuzzTarget.All.Single(target => target.Name == name);
        SharpFuzz.Fuzzer.OutOfProcess.Run(stream =>
        {
            using var memory = new MemoryStream();
            stream.CopyTo(memory);
            chosen.Body(memory.GetBuffer().AsSpan(0, (int)memory.Length));
        });
        return 0;
    default:
        return await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
}
