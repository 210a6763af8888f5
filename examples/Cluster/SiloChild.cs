using System.Diagnostics;
using System.Globalization;
using Xtmp;

namespace Cluster;

/// <summary>One silo of the cluster: a process, started again as often as it is killed.</summary>
internal sealed class SiloChild(string data, int port, int admin, Func<string[]> arguments) : IAsyncDisposable
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(2) };

    private Process? _process;

    public int Port => port;

    public Fingerprint Fingerprint { get; private set; }

    public int? ProcessId => IsRunning ? _process!.Id : null;

    public bool IsRunning => _process is { HasExited: false };

    /// <summary>Starting, serving, or not there.</summary>
    public string State { get; private set; } = "not started";

    /// <summary>Runs the silo's command line to its end.</summary>
    public static async Task RunAsync(params string[] arguments)
    {
        using var process = Start(arguments);
        var errors = process.StandardError.ReadToEndAsync();
        await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new ClusterException(await errors);
        }
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        State = "starting";
        _process?.Dispose();
        _process = Start(["--data", data, "--port", $"{port}", "--admin", $"127.0.0.1:{admin}", "--log-level", "Error", .. arguments()]);
        var errors = _process.StandardError.ReadToEndAsync(CancellationToken.None);
        while (await _process.StandardOutput.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.StartsWith("fingerprint ", StringComparison.Ordinal))
            {
                // Nobody reads further lines; a full pipe would stop the silo's log.
                _ = _process.StandardOutput.ReadToEndAsync(CancellationToken.None);
                Fingerprint = Fingerprint.Parse(line["fingerprint ".Length..]);
                State = "serving";
                return;
            }
        }

        await _process.WaitForExitAsync(cancellationToken);
        throw new ClusterException($"A silo did not start (exit code {_process.ExitCode}): {await errors}");
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        State = "killed";
        if (IsRunning)
        {
            _process!.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync(CancellationToken.None);
        }
    }

    /// <summary>What its admin port tells; null where it does not answer.</summary>
    public async Task<SiloFigures?> ReadAsync()
    {
        if (State != "serving")
        {
            return null;
        }

        try
        {
            var lines = (await Http.GetStringAsync($"http://127.0.0.1:{admin}/metrics")).Split('\n');
            return new SiloFigures(Sum("xtmp_runtime_activations_live"), Sum("xtmp_runtime_turns"), Sum("xtmp_runtime_calls", "way=\"direct\""), Sum("xtmp_runtime_calls", "way=\"message\""));

            double Sum(string name, string label = "") => lines
                .Where(line => (line.StartsWith(name + '_', StringComparison.Ordinal) || line.StartsWith(name + '{', StringComparison.Ordinal)) && line.Contains(label, StringComparison.Ordinal))
                .Sum(line => double.Parse(line[(line.LastIndexOf('}') is >= 0 and var end ? end + 1 : line.IndexOf(' '))..].Trim().Split(' ')[0], CultureInfo.InvariantCulture));
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
        {
            return null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process?.Dispose();
    }

    private static Process Start(string[] arguments)
    {
        // Ctrl-C in a terminal reaches the silos too, which would drain while the balances are still to be compared: here it is not theirs.
        string[] silo = ["dotnet", Path.Combine(AppContext.BaseDirectory, "Xtmp.Silo.dll"), .. arguments];
        var start = OperatingSystem.IsWindows() ? new ProcessStartInfo(silo[0], silo[1..]) : new ProcessStartInfo("/bin/sh", ["-c", "trap '' INT; exec \"$0\" \"$@\"", .. silo]);
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        return Process.Start(start) ?? throw new ClusterException("dotnet does not start.");
    }
}

/// <summary>Figures of one silo since it started.</summary>
/// <param name="Grains">Grains in memory.</param>
/// <param name="Turns">Turns run.</param>
/// <param name="Direct">Calls that found their grain in this silo.</param>
/// <param name="ByMessage">Calls that went to another silo.</param>
internal sealed record SiloFigures(double Grains, double Turns, double Direct, double ByMessage);
