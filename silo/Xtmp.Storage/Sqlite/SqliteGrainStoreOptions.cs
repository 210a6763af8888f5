namespace Xtmp.Storage;

/// <summary>Limits of a SQLite store.</summary>
public sealed record SqliteGrainStoreOptions
{
    /// <summary>Commits waiting for the writer before further ones are refused with <c>Overloaded</c>.</summary>
    public int MaxQueuedCommits { get; init; } = 65_536;

    /// <summary>Most commits in one transaction, that is, behind one flush to the disk.</summary>
    public int MaxCommitsPerTransaction { get; init; } = 1024;

    /// <summary>Connections for reading; each is used by one thread at a time.</summary>
    public int Readers { get; init; } = Math.Clamp(Environment.ProcessorCount, 2, 16);

    /// <summary>
    /// Bytes by which the file may pass its limit: SQLite writes a row anew before it gives up the room of the old one, so that
    /// even a row that is to go needs some.
    /// </summary>
    public const long RewriteBytes = 32L * 1024 * 1024;

    /// <summary>KiB of pages that the writing connection keeps in memory at most: commits read few of theirs from the file again.</summary>
    public const int CacheKibibytes = 32 * 1024;

    /// <summary>How much the store keeps, <see cref="RewriteBytes"/> aside. The write-ahead log beside the file takes up to 64 MiB more.</summary>
    public StoreLimits Limits { get; init; } = new();

    /// <summary>Where the disk has less than this left, in bytes, only what settles is written; 0: as far as the disk goes.</summary>
    public long MinFreeDiskBytes { get; init; } = 256L * 1024 * 1024;

    /// <summary>Files up to this size are checked for structural damage when they are opened; 0 checks none.</summary>
    public long CheckOnOpenMaxBytes { get; init; } = 64L * 1024 * 1024;
}
