using System.Diagnostics;

namespace Cluster;

/// <summary>A PostgreSQL of this run's own: in a directory of its own, on a socket in it, and gone with it.</summary>
internal sealed class Postgres : IAsyncDisposable
{
    private readonly string _directory;
    private readonly string _binaries;

    private Postgres(string directory, string binaries)
    {
        _directory = directory;
        _binaries = binaries;
    }

    public string ConnectionString => $"Host={_directory};Username=postgres;Database=postgres";

    private string Data => Path.Combine(_directory, "data");

    /// <exception cref="ClusterException">There are no binaries, or they do not run.</exception>
    public static async Task<Postgres> StartAsync()
    {
        var binaries = Find();
        var directory = Directory.CreateTempSubdirectory("xtmp-cluster-pg-").FullName;
        var postgres = new Postgres(directory, binaries);
        if (!OperatingSystem.IsWindows() && Environment.UserName == "root")
        {
            // PostgreSQL refuses to run as root; its user has to get into the directory.
            File.SetUnixFileMode(directory, (UnixFileMode)0b111_111_111);
        }

        try
        {
            await postgres.RunAsync("initdb", "-D", postgres.Data, "-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C");
            await postgres.RunAsync("pg_ctl", "-D", postgres.Data, "-w", "-l", Path.Combine(directory, "log"), "-o", $"-k {directory} -c listen_addresses='' -c max_connections=300", "start");
            return postgres;
        }
        catch
        {
            await postgres.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (File.Exists(Path.Combine(Data, "postmaster.pid")))
        {
            await RunAsync("pg_ctl", "-D", Data, "-m", "immediate", "-w", "stop");
        }

        Directory.Delete(_directory, recursive: true);
    }

    private static string Find()
    {
        const string Debian = "/usr/lib/postgresql";
        string?[] places =
        [
            Environment.GetEnvironmentVariable("XTMP_POSTGRES_BIN"),
            .. Directory.Exists(Debian) ? Directory.EnumerateDirectories(Debian).Select(version => Path.Combine(version, "bin")).OrderDescending() : Enumerable.Empty<string>(),
            .. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator),
        ];
        return places.FirstOrDefault(place => !string.IsNullOrEmpty(place) && (File.Exists(Path.Combine(place, "initdb")) || File.Exists(Path.Combine(place, "initdb.exe"))))
            ?? throw new ClusterException("PostgreSQL is not installed, and the silos need a database. On Debian: apt-get install postgresql. Elsewhere, name the directory of initdb in XTMP_POSTGRES_BIN.");
    }

    private async Task RunAsync(string program, params string[] arguments)
    {
        var path = Path.Combine(_binaries, program);
        var start = Environment.UserName == "root" ? new ProcessStartInfo("runuser", ["-u", "postgres", "--", path, .. arguments]) : new ProcessStartInfo(path, arguments);
        start.WorkingDirectory = _directory;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        using var process = Process.Start(start) ?? throw new ClusterException($"{path} does not start.");

        // The server keeps the output open that pg_ctl gives it, so nobody waits for its end.
        var output = new System.Text.StringBuilder();
        process.OutputDataReceived += (_, line) => Add(line.Data);
        process.ErrorDataReceived += (_, line) => Add(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        await Task.Run(() =>
        {
            while (!process.WaitForExit(TimeSpan.FromSeconds(1)))
            {
            }
        });
        if (process.ExitCode != 0)
        {
            throw new ClusterException($"{program} ended with {process.ExitCode}: {output}");
        }

        void Add(string? line)
        {
            lock (output)
            {
                output.AppendLine(line);
            }
        }
    }
}
