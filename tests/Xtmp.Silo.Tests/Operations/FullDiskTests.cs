using System.Diagnostics;
using Xtmp.Client;
using Xtmp.Crypto;
using Xtmp.Storage;
using Xtmp.Transport;

namespace Xtmp.Silo.Tests.Operations;

/// <summary>A disk that is full or may not be written, on file systems of a few megabytes that root can make.</summary>
public sealed class FullDiskTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("xtmp-disk-");
    private readonly Stack<string> _mounted = new();

    [Fact]
    public async Task a_store_that_is_full_refuses_in_plain_words_and_serves_on()
    {
        await using var silo = await TestSilo.StartAsync(options => options with { Storage = new StoreLimits { MaxBytes = 512 * 1024 } });
        await using var reader = await silo.ConnectAsync();
        XtmpException? refused = null;
        for (var wallets = 0; refused is null; wallets++)
        {
            Assert.InRange(wallets, 0, 500);
            using var identity = IdentityKey.Generate(SystemEntropy.Instance);
            await using var client = await silo.ConnectAsync(identity);
            try
            {
                await new XtmpWallet(client, identity).RegisterAsync();
            }
            catch (XtmpException error)
            {
                refused = error;
            }
        }

        Assert.Equal(XtmpErrorCode.StorageFull, refused.Code);
        await reader.Registry.QueryAsync(new Messages.RegistryQuery { Name = "nobody" });
    }

    [Fact]
    public async Task a_start_on_a_full_disk_says_so()
    {
        var disk = Mount("size=64k");
        await File.WriteAllBytesAsync(Path.Combine(disk, "filler"), new byte[60 * 1024]);
        var (exitCode, _, errors) = await SiloProcess.RunAsync("--data", Path.Combine(disk, "data"), "--port", "0");
        Assert.Equal(1, exitCode);
        Assert.Matches("^xtmp-silo: .*(No space left on device|is full|could not be read or written).*\\n$", errors);
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task a_read_only_directory_is_named()
    {
        var disk = Mount("size=1m,ro");
        var (exitCode, _, errors) = await SiloProcess.RunAsync("--data", Path.Combine(disk, "data"), "--port", "0");
        Assert.Equal(1, exitCode);
        Assert.Matches($"^xtmp-silo: The data directory '{disk}.*' cannot be used: Read-only file system.*\\n$", errors);
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        while (_mounted.TryPop(out var path))
        {
            using var unmount = Process.Start("umount", path);
            unmount.WaitForExit();
        }

        _directory.Delete(recursive: true);
    }

    private string Mount(string options)
    {
        var path = _directory.CreateSubdirectory(Guid.NewGuid().ToString("n")).FullName;
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
        {
            Assert.Skip("Needs root on Linux, to mount a file system of its own.");
        }

        using var mount = Process.Start(new ProcessStartInfo("mount", ["-t", "tmpfs", "-o", options, "tmpfs", path]) { RedirectStandardError = true })!;
        mount.WaitForExit();
        if (mount.ExitCode != 0)
        {
            Assert.Skip($"This machine does not let root mount a file system: {mount.StandardError.ReadToEnd().Trim()}");
        }

        _mounted.Push(path);
        return path;
    }
}
