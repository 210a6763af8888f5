namespace Xtmp.Benchmarks;

/// <summary>One side of a bench: runs its operation as many times as told.</summary>
internal sealed record Contender(string Name, Action<int> Run)
{
    /// <summary>An operation to be repeated in a loop.</summary>
    public static Contender Of(string name, Action operation) => new(name, count =>
    {
        for (int i = 0; i < count; i++)
        {
            operation();
        }
    });
}
