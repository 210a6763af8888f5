namespace Xtmp.Benchmarks;

/// <summary>One verb of the program: a name, a line for people, and what it runs.</summary>
/// <param name="Name">What it is called by.</param>
/// <param name="Description">For people.</param>
/// <param name="Run">Measures.</param>
/// <param name="NeedsServerGC">It runs in a process of its own with the server's garbage collector.</param>
internal sealed record BenchVerb(string Name, string Description, Func<BenchContext, Task> Run, bool NeedsServerGC = false);
