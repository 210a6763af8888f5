using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Xtmp.Messages;

namespace Xtmp.Silo.Tests;

/// <summary>The silo as a person starts, mistypes and stops it.</summary>
public sealed class SiloCommandTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("xtmp-command-");

    [Fact]
    public async Task drains_on_interrupt_and_exits_0_within_10_seconds()
    {
        await using var silo = await SiloProcess.StartAsync(_directory.FullName);
        await using var client = await XtmpConnection.ConnectAsync(silo.Endpoint, new XtmpClientOptions { ServerFingerprint = silo.Fingerprint });
        await client.Registry.QueryAsync(new RegistryQuery { Name = "nobody" });
        var (exitCode, elapsed) = await silo.InterruptAsync();
        Assert.Equal(0, exitCode);
        Assert.InRange(elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        await client.WaitForStateAsync(XtmpConnectionState.Reconnecting).WaitAsync(TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task refuses_a_port_that_is_taken()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        var (exitCode, _, errors) = await SiloProcess.RunAsync("--data", _directory.FullName, "--port", $"{port}");
        Assert.Equal(1, exitCode);
        Assert.Equal($"xtmp-silo: The silo cannot listen on 127.0.0.1:{port}: another program has this port.\n", errors, ignoreLineEndingDifferences: true);
    }

    [Fact]
    public async Task refuses_an_address_of_another_machine()
    {
        var (exitCode, _, errors) = await SiloProcess.RunAsync("--data", _directory.FullName, "--port", "0", "--bind", "192.0.2.1");
        Assert.Equal(1, exitCode);
        Assert.Equal("xtmp-silo: The silo cannot listen on 192.0.2.1:0: 192.0.2.1 is not an address of this machine.\n", errors, ignoreLineEndingDifferences: true);
    }

    [Fact]
    public async Task names_no_clr_types()
    {
        var (exitCode, _, errors) = await SiloProcess.RunAsync(
            "--data", _directory.FullName, "--port", "seven", "--client-auth", "perhaps", "--opening-balance", "much", "--log-level", "loud");
        Assert.Equal(2, exitCode);
        Assert.Contains("--port does not take 'seven'.", errors, StringComparison.Ordinal);
        Assert.Contains("--client-auth does not take 'perhaps'.", errors, StringComparison.Ordinal);
        Assert.Contains("--opening-balance does not take 'much'.", errors, StringComparison.Ordinal);
        Assert.Contains("--log-level does not take 'loud'.", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("Xtmp.", errors, StringComparison.Ordinal);
    }

    /// <summary>Handlers of a signal run newest first: the owner's, which is older than the silo, sees what the silo did to it.</summary>
    [Fact]
    public async Task an_embedded_silo_leaves_signals_to_its_owner()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Signals are sent by kill.");
        }

        var seen = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var owner = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            seen.TrySetResult(context.Cancel);
            context.Cancel = true;
        });
        await using var silo = await TestSilo.StartAsync();
        using var kill = Process.Start("kill", ["-TERM", $"{Environment.ProcessId}"]);
        Assert.False(await seen.Task.WaitAsync(TimeSpan.FromMinutes(1)), "The silo took the signal for itself.");
    }

    [Fact]
    public async Task refuses_a_second_silo_on_the_same_data()
    {
        await using var first = await SiloProcess.StartAsync(_directory.FullName);
        var (exitCode, _, errors) = await SiloProcess.RunAsync("--data", _directory.FullName, "--port", "0");
        Assert.Equal(1, exitCode);
        Assert.Matches("^xtmp-silo: The grain store '.*' is in use by another silo: .*\r?\n$", errors);
    }

    [Fact]
    public async Task refuses_a_data_path_that_is_a_file()
    {
        var file = Path.Combine(_directory.FullName, "file");
        await File.WriteAllTextAsync(file, "not a directory");
        var (exitCode, _, errors) = await SiloProcess.RunAsync("--data", file, "--port", "0");
        Assert.Equal(1, exitCode);
        Assert.Contains(file, errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task refuses_wrong_arguments_and_names_each()
    {
        var (exitCode, _, errors) = await SiloProcess.RunAsync(
            "--data", _directory.FullName, "--port", "70000", "--bind", "nowhere", "--currency", "x", "--allow-client", "1234", "--no-such-option");
        Assert.Equal(2, exitCode);
        Assert.All(["--port", "--bind", "--currency", "--allow-client", "--no-such-option"], option => Assert.Contains(option, errors, StringComparison.Ordinal));
    }

    [Fact]
    public async Task explains_itself()
    {
        var (exitCode, output, _) = await SiloProcess.RunAsync("--help");
        Assert.Equal(0, exitCode);
        Assert.Contains("Examples:", output, StringComparison.Ordinal);
        Assert.Contains("--data", output, StringComparison.Ordinal);
    }

    public void Dispose() => _directory.Delete(recursive: true);
}
