namespace Xtmp.Benchmarks;

/// <summary>One verb of the program: a name, a line for people, and what it runs.</summary>
internal sealed record BenchVerb(string Name, string Description, Func<BenchContext, Task> Run);
