using SQLitePCL;
using Xtmp.Protocol;

namespace Xtmp.Storage;

/// <summary>Copies of a SQLite store: made while a silo uses it, and put in its place while none does.</summary>
public static class SqliteBackup
{
    private const UnixFileMode OwnerFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>
    /// Copies the store as it stands at one moment, with SQLite's online backup: a silo that uses it goes on reading and
    /// committing meanwhile. The copy is one file, is checked, and appears under its name when it is whole and on the disk.
    /// </summary>
    /// <param name="store">The store's file.</param>
    /// <param name="target">The file to make.</param>
    /// <returns>Bytes of the copy.</returns>
    /// <exception cref="XtmpException">Local fault: there is no store, the target exists or cannot be written, or the copy is damaged.</exception>
    public static long Create(string store, string target)
    {
        Require(store);
        if (Path.Exists(target))
        {
            throw SqliteErrors.Create(target, "exists already; a backup overwrites nothing.");
        }

        var partial = target + ".partial";
        return Use(target, () =>
        {
            File.Delete(partial);
            MakePrivate(partial);
            try
            {
                using (var source = new SqliteConnection(store, write: false))
                using (var copy = new SqliteConnection(partial, write: true))
                {
                    SqliteSchema.RequireReadable(source);

                    // In one step: it reads one moment of the write-ahead log, and no commit meanwhile makes it start again.
                    source.CopyTo(copy);
                    copy.ReadText("PRAGMA journal_mode = DELETE");
                    Check(copy);
                }

                File.Move(partial, target);
                return new FileInfo(target).Length;
            }
            finally
            {
                File.Delete(partial);
            }
        });
    }

    /// <summary>
    /// Puts a copy in the place of a store that no silo uses. What was there is kept beside it, under a name that ends with the time.
    /// </summary>
    /// <param name="backup">The copy.</param>
    /// <param name="store">The store's file.</param>
    /// <param name="now">For the name of what is kept.</param>
    /// <returns>Where the store that was there is kept; null where there was none.</returns>
    /// <exception cref="XtmpException">Local fault: a silo uses the store, or the copy is damaged, of another program, or of a newer layout.</exception>
    public static string? Restore(string backup, string store, DateTimeOffset now)
    {
        Require(backup);
        return Use(store, () =>
        {
            using var fileLock = new SqliteFileLock(store);
            using (var source = new SqliteConnection(backup, write: false))
            {
                SqliteSchema.RequireReadable(source);
                Check(source);
            }

            var partial = store + ".restoring";
            File.Delete(partial);
            MakePrivate(partial);
            using (var from = File.OpenRead(backup))
            using (var to = new FileStream(partial, FileMode.Open, FileAccess.Write))
            {
                from.CopyTo(to);
                to.Flush(flushToDisk: true);
            }

            string? kept = null;
            if (File.Exists(store))
            {
                kept = $"{store}.{now.UtcDateTime:yyyyMMddTHHmmssZ}";
                File.Move(store, kept);
            }

            // The log holds commits of the store that goes; it goes with it.
            if (kept is not null && File.Exists(store + "-wal"))
            {
                File.Move(store + "-wal", kept + "-wal", overwrite: true);
            }

            File.Delete(store + "-wal");
            File.Delete(store + "-shm");
            File.Move(partial, store);
            return kept;
        });
    }

    private static void Check(SqliteConnection connection)
    {
        var found = connection.ReadText("PRAGMA quick_check(1)");
        if (found != "ok")
        {
            throw SqliteErrors.Create(connection.File, $"is damaged ({found}).");
        }
    }

    private static void Require(string file)
    {
        if (!File.Exists(file))
        {
            throw SqliteErrors.Create(file, "does not exist.");
        }
    }

    private static void MakePrivate(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerFile;
        }

        new FileStream(path, options).Dispose();
    }

    private static T Use<T>(string file, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new XtmpException(XtmpErrorCode.StorageUnavailable, Fault.Local, $"The file '{file}' cannot be used: {error.Message}", innerException: error);
        }
    }
}
