using System.Globalization;
using Orleans;
using Orleans.Runtime;

namespace Xtmp.Testing;

/// <summary>One silo's way to the table of who is in the cluster. By the contract of <see cref="IMembershipTable"/>.</summary>
internal sealed class MemoryMembership(MemoryMembership.Table table) : IMembershipTable
{
    /// <summary>True: what the silo writes is lost, as it is of one that was killed. It goes away sooner where it believes that it said goodbye.</summary>
    public volatile bool IsMute;

    public Task InitializeMembershipTable(bool tryInitTableVersion) => Use(static _ => true);

    public Task DeleteMembershipTableEntries(string clusterId) => Use(static table =>
    {
        table.Rows.Clear();
        return true;
    });

    public Task CleanupDefunctSiloEntries(DateTimeOffset beforeDate) => Use(table =>
    {
        foreach (var (silo, row) in table.Rows.Where(row => row.Value.Entry.Status == SiloStatus.Dead && row.Value.Entry.IAmAliveTime < beforeDate.UtcDateTime).ToArray())
        {
            table.Rows.Remove(silo);
        }

        return true;
    });

    public Task<MembershipTableData> ReadRow(SiloAddress key) => Use(table => Data(table, table.Rows.Where(row => row.Key.Equals(key))));

    public Task<MembershipTableData> ReadAll() => Use(table => Data(table, table.Rows));

    public Task<bool> InsertRow(MembershipEntry entry, TableVersion tableVersion) => Use(table =>
    {
        if (IsMute)
        {
            return true;
        }

        if (!table.Rows.ContainsKey(entry.SiloAddress) && Raise(table, tableVersion))
        {
            table.Rows[entry.SiloAddress] = (Copy(entry), 1);
            return true;
        }

        return false;
    });

    public Task<bool> UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion) => Use(table =>
    {
        if (IsMute)
        {
            return true;
        }

        if (table.Rows.TryGetValue(entry.SiloAddress, out var row) && Text(row.ETag) == etag && Raise(table, tableVersion))
        {
            table.Rows[entry.SiloAddress] = (Copy(entry), row.ETag + 1);
            return true;
        }

        return false;
    });

    public Task UpdateIAmAlive(MembershipEntry entry) => Use(table =>
    {
        if (!IsMute && table.Rows.TryGetValue(entry.SiloAddress, out var row))
        {
            row.Entry.IAmAliveTime = entry.IAmAliveTime;
        }

        return true;
    });

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static bool Raise(Table table, TableVersion version)
    {
        if (Text(table.Version) != version.VersionEtag)
        {
            return false;
        }

        table.Version = version.Version;
        return true;
    }

    private static MembershipTableData Data(Table table, IEnumerable<KeyValuePair<SiloAddress, (MembershipEntry Entry, int ETag)>> rows) =>
        new([.. rows.Select(row => Tuple.Create(Copy(row.Value.Entry), Text(row.Value.ETag)))], new TableVersion(table.Version, Text(table.Version)));

    private static MembershipEntry Copy(MembershipEntry entry) => new()
    {
        SiloAddress = entry.SiloAddress,
        Status = entry.Status,
        SuspectTimes = [.. entry.SuspectTimes ?? []],
        ProxyPort = entry.ProxyPort,
        HostName = entry.HostName,
        SiloName = entry.SiloName,
        RoleName = entry.RoleName,
        UpdateZone = entry.UpdateZone,
        FaultZone = entry.FaultZone,
        StartTime = entry.StartTime,
        IAmAliveTime = entry.IAmAliveTime,
    };

    private Task<T> Use<T>(Func<Table, T> action)
    {
        lock (table)
        {
            return Task.FromResult(action(table));
        }
    }

    /// <summary>The table itself.</summary>
    internal sealed class Table
    {
        public Dictionary<SiloAddress, (MembershipEntry Entry, int ETag)> Rows { get; } = [];

        public int Version { get; set; }
    }
}
