using System.Diagnostics;
using System.Globalization;
using Xtmp.Crypto;

namespace Xtmp.Benchmarks;

/// <summary>This program again, as the server of the handshake benches.</summary>
internal sealed class HandshakeServerProcess : IAsyncDisposable
{
    private readonly Process _process;

    private HandshakeServerProcess(Process process, string[] words)
    {
        _process = process;
        ServerPort = int.Parse(words[0], CultureInfo.InvariantCulture);
        MutualPort = int.Parse(words[1], CultureInfo.InvariantCulture);
        TlsPort = int.Parse(words[2], CultureInfo.InvariantCulture);
        EchoPort = int.Parse(words[3], CultureInfo.InvariantCulture);
        Fingerprint = Fingerprint.Parse(words[4]);
    }

    /// <summary>Only the server proves an identity.</summary>
    public int ServerPort { get; }

    /// <summary>Both do.</summary>
    public int MutualPort { get; }

    public int TlsPort { get; }

    /// <summary>No protocol at all: what is sent comes back.</summary>
    public int EchoPort { get; }

    public Fingerprint Fingerprint { get; }

    public static async Task<HandshakeServerProcess> StartAsync()
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(HandshakeServerProcess).Assembly.Location);
        }

        start.ArgumentList.Add(HandshakeServer.Verb);
        var process = Process.Start(start)!;
        var line = await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The server process ended before it listened.");
        return new HandshakeServerProcess(process, line.Split(' '));
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
