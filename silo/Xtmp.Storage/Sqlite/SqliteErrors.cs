using SQLitePCL;
using Xtmp.Protocol;

namespace Xtmp.Storage;

/// <summary>SQLite's result codes as the errors a person can act on.</summary>
internal static class SqliteErrors
{
    public static XtmpException Create(int code, string file, string doing, string? detail)
    {
        var (text, retryable) = (code & 0xFF) switch
        {
            raw.SQLITE_BUSY or raw.SQLITE_LOCKED => ("is locked by another process", true),
            raw.SQLITE_FULL => ("cannot grow: the disk, or the size this store was given, is full", true),
            raw.SQLITE_CORRUPT => ("is damaged; restore it from a backup", false),
            raw.SQLITE_NOTADB => ("is not a SQLite database", false),
            raw.SQLITE_IOERR => ("could not be read or written", true),
            raw.SQLITE_READONLY => ("cannot be written", false),
            raw.SQLITE_CANTOPEN => ("cannot be opened", false),
            raw.SQLITE_PERM or raw.SQLITE_AUTH => ("may not be opened by this user", false),
            raw.SQLITE_NOMEM => ("needs more memory than there is", true),
            raw.SQLITE_TOOBIG => ("cannot hold a value that large", false),
            _ => ("failed", false),
        };
        return new XtmpException(
            (code & 0xFF) == raw.SQLITE_FULL ? XtmpErrorCode.StorageFull : XtmpErrorCode.StorageUnavailable,
            Fault.Local,
            $"The grain store '{file}' {text} (while {doing}; SQLite code {code}{(detail is null ? "" : ": " + detail)}).",
            retryable: retryable);
    }

    public static XtmpException Create(string file, string text, bool retryable = false) =>
        new(XtmpErrorCode.StorageUnavailable, Fault.Local, $"The grain store '{file}' {text}", retryable: retryable);
}
