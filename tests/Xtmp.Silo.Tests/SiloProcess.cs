using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Xtmp.Crypto;

namespace Xtmp.Silo.Tests;

/// <summary>The silo as a process of its own, as a person starts it.</summary>
internal sealed class SiloProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly SemaphoreSlim _arrived = new(0);
    private readonly Task<string> _errors;

    private SiloProcess(Process process, Task<string> errors, string endpoint, Fingerprint fingerprint)
    {
        _process = process;
        _errors = errors;
        Endpoint = endpoint;
        Fingerprint = fingerprint;
    }

    public string Endpoint { get; }

    public Fingerprint Fingerprint { get; }

    public bool HasExited => _process.HasExited;

    public static Task<SiloProcess> StartAsync(string directory, params string[] arguments) => StartOnAsync(0, directory, arguments);

    public static Task<SiloProcess> StartOnAsync(int port, string directory, params string[] arguments) => StartAsync(Start(["--data", directory, "--port", $"{port}", .. arguments]));

    /// <summary>A silo whose managed heap may not grow beyond a limit.</summary>
    public static Task<SiloProcess> StartLimitedAsync(string directory, long heapLimit) =>
        StartAsync(Start(["--data", directory, "--port", "0", "--log-level", "Error"], ("DOTNET_GCHeapHardLimit", heapLimit.ToString("X", CultureInfo.InvariantCulture))));

    private static async Task<SiloProcess> StartAsync(Process process)
    {
        var errors = process.StandardError.ReadToEndAsync();
        using var patience = new CancellationTokenSource(Patience);
        string? endpoint = null;
        while (await process.StandardOutput.ReadLineAsync(patience.Token) is { } line)
        {
            if (line.StartsWith("listening on ", StringComparison.Ordinal))
            {
                endpoint = line["listening on ".Length..];
            }
            else if (line.StartsWith("fingerprint ", StringComparison.Ordinal) && endpoint is not null)
            {
                var silo = new SiloProcess(process, errors, endpoint, Fingerprint.Parse(line["fingerprint ".Length..]));

                // A full pipe would stop the silo's log.
                _ = silo.ReadAsync();
                return silo;
            }
        }

        await process.WaitForExitAsync(patience.Token);
        throw new InvalidOperationException($"The silo did not start (exit code {process.ExitCode}): {await errors}");
    }

    /// <summary>Runs the silo's command line to its end, where it is not expected to serve.</summary>
    public static Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] arguments) => RunWithAsync([], arguments);

    /// <summary>The same with variables of the environment.</summary>
    public static async Task<(int ExitCode, string Output, string Errors)> RunWithAsync((string Name, string Value)[] environment, params string[] arguments)
    {
        using var process = Start(arguments, environment);
        using var patience = new CancellationTokenSource(Patience);
        var output = process.StandardOutput.ReadToEndAsync(patience.Token);
        var errors = process.StandardError.ReadToEndAsync(patience.Token);
        await process.WaitForExitAsync(patience.Token);
        return (process.ExitCode, await output, await errors);
    }

    /// <summary>What the silo has printed since its start.</summary>
    public IReadOnlyCollection<string> Lines => _lines;

    /// <summary>The first line with this text, now or within the patience of a test.</summary>
    public async Task<string> WaitForLineAsync(string text)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            if (_lines.FirstOrDefault(line => line.Contains(text, StringComparison.Ordinal)) is { } found)
            {
                return found;
            }

            await _arrived.WaitAsync(patience.Token);
        }
    }

    /// <summary>Sends a signal by its name, for example HUP.</summary>
    public void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{_process.Id}"]);
        kill.WaitForExit();
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
    }

    /// <summary>Ctrl-C, as a terminal sends it. The exit code and how long it took.</summary>
    public async Task<(int ExitCode, TimeSpan Elapsed)> InterruptAsync()
    {
        var started = Stopwatch.GetTimestamp();
        using var kill = Process.Start("kill", [IgnoresInterrupts() ? "-TERM" : "-INT", $"{_process.Id}"]);
        using var patience = new CancellationTokenSource(Patience);
        await _process.WaitForExitAsync(patience.Token);
        return (_process.ExitCode, Stopwatch.GetElapsedTime(started));
    }

    /// <summary>The process ends by itself: its exit code, and what it said on the standard error.</summary>
    public async Task<(int ExitCode, string Errors)> WaitForExitAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        await _process.WaitForExitAsync(patience.Token);
        return (_process.ExitCode, await _errors);
    }

    // A shell starts its background jobs with SIGINT ignored, and what a test run started there starts inherits that.
    // SIGTERM takes the same path through the silo.
    private bool IgnoresInterrupts()
    {
        const string Field = "SigIgn:";
        const ulong InterruptBit = 1 << 1;
        var status = $"/proc/{_process.Id}/status";
        return File.Exists(status)
            && File.ReadLines(status).FirstOrDefault(line => line.StartsWith(Field, StringComparison.Ordinal)) is { } ignored
            && (ulong.Parse(ignored.AsSpan(Field.Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture) & InterruptBit) != 0;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        await _errors;
        _process.Dispose();
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync(CancellationToken.None) is { } line)
        {
            _lines.Enqueue(line);
            _arrived.Release();
        }
    }

    private static Process Start(IEnumerable<string> arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Xtmp.Silo.dll"));
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }
}
