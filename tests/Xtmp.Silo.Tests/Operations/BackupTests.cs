using SQLitePCL;
using Xtmp.Client;
using Xtmp.Crypto;
using Xtmp.Grains;
using Xtmp.Storage;
using Xtmp.Transport;

namespace Xtmp.Silo.Tests.Operations;

/// <summary>Copies of the store, made while the silo works.</summary>
public sealed class BackupTests : IDisposable
{
    private const ulong OpeningBalance = 1_000_000;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("xtmp-backup-");

    [Fact]
    public async Task a_backup_under_load_is_one_moment_of_the_silo()
    {
        using var aliceKeys = IdentityKey.Generate(SystemEntropy.Instance);
        using var bobKeys = IdentityKey.Generate(SystemEntropy.Instance);
        var backup = Path.Combine(_directory.FullName, "backup.db");
        var grains = new GrainOptions { OpeningBalance = OpeningBalance, Network = "backup" };
        await using (var silo = await TestSilo.StartAsync(options => options with { Grains = grains }))
        await using (var aliceClient = await silo.ConnectAsync(aliceKeys))
        await using (var bobClient = await silo.ConnectAsync(bobKeys))
        {
            var alice = new XtmpWallet(aliceClient, aliceKeys);
            await alice.RegisterAsync();
            await new XtmpWallet(bobClient, bobKeys).RegisterAsync();
            var half = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var sending = Task.Run(async () =>
            {
                for (var nonce = 0UL; nonce < 60; nonce++)
                {
                    await alice.SendAsync(XtmpWallet.SignTransfer(aliceKeys, "backup", bobKeys.Public.Fingerprint.ToArray(), 1, grains.Currency, nonce));
                    if (nonce == 20)
                    {
                        half.TrySetResult();
                    }
                }
            });
            await half.Task.WaitAsync(TimeSpan.FromMinutes(2));
            Assert.True(SqliteBackup.Create(Path.Combine(silo.Options.DataDirectory, "grains.db"), backup) > 0);
            await sending;

            // A silo that runs keeps its store.
            var refused = Assert.Throws<XtmpException>(() => SqliteBackup.Restore(backup, Path.Combine(silo.Options.DataDirectory, "grains.db"), DateTimeOffset.UtcNow));
            Assert.Contains("in use by another silo", refused.Message, StringComparison.Ordinal);
            Assert.Throws<XtmpException>(() => SqliteBackup.Create(Path.Combine(silo.Options.DataDirectory, "grains.db"), backup));
        }

        var data = Path.Combine(_directory.FullName, "restored");
        var (exitCode, output, errors) = await SiloProcess.RunAsync("restore", "--data", data, "--from", backup);
        Assert.True(exitCode == 0, errors);
        Assert.Equal("restored", output.Trim());
        await using var restored = await TestSilo.StartAsync(options => options with { Grains = grains, DataDirectory = data });
        await using var aliceAgain = await restored.ConnectAsync(aliceKeys);
        await using var bobAgain = await restored.ConnectAsync(bobKeys);
        var aliceWallet = new XtmpWallet(aliceAgain, aliceKeys);
        var bobWallet = new XtmpWallet(bobAgain, bobKeys);

        // A transfer that was on its way at that moment arrives now; money is neither lost nor made.
        var ofAlice = await aliceWallet.BalanceAsync();
        var ofBob = await bobWallet.BalanceAsync();
        for (var look = 0; ofAlice.Balance + ofBob.Balance != 2 * OpeningBalance && look < 1000; look++)
        {
            ofBob = await bobWallet.BalanceAsync();
        }

        Assert.Equal(2 * OpeningBalance, ofAlice.Balance + ofBob.Balance);
        Assert.InRange(ofBob.Balance, OpeningBalance + 20, OpeningBalance + 60);
    }

    [Fact]
    public async Task what_was_there_before_a_restore_is_kept_and_both_commands_say_what_they_did()
    {
        var data = Path.Combine(_directory.FullName, "data");
        var backup = Path.Combine(_directory.FullName, "backup.db");
        await using (await SiloHost.StartAsync(new SiloOptions { DataDirectory = data, Port = 0 }))
        {
            var made = await SiloProcess.RunAsync("backup", "--data", data, "--to", backup);
            Assert.True(made.ExitCode == 0, made.Errors);
            Assert.Contains("checked", made.Output, StringComparison.Ordinal);
            var refused = await SiloProcess.RunAsync("restore", "--data", data, "--from", backup);
            Assert.Equal(1, refused.ExitCode);
            Assert.Matches("^xtmp-silo: .* is in use by another silo", refused.Errors);
        }

        var restored = await SiloProcess.RunAsync("restore", "--data", data, "--from", backup);
        Assert.True(restored.ExitCode == 0, restored.Errors);
        Assert.True(File.Exists(restored.Output.Split("kept as ")[1].Trim()));
        await using var again = await SiloHost.StartAsync(new SiloOptions { DataDirectory = data, Port = 0 });
    }

    [Fact]
    public async Task refuses_a_copy_of_a_newer_layout_of_another_program_or_with_damage()
    {
        var data = Path.Combine(_directory.FullName, "data");
        await using (await SiloHost.StartAsync(new SiloOptions { DataDirectory = data, Port = 0 }))
        {
        }

        var store = Path.Combine(data, "grains.db");
        var newer = Copy(store, "PRAGMA user_version = 99");
        Assert.Contains("has layout 99", Refused(newer, store), StringComparison.Ordinal);
        var other = Copy(store, "PRAGMA application_id = 5");
        Assert.Contains("another program", Refused(other, store), StringComparison.Ordinal);
        var torn = Copy(store, "PRAGMA journal_mode = DELETE");
        using (var file = new FileStream(torn, FileMode.Open, FileAccess.ReadWrite))
        {
            // Past the header and the schema's page: pages of tables.
            file.Position = 4096;
            file.Write(Enumerable.Repeat((byte)0x5A, 4096 * 3).ToArray());
        }

        Assert.Contains("damaged", Refused(torn, store), StringComparison.Ordinal);
        var text = Path.Combine(_directory.FullName, "text");
        await File.WriteAllTextAsync(text, new string('x', 5000));
        Assert.Contains("not a SQLite database", Refused(text, store), StringComparison.Ordinal);
        Assert.Contains("does not exist", Refused(Path.Combine(_directory.FullName, "none"), store), StringComparison.Ordinal);
        await using var silo = await SiloHost.StartAsync(new SiloOptions { DataDirectory = data, Port = 0 });
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private static string Refused(string backup, string store) => Assert.Throws<XtmpException>(() => SqliteBackup.Restore(backup, store, DateTimeOffset.UtcNow)).Message;

    private string Copy(string store, string sql)
    {
        var copy = Path.Combine(_directory.FullName, Guid.NewGuid().ToString("n"));
        SqliteBackup.Create(store, copy);
        Assert.Equal(raw.SQLITE_OK, raw.sqlite3_open(copy, out var connection));
        Assert.Equal(raw.SQLITE_OK, raw.sqlite3_exec(connection, sql));
        raw.sqlite3_close_v2(connection);
        return copy;
    }
}
