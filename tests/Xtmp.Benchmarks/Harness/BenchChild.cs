using System.Diagnostics;
using System.Globalization;

namespace Xtmp.Benchmarks;

/// <summary>
/// This program again, as the other end of a bench. It says one line when it is ready, then answers each line with the
/// bytes it has allocated so far, or the processor time it has used, and ends with its standard input.
/// </summary>
internal sealed class BenchChild : IAsyncDisposable
{
    private readonly Process _process;

    private BenchChild(Process process, string[] words)
    {
        _process = process;
        Words = words;
    }

    /// <summary>What it said when it was ready.</summary>
    public string[] Words { get; }

    public int Id => _process.Id;

    public static async Task<BenchChild> StartAsync(params string[] arguments)
    {
        var process = Process.Start(Describe(arguments))!;
        var line = await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException($"The process {string.Join(' ', arguments)} ended before it was ready.");
        return new BenchChild(process, line.Split(' '));
    }

    /// <summary>How this program is started again, with the same garbage collector.</summary>
    public static ProcessStartInfo Describe(params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(BenchChild).Assembly.Location);
        }

        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        return start;
    }

    /// <summary>The question for the microseconds of processor time so far; any other is for the bytes allocated.</summary>
    public const string Processor = "cpu";

    /// <summary>In the child: says that it is ready and answers until its standard input ends.</summary>
    public static async Task ServeAsync(string ready, Func<string, string>? answer = null)
    {
        Console.WriteLine(ready);
        while (await Console.In.ReadLineAsync() is { } line)
        {
            Console.WriteLine(answer?.Invoke(line) ?? (line == Processor ? (long)Environment.CpuUsage.TotalTime.TotalMicroseconds : GC.GetTotalAllocatedBytes()).ToString(CultureInfo.InvariantCulture));
        }
    }

    /// <summary>Asks it, and reads a number.</summary>
    public async Task<long> AskAsync(string question = "allocated")
    {
        await _process.StandardInput.WriteLineAsync(question);
        await _process.StandardInput.FlushAsync();
        return long.Parse(await _process.StandardOutput.ReadLineAsync() ?? "0", CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
