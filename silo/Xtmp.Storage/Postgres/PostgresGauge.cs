using System.Diagnostics;
using Npgsql;

namespace Xtmp.Storage;

/// <summary>Measures a database from time to time; the writers of a store share it.</summary>
internal sealed class PostgresGauge(NpgsqlDataSource source, StoreCapacity capacity, TimeSpan interval)
{
    private const int MaxShareOfTime = 20;

    private readonly SemaphoreSlim _measuring = new(1, 1);
    private long _nextAt;

    /// <summary>Measures where it is time to; a writer that comes while another one measures goes on with the last figures.</summary>
    /// <exception cref="NpgsqlException">The database cannot be used.</exception>
    public async ValueTask MeasureAsync()
    {
        if (Environment.TickCount64 < Volatile.Read(ref _nextAt) || (!capacity.HasByteLimit && !capacity.CountsGrains) || !_measuring.Wait(0))
        {
            return;
        }

        try
        {
            var started = Stopwatch.GetTimestamp();
            await using (var size = source.CreateCommand("SELECT pg_database_size(current_database())"))
            {
                capacity.Measured((long)(await size.ExecuteScalarAsync().ConfigureAwait(false))!);
            }

            if (capacity.CountsGrains)
            {
                await using var count = source.CreateCommand("SELECT count(*) FROM xtmp_grain");
                capacity.Counted((long)(await count.ExecuteScalarAsync().ConfigureAwait(false))!);
            }

            var rest = Stopwatch.GetElapsedTime(started) * MaxShareOfTime;
            Volatile.Write(ref _nextAt, Environment.TickCount64 + (long)(rest > interval ? rest : interval).TotalMilliseconds);
        }
        finally
        {
            _measuring.Release();
        }
    }
}
