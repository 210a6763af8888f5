using System.Diagnostics;

namespace Xtmp.Packages.Tests;

/// <summary>A silo of this tree in a process of its own, for packages to talk to. It issues money to whoever comes.</summary>
internal sealed class RunningSilo : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly Process _process;

    private RunningSilo(Process process, string endpoint, string fingerprint)
    {
        _process = process;
        Endpoint = endpoint;
        Fingerprint = fingerprint;
    }

    public string Endpoint { get; }

    public string Fingerprint { get; }

    public static async Task<RunningSilo> StartAsync(string directory)
    {
        var program = Path.Combine(Repository.Root, "silo", "Xtmp.Silo", "bin", PackedPackages.Configuration, "net10.0", "Xtmp.Silo.dll");
        var start = new ProcessStartInfo(DotNet.Host, [program, "--data", directory, "--port", "0", "--opening-balance", "100000", "--development"]) { RedirectStandardOutput = true };
        var process = Process.Start(start)!;
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
                // Nobody reads further lines; a full pipe would stop the silo's log.
                _ = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
                return new RunningSilo(process, endpoint, line["fingerprint ".Length..]);
            }
        }

        throw new InvalidOperationException("The silo did not start.");
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
