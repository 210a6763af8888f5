using Xtmp.Protocol;

namespace Xtmp.Gateway;

/// <summary>What became of the calls of one method.</summary>
public sealed class MethodMetrics(MethodDescriptor method)
{
    private long _calls;
    private long _failures;
    private int _running;

    /// <summary>For example <c>Wallet.Balance</c>.</summary>
    public string Name { get; } = $"{method.Handler}.{method.Name}";

    public bool IsStream { get; } = method is IStreamMethod;

    /// <summary>Calls that have ended.</summary>
    public long Calls => Interlocked.Read(ref _calls);

    /// <summary>Of these, the ones that ended with an error.</summary>
    public long Failures => Interlocked.Read(ref _failures);

    /// <summary>Calls that run now.</summary>
    public int Running => Volatile.Read(ref _running);

    /// <summary>From a request's arrival to its answer, waiting for its turn included; not counted for streams.</summary>
    public LatencyHistogram Latency { get; } = new();

    internal void Begin() => Interlocked.Increment(ref _running);

    internal void End(TimeSpan took, bool failed)
    {
        Interlocked.Decrement(ref _running);
        Interlocked.Increment(ref _calls);
        if (failed)
        {
            Interlocked.Increment(ref _failures);
        }

        if (!IsStream)
        {
            Latency.Record(took);
        }
    }
}
