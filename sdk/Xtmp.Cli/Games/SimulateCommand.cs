using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using BitChat.Simulator;
using Xtmp.Cli.Schema;

namespace Xtmp.Cli.Games;

/// <summary><c>xtmp game simulate</c></summary>
public static class SimulateCommand
{
    public static Command Create()
    {
        Option<int> seats = new("--seats") { Description = "Seats, 2 to 8.", DefaultValueFactory = _ => 4 };
        Option<int> faults = new("--faults") { Description = "Byzantine seats among them; more than ⌊(n − 1)/3⌋ shows what is then no longer promised." };
        Option<string> seeds = new("--seeds") { Description = "Seeds, A..B inclusive.", DefaultValueFactory = _ => "0..99" };
        Option<string?> mutant = new("--mutant") { Description = "An engine that lacks a rule; 'list' lists them." };
        Option<int> seconds = new("--seconds") { Description = "Virtual seconds of a life.", DefaultValueFactory = _ => 60 };
        Option<int> threads = new("--threads") { Description = "Lives at a time; 0: one a processor." };
        Option<bool> untilProgress = new("--until-progress") { Description = "End a life once every correct seat has decided 5 heights after the network healed: half the time a life." };
        Option<bool> json = new("--json") { Description = "Print JSON objects, one a line." };
        Command command = new("simulate", """
            Lives lives of a table on virtual time: loss, partitions, crashes, clocks that step, Byzantine seats; then a network
            that is whole. Every life is replayed by its seed. The first that breaks a promise is shrunk to a short schedule of
            faults and printed.

            Example: xtmp game simulate --seats 4 --faults 1 --seeds 0..999
            Example: xtmp game simulate --seats 4 --faults 1 --seeds 0..999 --mutant half-quorum
            """);
        foreach (Option option in new Option[] { seats, faults, seeds, mutant, seconds, threads, untilProgress, json })
        {
            command.Options.Add(option);
        }

        command.SetAction((parsed, cancellation) =>
        {
            TextWriter output = parsed.InvocationConfiguration.Output;
            TextWriter error = parsed.InvocationConfiguration.Error;
            if (parsed.GetValue(mutant) == "list")
            {
                foreach (Mutant known in Mutant.All)
                {
                    output.WriteLine($"{known.Name,-24} shows with --seats {known.Seats} --faults {known.Faults}");
                }

                return Task.FromResult(ExitCodes.Ok);
            }

            Mutant? chosen = parsed.GetValue(mutant) is { } name ? Mutant.Find(name) : null;
            if ((parsed.GetValue(mutant) is not null && chosen is null)
                || parsed.GetValue(seats) is < 2 or > 8 || parsed.GetValue(faults) < 0 || parsed.GetValue(faults) >= parsed.GetValue(seats)
                || parsed.GetValue(seconds) < 10 || !TryRange(parsed.GetValue(seeds)!, out ulong first, out ulong last))
            {
                error.WriteLine("Seats are 2 to 8, faults fewer, seeds A..B, seconds at least 10, a mutant one of --mutant list.");
                return Task.FromResult(ExitCodes.Usage);
            }

            LifeOptions options = new(parsed.GetValue(seats), parsed.GetValue(faults), first) { Mutant = chosen, Seconds = parsed.GetValue(seconds), EndsOnProgress = parsed.GetValue(untilProgress) };
            return Task.FromResult(Run(options, last, parsed.GetValue(threads), parsed.GetValue(json), output, error, cancellation));
        });
        return command;
    }

    private static int Run(LifeOptions options, ulong last, int threads, bool json, TextWriter output, TextWriter error, CancellationToken cancellation)
    {
        ulong next = options.Seed;
        ulong? broken = null;
        long lives = 0, heights = 0, rolls = 0, messages = 0, expelled = 0;
        object gate = new();
        Stopwatch watch = Stopwatch.StartNew();
        TimeSpan told = TimeSpan.Zero;

        void Live()
        {
            for (; ; )
            {
                ulong seed;
                lock (gate)
                {
                    if (next > last || broken is not null || cancellation.IsCancellationRequested)
                    {
                        return;
                    }

                    seed = next++;
                }

                LifeResult life = new Life(options with { Seed = seed }).Run();
                lock (gate)
                {
                    lives++;
                    heights += (long)life.Heights;
                    rolls += (long)life.Rolls;
                    messages += life.Messages;
                    expelled += life.Expelled;
                    if (life.Violation is not null && (broken is null || seed < broken))
                    {
                        broken = seed;
                    }

                    if (watch.Elapsed - told > TimeSpan.FromSeconds(5))
                    {
                        told = watch.Elapsed;
                        error.WriteLine($"{lives} lives, {lives / watch.Elapsed.TotalMinutes:0} a minute, {heights} heights, {expelled} expelled");
                    }
                }
            }
        }

        Thread[] workers = [.. Enumerable.Range(0, threads > 0 ? threads : Environment.ProcessorCount).Select(_ => new Thread(Live))];
        Array.ForEach(workers, worker => worker.Start());
        Array.ForEach(workers, worker => worker.Join());
        LifeResult? shortest = broken is { } bad ? Shrinking.Shrink(options with { Seed = bad }) : null;
        double perMinute = lives / watch.Elapsed.TotalMinutes;
        if (json)
        {
            output.WriteLine(new JsonObject
            {
                ["seats"] = options.Seats,
                ["faults"] = options.Faults,
                ["mutant"] = options.Mutant?.Name,
                ["lives"] = lives,
                ["lives_per_minute"] = Math.Round(perMinute),
                ["heights"] = heights,
                ["rolls"] = rolls,
                ["messages"] = messages,
                ["expelled"] = expelled,
                ["seed"] = broken,
                ["violation"] = shortest?.Violation,
                ["culprits"] = shortest is null ? null : new JsonArray([.. shortest.Culprits.Select(seat => JsonValue.Create(seat))]),
                ["schedule"] = shortest is null ? null : new JsonArray([.. shortest.Schedule.Select(fault => JsonValue.Create(fault.ToString()))]),
            }.ToJsonString());
        }
        else
        {
            output.WriteLine($"{lives} lives of {options.Seconds} s, {options.Seats} seats, {options.Faults} Byzantine: {heights} heights, {rolls} rolls, {messages} messages, {expelled} expelled; {perMinute:0} lives a minute");
            if (shortest is not null)
            {
                output.WriteLine($"seed {broken}: {shortest.Violation}");
                if (shortest.Culprits.Count > 0)
                {
                    output.WriteLine($"  proved guilty by what honest seats hold of both sides: {string.Join(", ", shortest.Culprits.Select(seat => $"seat {seat}"))}");
                }
                else if (shortest.SeesFork)
                {
                    output.WriteLine("  honest seats hold the certificates of both sides, but not the prevotes that would prove who broke its lock");
                }

                foreach (BitChat.Simulator.Fault fault in shortest.Schedule)
                {
                    output.WriteLine($"  {fault}");
                }
            }
        }

        return broken is not null ? ExitCodes.Findings : next > last ? ExitCodes.Ok : ExitCodes.Interrupted;
    }

    private static bool TryRange(string text, out ulong first, out ulong last)
    {
        int dots = text.IndexOf("..", StringComparison.Ordinal);
        last = 0;
        return ulong.TryParse(dots < 0 ? text : text[..dots], out first) && ulong.TryParse(dots < 0 ? text : text[(dots + 2)..], out last) && first <= last;
    }
}
