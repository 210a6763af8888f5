using System.Globalization;

namespace Xtmp.Benchmarks;

/// <summary>A table for people, each row as soon as it is measured.</summary>
internal sealed class TableWriter(TextWriter output) : IBenchWriter
{
    private bool _headed;

    public void Write(BenchResult result)
    {
        if (!_headed)
        {
            output.WriteLine($"{"bench",-36} {"ours",10} {"unit",-8} {"peer",10} {"ratio",7} {"bar",8} {"met",-4} {"alloc",8}  note");
            _headed = true;
        }

        string peer = result.Peer is null ? "" : $"[{result.Peer}] ";
        string met = result.Met switch { true => "yes", false => "NO", null => "" };
        output.WriteLine($"{result.Bench,-36} {Text(result.Ours),10} {result.Unit,-8} {Text(result.PeerValue),10} {Text(result.Ratio),7} {Text(result.Bar),8} {met,-4} {Text(result.Allocated),8}  {peer}{result.Note}");
        output.Flush();
    }

    private static string Text(double? value) =>
        value is double number ? number.ToString(Math.Abs(number) >= 1000 ? "N0" : "0.###", CultureInfo.InvariantCulture) : "";
}
