using System.CommandLine;
using System.Globalization;
using Xtmp.Storage;

namespace Xtmp.Silo;

/// <summary><c>xtmp-silo backup</c> and <c>restore</c>: copies of the SQLite store.</summary>
internal static class StoreCommands
{
    private const int CouldNotRun = 1;

    public static Command Backup()
    {
        var data = new Option<DirectoryInfo>("--data") { Description = "Data directory of the silo, which may be running.", Required = true };
        var to = new Option<FileInfo>("--to") { Description = "File to make; one that exists is left alone.", Required = true };
        var command = new Command("backup", "Copies the store as it stands now, while the silo runs. The identity is a file of its own (identity.pem): keep a copy of that too.") { data, to };
        command.SetAction(parsed => Run(() =>
        {
            var bytes = SqliteBackup.Create(Path.Combine(parsed.GetValue(data)!.FullName, SiloEngine.DatabaseName), parsed.GetValue(to)!.FullName);
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{parsed.GetValue(to)!.FullName}: {bytes} bytes, checked"));
        }));
        return command;
    }

    public static Command Restore()
    {
        var data = new Option<DirectoryInfo>("--data") { Description = "Data directory of the silo, which must be stopped; made when missing.", Required = true };
        var from = new Option<FileInfo>("--from") { Description = "A file that backup has made.", Required = true };
        var command = new Command("restore", "Puts a copy of the store in its place, while the silo is stopped. The store that was there is kept beside it.") { data, from };
        command.SetAction(parsed => Run(() =>
        {
            var directory = parsed.GetValue(data)!.FullName;
            XtmpSilo.PrepareDirectory(directory, hasDatabase: false);
            var kept = SqliteBackup.Restore(parsed.GetValue(from)!.FullName, Path.Combine(directory, SiloEngine.DatabaseName), TimeProvider.System.GetUtcNow());
            Console.Out.WriteLine(kept is null ? "restored" : $"restored; what was there is kept as {kept}");
        }));
        return command;
    }

    private static int Run(Action action)
    {
        try
        {
            action();
            return 0;
        }
        catch (XtmpException error)
        {
            Console.Error.WriteLine($"xtmp-silo: {error.Message}");
            return CouldNotRun;
        }
    }
}
