namespace BitChat.Simulator;

/// <summary>The faults of a seed.</summary>
internal static class Schedules
{
    private static readonly FaultKind[] Byzantine =
    [
        FaultKind.Equivocation, FaultKind.Amnesia, FaultKind.SelectiveSending, FaultKind.WithheldShares, FaultKind.FalseViews, FaultKind.Forgery,
        FaultKind.LyingSync, FaultKind.DiceBias, FaultKind.BadDealing,
    ];

    public static IReadOnlyList<Fault> Of(LifeOptions options, IReadOnlyCollection<int> byzantine)
    {
        var random = new SeededRandom(options.Seed, 1);
        var healing = TimeSpan.FromSeconds(options.Seconds / 2);
        var faults = new List<Fault>();

        TimeSpan At() => random.Time(0, (int)healing.TotalMilliseconds);
        TimeSpan Until(TimeSpan from, int mostMilliseconds)
        {
            var to = from + random.Time(100, mostMilliseconds);
            return to < healing ? to : healing;
        }

        if (random.Chance(0.7))
        {
            faults.Add(new Fault(FaultKind.Loss, TimeSpan.Zero, healing, 0, random.NextDouble() * 0.3));
        }

        if (random.Chance(0.5))
        {
            faults.Add(new Fault(FaultKind.Duplication, TimeSpan.Zero, healing, 0, 0.05));
        }

        if (random.Chance(0.5))
        {
            faults.Add(new Fault(FaultKind.Reordering, TimeSpan.Zero, healing, 0, 0.2));
        }

        for (var count = random.Next(4); count > 0; count--)
        {
            var from = At();
            faults.Add(random.Chance(0.7)
                ? new Fault(FaultKind.Partition, from, Until(from, random.Chance(0.3) ? 25_000 : 5_000), 0, random.Next(1, 1 << options.Seats))
                : new Fault(FaultKind.OneWay, from, Until(from, 5_000), random.Next(options.Seats), random.Next(1, 1 << options.Seats)));
        }

        for (var count = random.Next(5); count > 0; count--)
        {
            var from = At();
            faults.Add(new Fault(FaultKind.Crash, from, Until(from, random.Chance(0.2) ? 20_000 : 2_000), random.Next(options.Seats), 0));
        }

        for (var count = random.Next(4); count > 0; count--)
        {
            var from = At();
            faults.Add(new Fault(FaultKind.CrashOnSend, from, Until(from, 3_000), random.Next(options.Seats), 0));
        }

        for (var count = random.Next(3); count > 0; count--)
        {
            var from = At();
            faults.Add(new Fault(FaultKind.CutOnDecision, from, Until(from, 6_000), random.Next(options.Seats), 0));
        }

        if (random.Chance(0.3))
        {
            faults.Add(new Fault(FaultKind.ClockStep, At(), healing, random.Next(options.Seats), random.Next(-20_000, 20_000)));
        }

        if (random.Chance(0.3))
        {
            faults.Add(new Fault(FaultKind.ClockDrift, TimeSpan.Zero, healing, random.Next(options.Seats), (random.NextDouble() - 0.5) * 0.02));
        }

        foreach (var seat in byzantine)
        {
            foreach (var kind in Byzantine)
            {
                if (options.Mutant?.Does is { } kinds ? kinds.Contains(kind) : random.Chance(kind != FaultKind.Equivocation ? 0.5 : options.Faults > (options.Seats - 1) / 3 ? 0.9 : 0.35))
                {
                    faults.Add(new Fault(kind, TimeSpan.Zero, TimeSpan.FromSeconds(options.Seconds), seat, 0));
                }
            }
        }

        foreach (var seat in byzantine)
        {
            // Beyond what a table bears a plain double vote is enough, and shows who did it.
            if (options.Mutant?.Does is { } kinds ? kinds.Contains(FaultKind.Ambush) : options.Faults <= (options.Seats - 1) / 3 && random.Chance(0.5))
            {
                faults.Add(new Fault(FaultKind.Ambush, TimeSpan.Zero, TimeSpan.FromSeconds(options.Seconds), seat, 0));
            }
        }

        if (faults.Exists(fault => fault.Kind == FaultKind.Ambush))
        {
            // An ambush waits for seats that are cut off or die at the worst moment.
            var correct = Enumerable.Range(0, options.Seats).Except(byzantine).ToArray();
            for (var count = 0; count < 12; count++)
            {
                var from = At();
                faults.Add(new Fault(FaultKind.CutOnDecision, from, Until(from, 4_000), correct[random.Next(correct.Length)], 0));
                from = At();
                faults.Add(new Fault(FaultKind.CrashOnSend, from, Until(from, 600), correct[random.Next(correct.Length)], 0));
            }
        }

        // Drawn apart, so that other lives stay as they are without.
        var traps = new SeededRandom(options.Seed, 2);
        if (options.Faults > 0 && traps.Chance(options.Faults > (options.Seats - 1) / 3 ? 0.5 : 0.25))
        {
            for (var third = 0; third < 3; third++)
            {
                var from = (healing * third / 3) + traps.Time(0, 2_000);
                faults.Add(new Fault(FaultKind.Trap, from, from + (healing / 4), 0, traps.Chance(0.5) ? traps.Next(50, 800) : 0));
            }
        }

        // These too. Mutants with faults of their own, and tables beyond their bounds, are about something else.
        var replays = new SeededRandom(options.Seed, 3);
        if (options.Mutant?.Does is null && options.Faults <= (options.Seats - 1) / 3 && replays.Chance(0.3))
        {
            faults.Add(new Fault(FaultKind.Replay, TimeSpan.Zero, TimeSpan.FromSeconds(options.Seconds), 0, replays.Chance(0.3) ? 5 : 1));
            faults.AddRange(byzantine.Where(_ => replays.Chance(0.5)).Select(seat => new Fault(FaultKind.Composition, TimeSpan.Zero, TimeSpan.FromSeconds(options.Seconds), seat, 0)));
        }

        return faults;
    }
}
