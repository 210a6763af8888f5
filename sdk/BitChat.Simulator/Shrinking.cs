namespace BitChat.Simulator;

/// <summary>Finds a short schedule with which a seed still fails: faults are left out one by one as long as the life fails without.</summary>
public static class Shrinking
{
    /// <param name="options">A life that fails.</param>
    /// <param name="maxLives">Lives to spend on it.</param>
    public static LifeResult Shrink(LifeOptions options, int maxLives = 100)
    {
        ArgumentNullException.ThrowIfNull(options);
        var shortest = new Life(options).Run();
        var lives = 1;
        for (var shorter = true; shorter;)
        {
            shorter = false;
            foreach (var fault in shortest.Schedule)
            {
                if (lives++ >= maxLives)
                {
                    return shortest;
                }

                var without = new Life(options with { Schedule = [.. shortest.Schedule.Where(other => other != fault)] }).Run();
                if (without.Violation is not null)
                {
                    shortest = without;
                    shorter = true;
                    break;
                }
            }
        }

        return shortest;
    }
}
