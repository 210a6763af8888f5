using SQLitePCL;

namespace Xtmp.Storage;

/// <summary>One open connection; its owner lets one thread at a time use it.</summary>
internal sealed class SqliteConnection : IDisposable
{
    private readonly List<SqliteStatement> _statements = [];
    private readonly sqlite3 _handle;

    static SqliteConnection() => Batteries_V2.Init();

    public SqliteConnection(string file, bool write)
    {
        File = file;
        var flags = raw.SQLITE_OPEN_NOMUTEX | (write ? raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_CREATE : raw.SQLITE_OPEN_READONLY);
        var code = raw.sqlite3_open_v2(file, out _handle, flags, null);
        if (code != raw.SQLITE_OK)
        {
            _handle.Dispose();
            throw SqliteErrors.Create(code, file, "opening it", null);
        }
    }

    public string File { get; }

    public SqliteStatement Prepare(string sql)
    {
        var code = raw.sqlite3_prepare_v2(_handle, sql, out var statement);
        Check(code, "preparing a statement");
        var prepared = new SqliteStatement(this, statement);
        _statements.Add(prepared);
        return prepared;
    }

    public void Execute(string sql)
    {
        var code = raw.sqlite3_exec(_handle, sql);
        Check(code, sql.Length < 40 ? sql : "running a script");
    }

    public long ReadNumber(string sql)
    {
        var statement = Prepare(sql);
        try
        {
            return statement.Step() ? statement.Int64(0) : 0;
        }
        finally
        {
            Release(statement);
        }
    }

    public string ReadText(string sql)
    {
        var statement = Prepare(sql);
        try
        {
            return statement.Step() ? statement.Text(0) : "";
        }
        finally
        {
            Release(statement);
        }
    }

    /// <summary>Copies the whole database into another connection's, in one step.</summary>
    public void CopyTo(SqliteConnection target)
    {
        using var backup = raw.sqlite3_backup_init(target._handle, "main", _handle, "main");
        if (backup is null || backup.IsInvalid)
        {
            throw target.Error(raw.sqlite3_errcode(target._handle), "beginning a backup");
        }

        var code = raw.sqlite3_backup_step(backup, -1);
        target.Check(code, "copying");
    }

    public void Check(int code, string doing)
    {
        if (code is raw.SQLITE_OK or raw.SQLITE_ROW or raw.SQLITE_DONE)
        {
            return;
        }

        throw Error(code, doing);
    }

    public Exception Error(int code, string doing) =>
        SqliteErrors.Create(raw.sqlite3_extended_errcode(_handle) is var extended and not 0 ? extended : code, File, doing, raw.sqlite3_errmsg(_handle).utf8_to_string());

    /// <summary>False when SQLite has already ended the transaction by itself, as it does on some errors.</summary>
    public bool InTransaction => raw.sqlite3_get_autocommit(_handle) == 0;

    /// <summary>Rows that the latest statement has changed.</summary>
    public int Changes => raw.sqlite3_changes(_handle);

    /// <summary>Primary result code of the latest call.</summary>
    public int LastError => raw.sqlite3_errcode(_handle);

    public void Dispose()
    {
        foreach (var statement in _statements)
        {
            statement.Close();
        }

        _statements.Clear();
        _handle.Dispose();
    }

    private void Release(SqliteStatement statement)
    {
        _statements.Remove(statement);
        statement.Close();
    }
}
