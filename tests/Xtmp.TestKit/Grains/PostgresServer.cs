using System.Collections.Concurrent;
using System.Diagnostics;
using Npgsql;
using Xunit;

namespace Xtmp.TestKit;

/// <summary>
/// A PostgreSQL server of the tests' own, from the binaries of this machine, in a temporary directory and on a socket in it.
/// Made for an assembly fixture; it starts with the first test that asks for a database. A test without binaries skips.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private readonly SemaphoreSlim _starting = new(1);
    private DirectoryInfo? _directory;
    private string? _binaries;
    private bool _isRunning;
    private int _databases;

    /// <summary>A connection string whose tables no other test has. Skips the test where there is no PostgreSQL.</summary>
    public async Task<string> NewDatabaseAsync()
    {
        await EnsureStartedAsync();
        var schema = $"test{Interlocked.Increment(ref _databases)}";
        await using var source = NpgsqlDataSource.Create(ConnectionString);
        await using var command = source.CreateCommand($"CREATE SCHEMA {schema}");
        await command.ExecuteNonQueryAsync();
        return $"{ConnectionString};Search Path={schema}";
    }

    /// <summary>Ends the server's connections and the server, as an operator would who does not wait for clients.</summary>
    public async Task StopAsync()
    {
        await RunAsync("pg_ctl", "-D", Data, "-m", "fast", "-w", "stop");
        _isRunning = false;
    }

    public async Task StartAsync()
    {
        await RunAsync("pg_ctl", "-D", Data, "-w", "-l", Log, "-o", $"-k {_directory!.FullName} -c listen_addresses='' -c max_connections=300", "start");
        _isRunning = true;
    }

    public async ValueTask DisposeAsync()
    {
        if (_isRunning)
        {
            await RunAsync("pg_ctl", "-D", Data, "-m", "immediate", "-w", "stop");
        }

        // Where it did not start, that is what the test says, and not what could not be stopped.
        _directory?.Delete(recursive: true);
        _starting.Dispose();
    }

    private string Data => Path.Combine(_directory!.FullName, "data");

    private string Log => Path.Combine(_directory!.FullName, "log");

    private string ConnectionString => $"Host={_directory!.FullName};Username=postgres;Database=postgres;Pooling=true";

    private async Task EnsureStartedAsync()
    {
        await _starting.WaitAsync();
        try
        {
            if (_directory is not null)
            {
                return;
            }

            _binaries = Find();
            Assert.SkipWhen(_binaries is null, "PostgreSQL is not installed. On Debian: apt-get install postgresql. Elsewhere, name the directory of initdb in XTMP_POSTGRES_BIN.");
            _directory = Directory.CreateTempSubdirectory("xtmp-pg-");
            if (!OperatingSystem.IsWindows())
            {
                // PostgreSQL refuses to run as root, so its files may belong to another user.
                File.SetUnixFileMode(_directory.FullName, (UnixFileMode)0b111_111_111);
            }

            await RunAsync("initdb", "-D", Data, "-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C");
            await StartAsync();
        }
        finally
        {
            _starting.Release();
        }
    }

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable("XTMP_POSTGRES_BIN") is { Length: > 0 } named)
        {
            return File.Exists(Path.Combine(named, "initdb")) ? named : null;
        }

        const string Debian = "/usr/lib/postgresql";
        return Directory.Exists(Debian)
            ? Directory.EnumerateDirectories(Debian).Select(version => Path.Combine(version, "bin")).Where(bin => File.Exists(Path.Combine(bin, "initdb"))).Order().LastOrDefault()
            : null;
    }

    private async Task RunAsync(string program, params string[] arguments)
    {
        // The server keeps the output open that pg_ctl gives it, so its end is not waited for.
        var path = Path.Combine(_binaries!, program);
        var start = Environment.UserName == "root" ? new ProcessStartInfo("runuser", ["-u", "postgres", "--", path, .. arguments]) : new ProcessStartInfo(path, arguments);
        start.WorkingDirectory = _directory!.FullName;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        using var process = Process.Start(start)!;
        var output = new ConcurrentQueue<string?>();
        process.OutputDataReceived += (_, line) => output.Enqueue(line.Data);
        process.ErrorDataReceived += (_, line) => output.Enqueue(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        while (!process.HasExited)
        {
            await Task.WhenAny(Task.Run(() => process.WaitForExit(1000)));
        }

        if (process.ExitCode != 0)
        {
            Assert.Fail($"{program} ended with {process.ExitCode}: {string.Join('\n', output)}\n{(File.Exists(Log) ? await File.ReadAllTextAsync(Log) : "")}");
        }
    }
}
