namespace Xtmp.Storage;

/// <summary>Tables of the store, and the checks a file passes before it is used.</summary>
internal static class SqliteSchema
{
    /// <summary>"XTMP" in SQLite's application id: tells our files from others'.</summary>
    private const long ApplicationId = 0x58544D50;

    private const long Version = 1;

    private const string Create = """
        CREATE TABLE grain (
            id INTEGER PRIMARY KEY,
            kind TEXT NOT NULL,
            key TEXT NOT NULL,
            version INTEGER NOT NULL,
            state BLOB,
            seal BLOB,
            UNIQUE (kind, key)
        );
        CREATE TABLE entry (
            grain INTEGER NOT NULL,
            key TEXT NOT NULL,
            value BLOB NOT NULL,
            seal BLOB NOT NULL,
            PRIMARY KEY (grain, key)
        ) WITHOUT ROWID;
        CREATE TABLE outbox (
            grain INTEGER NOT NULL,
            version INTEGER NOT NULL,
            ordinal INTEGER NOT NULL,
            target_kind TEXT NOT NULL,
            target_key TEXT NOT NULL,
            method TEXT NOT NULL,
            payload BLOB NOT NULL,
            notify INTEGER NOT NULL,
            seal BLOB NOT NULL,
            PRIMARY KEY (grain, version, ordinal)
        ) WITHOUT ROWID;
        CREATE TABLE reminder (
            grain INTEGER NOT NULL,
            name TEXT NOT NULL,
            due INTEGER NOT NULL,
            period INTEGER,
            PRIMARY KEY (grain, name)
        ) WITHOUT ROWID;
        CREATE INDEX reminder_due ON reminder (due);
        """;

    /// <summary>Refuses a database of another program or of another layout than this build's.</summary>
    public static void RequireReadable(SqliteConnection connection)
    {
        if (connection.ReadNumber("PRAGMA application_id") != ApplicationId)
        {
            throw SqliteErrors.Create(connection.File, "is a SQLite database of another program.");
        }

        var version = connection.ReadNumber("PRAGMA user_version");
        if (version != Version)
        {
            throw SqliteErrors.Create(connection.File, $"has layout {version}; this build reads layout {Version}.");
        }
    }

    public static void Open(SqliteConnection connection, SqliteGrainStoreOptions options)
    {
        connection.Execute("PRAGMA busy_timeout = 2000");
        var applicationId = connection.ReadNumber("PRAGMA application_id");
        var version = connection.ReadNumber("PRAGMA user_version");
        var isNew = applicationId == 0 && version == 0 && connection.ReadNumber("SELECT count(*) FROM sqlite_master") == 0;
        if (!isNew)
        {
            RequireReadable(connection);
        }

        if (!isNew && options.CheckOnOpenMaxBytes > 0 && new FileInfo(connection.File).Length <= options.CheckOnOpenMaxBytes)
        {
            var found = connection.ReadText("PRAGMA quick_check(1)");
            if (found != "ok")
            {
                throw SqliteErrors.Create(connection.File, $"is damaged; restore it from a backup ({found}).");
            }
        }

        connection.ReadText("PRAGMA journal_mode = WAL");
        connection.Execute("PRAGMA synchronous = FULL");
        connection.Execute("PRAGMA wal_autocheckpoint = 4000");
        connection.Execute($"PRAGMA cache_size = -{SqliteGrainStoreOptions.CacheKibibytes}");
        connection.Execute("PRAGMA journal_size_limit = 67108864");
        connection.Execute("PRAGMA cell_size_check = ON");
        if (options.Limits.MaxBytes > 0)
        {
            var pageSize = connection.ReadNumber("PRAGMA page_size");
            connection.ReadNumber($"PRAGMA max_page_count = {(options.Limits.MaxBytes + SqliteGrainStoreOptions.RewriteBytes) / pageSize}");
        }

        if (isNew)
        {
            connection.Execute($"BEGIN IMMEDIATE; {Create} PRAGMA application_id = {ApplicationId}; PRAGMA user_version = {Version}; COMMIT");
        }
    }
}
