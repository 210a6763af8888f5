using Npgsql;
using Xtmp.Protocol;

namespace Xtmp.Storage;

/// <summary>
/// Versioned schemas in one PostgreSQL database. Each component has a list of steps; a step runs once, in one transaction
/// with its number, whichever process comes first.
/// </summary>
public static class PostgresSchema
{
    // Any number that no other program is likely to lock: "xtmp" in ASCII.
    private const long MigrationLock = 0x78_74_6D_70;

    /// <summary>The component of the grain store.</summary>
    internal const string Grains = "grains";

    internal static IReadOnlyList<string> GrainSteps { get; } =
    [
        """
        CREATE TABLE xtmp_grain (
            kind text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL, version bigint NOT NULL, state bytea,
            PRIMARY KEY (kind, key)) WITH (fillfactor = 70);
        CREATE TABLE xtmp_entry (
            kind text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL, name text COLLATE "C" NOT NULL, value bytea NOT NULL,
            PRIMARY KEY (kind, key, name));
        CREATE TABLE xtmp_outbox (
            kind text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL, version bigint NOT NULL, ordinal int NOT NULL,
            target_kind text NOT NULL, target_key text NOT NULL, method text NOT NULL, payload bytea NOT NULL, notify bool NOT NULL,
            PRIMARY KEY (kind, key, version, ordinal));
        CREATE TABLE xtmp_reminder (
            kind text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL, name text COLLATE "C" NOT NULL, due bigint NOT NULL, period bigint,
            PRIMARY KEY (kind, key, name));
        CREATE INDEX xtmp_reminder_due ON xtmp_reminder (due);
        """,
    ];

    /// <summary>Brings a component's tables to the newest version, or leaves them as they are.</summary>
    /// <param name="source">The database.</param>
    /// <param name="component">Whose tables.</param>
    /// <param name="steps">Statements of version 1, 2, …; a published step never changes.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="XtmpException"><see cref="XtmpErrorCode.StorageUnavailable"/>: the tables are newer than these steps.</exception>
    /// <exception cref="NpgsqlException">The database cannot be used.</exception>
    public static async Task MigrateAsync(NpgsqlDataSource source, string component, IReadOnlyList<string> steps, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(steps);
        await using var connection = await source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        await ExecuteAsync($"SELECT pg_advisory_xact_lock({MigrationLock})").ConfigureAwait(false);
        await ExecuteAsync("CREATE TABLE IF NOT EXISTS xtmp_schema (component text PRIMARY KEY, version int NOT NULL)").ConfigureAwait(false);
        await using var read = new NpgsqlCommand("SELECT version FROM xtmp_schema WHERE component = $1", connection, transaction) { Parameters = { new() { Value = component } } };
        var version = await read.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) as int? ?? 0;
        if (version > steps.Count)
        {
            throw new XtmpException(
                XtmpErrorCode.StorageUnavailable,
                Fault.Local,
                $"The tables of '{component}' have version {version}; this program knows up to {steps.Count}. Use a newer one.");
        }

        foreach (var step in steps.Skip(version))
        {
            await ExecuteAsync(step).ConfigureAwait(false);
        }

        await using var write = new NpgsqlCommand(
            "INSERT INTO xtmp_schema (component, version) VALUES ($1, $2) ON CONFLICT (component) DO UPDATE SET version = excluded.version", connection, transaction)
        {
            Parameters = { new() { Value = component }, new() { Value = steps.Count } },
        };
        await write.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);

        async Task ExecuteAsync(string text)
        {
            await using var command = new NpgsqlCommand(text, connection, transaction);
            await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }
    }
}
