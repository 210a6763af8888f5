namespace Xtmp.Storage;

/// <summary>Limits of a PostgreSQL store.</summary>
public sealed record PostgresGrainStoreOptions
{
    /// <summary>Commits of this process waiting for a writer before further ones are refused with <c>Overloaded</c>.</summary>
    public int MaxQueuedCommits { get; init; } = 65_536;

    /// <summary>Most commits in one transaction, that is, behind one flush of the server's log.</summary>
    public int MaxCommitsPerTransaction { get; init; } = 512;

    /// <summary>A transaction takes no further commit once those it has hold this many bytes.</summary>
    public int MaxTransactionBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>Transactions under way at once. The commits of one grain always go to the same writer.</summary>
    public int Writers { get; init; } = 2;

    /// <summary>Connections of this process, those of the writers included; further readers wait.</summary>
    public int MaxConnections { get; init; } = 16;

    /// <summary>How often a transaction is tried again that lost against another process (serialization failure, deadlock).</summary>
    public int MaxRetries { get; init; } = 5;

    /// <summary>How much the database may hold, whoever wrote it. Each silo measures it for itself, and adds what it writes meanwhile.</summary>
    public StoreLimits Limits { get; init; } = new();

    /// <summary>
    /// Time between measurements of the database's size and count of grains. One that takes long is made more seldom: it uses
    /// at most a twentieth of a writer's time.
    /// </summary>
    public TimeSpan MeasureInterval { get; init; } = TimeSpan.FromSeconds(10);
}
