using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Xtmp.Protocol;

namespace Xtmp.Transport;

/// <summary>
/// What all sessions of a process may hold for their peers at one time: bytes queued for sending, replies that wait for room in
/// that queue, frames and messages that have arrived in part, requests that are large or wait. What a message takes while it is
/// decompressed and read is not counted: one at a time of a session, on a thread of the pool. Over it new work is refused, and the session that holds most is closed first.
/// </summary>
public sealed class MemoryBudget : IDisposable
{
    /// <summary>Name of the meter: <c>xtmp.memory.used</c> and <c>xtmp.memory.limit</c> in bytes, <c>xtmp.memory.closed</c> in sessions.</summary>
    public const string MeterName = "Xtmp.Transport";

    private const long LargestDefault = 1024L * 1024 * 1024;

    // Sessions are closed until an eighth is free: at the very edge the next message would close the next session.
    private const int FreedShare = 8;

    private readonly ConcurrentDictionary<SessionPump, byte> _pumps = new();
    private readonly Meter _meter = new(MeterName);
    private readonly Counter<long> _closed;
    private long _used;
    private int _relieving;

    /// <param name="limit">Bytes.</param>
    public MemoryBudget(long limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        Limit = limit;
        _meter.CreateObservableGauge("xtmp.memory.used", () => Used, "By", "Bytes held for peers.");
        _meter.CreateObservableGauge("xtmp.memory.limit", () => Limit, "By", "Bytes that may be held for peers.");
        _closed = _meter.CreateCounter<long>("xtmp.memory.closed", "{session}", "Sessions closed because they held most when the budget was exceeded.");
    }

    /// <summary>An eighth of the memory this process may use, at most 1 GiB.</summary>
    public static long DefaultLimit => Math.Clamp(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 8, 16L * 1024 * 1024, LargestDefault);

    public long Limit { get; }

    /// <summary>Bytes held now.</summary>
    public long Used => Interlocked.Read(ref _used);

    public bool IsExceeded => Used > Limit;

    public void Dispose() => _meter.Dispose();

    internal void Enter(SessionPump pump) => _pumps.TryAdd(pump, 0);

    internal void Leave(SessionPump pump) => _pumps.TryRemove(pump, out _);

    internal void Change(long bytes)
    {
        if (Interlocked.Add(ref _used, bytes) > Limit && bytes > 0 && Interlocked.Exchange(ref _relieving, 1) == 0)
        {
            // Elsewhere: the caller holds its own session.
            ThreadPool.UnsafeQueueUserWorkItem(static budget => budget.Relieve(), this, preferLocal: false);
        }
    }

    private void Relieve()
    {
        bool isOver;
        do
        {
            isOver = CloseLargest();
            Volatile.Write(ref _relieving, 0);
        }
        while (isOver && Interlocked.Exchange(ref _relieving, 1) == 0);
    }

    /// <summary>True where there is more to do: others grew meanwhile, and nothing need happen any more that would tell.</summary>
    private bool CloseLargest()
    {
        var hasClosed = false;
        foreach (var (pump, _) in _pumps.OrderByDescending(pair => pair.Key.HeldBytes).ToArray())
        {
            // One that holds nothing frees nothing.
            if (Used <= Limit - (Limit / FreedShare) || pump.HeldBytes == 0)
            {
                break;
            }

            _closed.Add(1);
            pump.Shed();
            hasClosed = true;
        }

        return hasClosed && IsExceeded;
    }
}
