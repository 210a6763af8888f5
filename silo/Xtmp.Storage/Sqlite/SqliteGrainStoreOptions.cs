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

    /// <summary>Largest size of the database in bytes; 0 for what the disk holds. A commit beyond it is refused.</summary>
    public long MaxFileBytes { get; init; }

    /// <summary>Files up to this size are checked for structural damage when they are opened; 0 checks none.</summary>
    public long CheckOnOpenMaxBytes { get; init; } = 64L * 1024 * 1024;
}
