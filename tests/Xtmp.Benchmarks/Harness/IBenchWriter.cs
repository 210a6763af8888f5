namespace Xtmp.Benchmarks;

/// <summary>One of the two output formats.</summary>
internal interface IBenchWriter
{
    void Write(BenchResult result);
}
