using SQLitePCL;

namespace Xtmp.Storage;

/// <summary>A prepared statement: bind, step, read, reset.</summary>
internal sealed class SqliteStatement
{
    private readonly SqliteConnection _connection;
    private readonly sqlite3_stmt _handle;

    public SqliteStatement(SqliteConnection connection, sqlite3_stmt handle)
    {
        _connection = connection;
        _handle = handle;
    }

    public SqliteStatement Bind(int index, string value)
    {
        _connection.Check(raw.sqlite3_bind_text(_handle, index, value), "binding a text");
        return this;
    }

    public SqliteStatement Bind(int index, long value)
    {
        _connection.Check(raw.sqlite3_bind_int64(_handle, index, value), "binding a number");
        return this;
    }

    public SqliteStatement Bind(int index, ReadOnlySpan<byte> value)
    {
        // A blob of no bytes must stay a blob: bound by its (null) address it would become NULL.
        var code = value.IsEmpty ? raw.sqlite3_bind_zeroblob(_handle, index, 0) : raw.sqlite3_bind_blob(_handle, index, value);
        _connection.Check(code, "binding bytes");
        return this;
    }

    public SqliteStatement BindNull(int index)
    {
        _connection.Check(raw.sqlite3_bind_null(_handle, index), "binding null");
        return this;
    }

    /// <summary>True when there is a row.</summary>
    public bool Step()
    {
        var code = raw.sqlite3_step(_handle);
        if (code is raw.SQLITE_ROW or raw.SQLITE_DONE)
        {
            return code == raw.SQLITE_ROW;
        }

        var error = _connection.Error(code, "reading or writing a row");
        Reset();
        throw error;
    }

    /// <summary>Steps a statement that gives no rows of interest, and makes it ready for the next use.</summary>
    public void Run()
    {
        while (Step())
        {
        }

        Reset();
    }

    public long Int64(int column) => raw.sqlite3_column_int64(_handle, column);

    public bool IsNull(int column) => raw.sqlite3_column_type(_handle, column) == raw.SQLITE_NULL;

    public string Text(int column) => raw.sqlite3_column_text(_handle, column).utf8_to_string();

    /// <summary>A copy of the column's bytes.</summary>
    public byte[] Bytes(int column) => raw.sqlite3_column_blob(_handle, column).ToArray();

    public ReadOnlySpan<byte> Span(int column) => raw.sqlite3_column_blob(_handle, column);

    public void Reset()
    {
        raw.sqlite3_reset(_handle);
        raw.sqlite3_clear_bindings(_handle);
    }

    public void Close() => _handle.Dispose();
}
