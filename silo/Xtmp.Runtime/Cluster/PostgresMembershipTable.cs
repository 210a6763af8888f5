using System.Globalization;
using Npgsql;
using NpgsqlTypes;
using Orleans;
using Orleans.Runtime;
using Xtmp.Storage;

namespace Xtmp.Runtime;

/// <summary>
/// Who is in the cluster, in two PostgreSQL tables: a row a silo, and the version of the whole, which every change but a
/// heartbeat raises by one. Each operation is one transaction; its conditions are Orleans' etags.
/// </summary>
internal sealed class PostgresMembershipTable : IMembershipTable, IAsyncDisposable
{
    private const int Connections = 2;

    private static readonly string[] Steps =
    [
        """
        CREATE TABLE xtmp_cluster (cluster text PRIMARY KEY, version int NOT NULL);
        CREATE TABLE xtmp_silo (
            cluster text NOT NULL, silo text NOT NULL, etag bigint NOT NULL, status int NOT NULL, suspects text NOT NULL, proxy_port int NOT NULL,
            host text NOT NULL, name text NOT NULL, role text NOT NULL, started timestamptz NOT NULL, alive timestamptz NOT NULL,
            PRIMARY KEY (cluster, silo));
        """,
    ];

    private readonly NpgsqlDataSource _source;
    private readonly string _cluster;

    public PostgresMembershipTable(ClusterSettings settings)
    {
        // A pool of its own: grains that keep the store's connections busy must not make this silo look dead.
        _source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(settings.ConnectionString) { MaxPoolSize = Connections });
        _cluster = settings.Name;
    }

    public async Task InitializeMembershipTable(bool tryInitTableVersion)
    {
        await PostgresSchema.MigrateAsync(_source, "membership", Steps);
        if (tryInitTableVersion)
        {
            await ExecuteAsync(null, "INSERT INTO xtmp_cluster (cluster, version) VALUES ($1, 0) ON CONFLICT DO NOTHING");
        }
    }

    public Task DeleteMembershipTableEntries(string clusterId) =>
        TransactAsync(async connection =>
        {
            await ExecuteAsync(connection, "DELETE FROM xtmp_silo WHERE cluster = $1");
            await ExecuteAsync(connection, "DELETE FROM xtmp_cluster WHERE cluster = $1");
            return true;
        });

    public Task CleanupDefunctSiloEntries(DateTimeOffset beforeDate) => ExecuteAsync(
        null, "DELETE FROM xtmp_silo WHERE cluster = $1 AND status = $2 AND greatest(alive, started) < $3", Number((int)SiloStatus.Dead), Time(beforeDate.UtcDateTime));

    public Task<MembershipTableData> ReadRow(SiloAddress key) => ReadAsync("AND s.silo = $2", Text(key.ToParsableString()));

    public Task<MembershipTableData> ReadAll() => ReadAsync("");

    public Task<bool> InsertRow(MembershipEntry entry, TableVersion tableVersion) => TransactAsync(async connection =>
        await RaiseAsync(connection, tableVersion) && await ExecuteAsync(
            connection,
            """
            INSERT INTO xtmp_silo (cluster, silo, etag, status, suspects, proxy_port, host, name, role, started, alive)
            VALUES ($1, $2, 1, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING
            """,
            Columns(entry)) == 1);

    public Task<bool> UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion) => TransactAsync(async connection =>
        await RaiseAsync(connection, tableVersion) && await ExecuteAsync(
            connection,
            """
            UPDATE xtmp_silo SET etag = etag + 1, status = $3, suspects = $4, proxy_port = $5, host = $6, name = $7, role = $8, started = $9, alive = greatest(alive, $10)
            WHERE cluster = $1 AND silo = $2 AND etag = $11
            """,
            [.. Columns(entry), new NpgsqlParameter<long> { TypedValue = long.Parse(etag, CultureInfo.InvariantCulture) }]) == 1);

    public Task UpdateIAmAlive(MembershipEntry entry) => ExecuteAsync(
        null, "UPDATE xtmp_silo SET alive = $3 WHERE cluster = $1 AND silo = $2", Text(entry.SiloAddress.ToParsableString()), Time(entry.IAmAliveTime));

    public ValueTask DisposeAsync() => _source.DisposeAsync();

    private static NpgsqlParameter[] Columns(MembershipEntry entry) =>
    [
        Text(entry.SiloAddress.ToParsableString()),
        Number((int)entry.Status),
        Text(string.Join('|', (entry.SuspectTimes ?? []).Select(suspect => $"{suspect.Item1.ToParsableString()},{suspect.Item2.Ticks.ToString(CultureInfo.InvariantCulture)}"))),
        Number(entry.ProxyPort),
        Text(entry.HostName ?? ""),
        Text(entry.SiloName ?? ""),
        Text(entry.RoleName ?? ""),
        Time(entry.StartTime),
        Time(entry.IAmAliveTime),
    ];

    private static MembershipEntry Entry(NpgsqlDataReader row) => new()
    {
        SiloAddress = SiloAddress.FromParsableString(row.GetString(1)),
        Status = (SiloStatus)row.GetInt32(3),
        SuspectTimes = [.. row.GetString(4).Split('|', StringSplitOptions.RemoveEmptyEntries).Select(Suspect)],
        ProxyPort = row.GetInt32(5),
        HostName = row.GetString(6),
        SiloName = row.GetString(7),
        RoleName = row.GetString(8),
        StartTime = row.GetDateTime(9),
        IAmAliveTime = row.GetDateTime(10),
    };

    private static Tuple<SiloAddress, DateTime> Suspect(string text)
    {
        var comma = text.LastIndexOf(',');
        return Tuple.Create(SiloAddress.FromParsableString(text[..comma]), new DateTime(long.Parse(text.AsSpan(comma + 1), CultureInfo.InvariantCulture), DateTimeKind.Utc));
    }

    private static NpgsqlParameter Text(string value) => new NpgsqlParameter<string> { TypedValue = value };

    private static NpgsqlParameter Number(int value) => new NpgsqlParameter<int> { TypedValue = value };

    private static NpgsqlParameter Time(DateTime value) => new NpgsqlParameter<DateTime> { TypedValue = DateTime.SpecifyKind(value, DateTimeKind.Utc), NpgsqlDbType = NpgsqlDbType.TimestampTz };

    // The table's version and its rows in one statement, and so of one moment.
    private async Task<MembershipTableData> ReadAsync(string condition, params NpgsqlParameter[] parameters)
    {
        await using var command = _source.CreateCommand(
            $"""
            SELECT c.version, s.silo, s.etag, s.status, s.suspects, s.proxy_port, s.host, s.name, s.role, s.started, s.alive
            FROM xtmp_cluster AS c LEFT JOIN xtmp_silo AS s ON s.cluster = c.cluster {condition} WHERE c.cluster = $1
            """);
        Add(command, parameters);
        await using var row = await command.ExecuteReaderAsync();
        var members = new List<Tuple<MembershipEntry, string>>();
        var version = 0;
        while (await row.ReadAsync())
        {
            version = row.GetInt32(0);
            if (!row.IsDBNull(1))
            {
                members.Add(Tuple.Create(Entry(row), row.GetInt64(2).ToString(CultureInfo.InvariantCulture)));
            }
        }

        return new MembershipTableData(members, new TableVersion(version, version.ToString(CultureInfo.InvariantCulture)));
    }

    private async Task<bool> RaiseAsync(NpgsqlConnection connection, TableVersion version) => await ExecuteAsync(
        connection,
        "UPDATE xtmp_cluster SET version = $2 WHERE cluster = $1 AND version = $3",
        Number(version.Version),
        Number(int.Parse(version.VersionEtag, CultureInfo.InvariantCulture))) == 1;

    /// <summary>False, and nothing is changed, where a condition did not hold.</summary>
    private async Task<bool> TransactAsync(Func<NpgsqlConnection, Task<bool>> change)
    {
        await using var connection = await _source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var holds = await change(connection);
        await (holds ? transaction.CommitAsync() : transaction.RollbackAsync());
        return holds;
    }

    private async Task<int> ExecuteAsync(NpgsqlConnection? connection, string text, params NpgsqlParameter[] parameters)
    {
        await using var command = connection?.CreateCommand() ?? _source.CreateCommand();
        command.CommandText = text;
        Add(command, parameters);
        return await command.ExecuteNonQueryAsync();
    }

    private void Add(NpgsqlCommand command, NpgsqlParameter[] parameters)
    {
        command.Parameters.Add(Text(_cluster));
        command.Parameters.AddRange(parameters);
    }
}
