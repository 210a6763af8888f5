namespace Xtmp.Benchmarks;

/// <summary>Takes results as they come and has them written.</summary>
internal sealed class BenchReport(IBenchWriter writer)
{
    public void Add(BenchResult result) => writer.Write(result);
}
