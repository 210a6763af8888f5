using Xtmp.Session;

namespace Xtmp.Transport;

/// <summary>What one end of a session sees of its quality. Used while the pump holds the session.</summary>
public sealed class SessionQuality(TimeSpan openedAt)
{
    private LatencyHistogram? _latency;
    private long _failed;

    /// <summary>A call of this session was answered.</summary>
    /// <param name="took">From the request to its answer, at this end.</param>
    /// <param name="failed">With an error.</param>
    public void Answered(TimeSpan took, bool failed)
    {
        // Made on first use: most sessions of a server are idle.
        (_latency ??= new LatencyHistogram()).Record(took);
        _failed += failed ? 1 : 0;
    }

    /// <summary>The figures so far.</summary>
    public QualityReport Report(XtmpSession session, TimeSpan now)
    {
        var statistics = session.Statistics;
        var age = now - openedAt;
        var seconds = Math.Max(age.TotalSeconds, 1e-3);
        var calls = _latency?.Count ?? 0;
        return new QualityReport
        {
            Age = age,
            RoundTrip = session.RoundTrip,
            Calls = calls,
            FailedCalls = _failed,
            ErrorRate = calls == 0 ? 0 : (double)_failed / calls,
            P50 = _latency?.Quantile(0.50) ?? default,
            P90 = _latency?.Quantile(0.90) ?? default,
            P99 = _latency?.Quantile(0.99) ?? default,
            Slowest = _latency?.Max ?? default,
            BytesSentPerSecond = statistics.BytesSent / seconds,
            BytesReceivedPerSecond = statistics.BytesReceived / seconds,
            MessagesSentPerSecond = statistics.MessagesSent / seconds,
            MessagesReceivedPerSecond = statistics.MessagesReceived / seconds,
            DatagramLoss = session.DatagramLoss,
            Counters = statistics,
        };
    }
}
