using System.Diagnostics.Metrics;
using Xtmp.Protocol;

namespace Xtmp.Storage;

/// <summary>What a store holds, held against its limits. Any thread may use it.</summary>
internal sealed class StoreCapacity : IDisposable
{
    /// <summary>Instruments of all stores of the process.</summary>
    public const string MeterName = "Xtmp.Storage";

    private readonly Meter _meter = new(MeterName);
    private readonly Counter<long> _refusals;
    private readonly StoreLimits _limits;
    private readonly string _place;
    private readonly long _reserved;
    private long _bytes;
    private long _grains;

    public StoreCapacity(StoreLimits limits, string place)
    {
        limits.Require();
        _limits = limits;
        _place = place;
        _reserved = Math.Min(limits.ReservedBytes, limits.MaxBytes / 2);
        _refusals = _meter.CreateCounter<long>("xtmp.storage.refusals", "{commit}", "Commits refused because the store is full.");
        _meter.CreateObservableGauge("xtmp.storage.size", () => Volatile.Read(ref _bytes), "By", "Bytes the store takes.");
        _meter.CreateObservableGauge("xtmp.storage.size.limit", () => _limits.MaxBytes, "By", "Bytes it may take, the reserve for settling among them; 0: no limit.");
        _meter.CreateObservableGauge("xtmp.storage.grains", () => Volatile.Read(ref _grains), "{grain}", "Grains with anything stored.");
    }

    /// <summary>Grains are counted only where they are limited: in a large store counting takes a while.</summary>
    public bool CountsGrains => _limits.MaxGrains > 0;

    public bool HasByteLimit => _limits.MaxBytes > 0;

    public void Measured(long bytes) => Volatile.Write(ref _bytes, bytes);

    public void Counted(long grains) => Volatile.Write(ref _grains, grains);

    public void Grew(long bytes, long grains)
    {
        Interlocked.Add(ref _bytes, bytes);
        Interlocked.Add(ref _grains, grains);
    }

    /// <summary>Null where the commit may be written; else why not.</summary>
    /// <param name="commit">What is to be written.</param>
    /// <param name="disk">False where the disk has little left: only what settles is written then.</param>
    public XtmpException? Refuse(GrainCommit commit, bool disk = true)
    {
        if (!commit.Adds)
        {
            return null;
        }

        if (!disk && !commit.Settles)
        {
            return Full("the disk has little left");
        }

        if (_limits.MaxBytes > 0)
        {
            var limit = commit.Settles ? _limits.MaxBytes : _limits.MaxBytes - (commit.OnlyReplacesState ? _reserved / 2 : _reserved);
            if (Volatile.Read(ref _bytes) + commit.Size > limit)
            {
                return Full($"it may take {_limits.MaxBytes} bytes");
            }
        }

        return _limits.MaxGrains > 0 && commit is { ExpectedVersion: 0, Settles: false } && Volatile.Read(ref _grains) >= _limits.MaxGrains
            ? Full($"it may keep {_limits.MaxGrains} grains")
            : null;
    }

    /// <summary>The store itself could not take more, whatever the limits say.</summary>
    public XtmpException Full(string why)
    {
        _refusals.Add(1);
        return new XtmpException(XtmpErrorCode.StorageFull, Fault.Local, $"The grain store '{_place}' is full: {why}. Nothing of this commit is stored.", retryable: true);
    }

    public void Dispose() => _meter.Dispose();
}
