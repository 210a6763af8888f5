using System.Diagnostics;
using System.Diagnostics.Metrics;
using Xtmp.Protocol;
using Xtmp.Session;

namespace Xtmp.Gateway;

/// <summary>
/// What a gateway has done since its start: counters that cost a few nanoseconds, read by the dashboard, and by whoever listens to
/// the meter <c>Xtmp.Gateway</c>.
/// </summary>
public sealed class GatewayMetrics : IDisposable
{
    public const string MeterName = "Xtmp.Gateway";

    private static readonly string[] ReasonNames = Enum.GetNames<RefusalReason>();
    private static readonly int CloseReasons = (int)Enum.GetValues<SessionCloseReason>().Max() + 1;

    private readonly Meter _meter = new(MeterName);
    private readonly Histogram<double> _duration;
    private readonly MethodMetrics?[] _byCode = new MethodMetrics?[256];
    private readonly long[] _refusals = new long[ReasonNames.Length];
    private readonly long[] _closes = new long[CloseReasons];
    private readonly long[] _sessions = new long[(int)AuthenticationLevel.Wallet + 1];
    private long _fullHandshakes;
    private long _resumedHandshakes;
    private long _bytesReceived;
    private long _bytesSent;
    private long _waiting;
    private long _streams;
    private long _dropped;

    internal GatewayMetrics(GatewayServices services)
    {
        foreach (var method in services.Methods.Methods)
        {
            _byCode[method.Code] = new MethodMetrics(method);
        }

        Methods = [.. _byCode.OfType<MethodMetrics>().OrderBy(method => method.Name, StringComparer.Ordinal)];
        _duration = _meter.CreateHistogram<double>("rpc.server.call.duration", "s", "Time from a request's arrival until its answer is queued, waiting for its turn included.");
        _meter.CreateObservableCounter("xtmp.gateway.calls", () => Methods.Select(method => Of(method.Calls, "method", method.Name)), "{call}", "Calls that have ended, by method.");
        _meter.CreateObservableCounter("xtmp.gateway.failures", () => Methods.Select(method => Of(method.Failures, "method", method.Name)), "{call}", "Calls that ended with an error, by method.");
        _meter.CreateObservableGauge("xtmp.gateway.calls.running", () => Methods.Sum(method => (long)method.Running), "{call}", "Calls that run now.");
        _meter.CreateObservableGauge("xtmp.gateway.calls.waiting", () => WaitingCalls, "{call}", "Calls that wait for others of their session.");
        _meter.CreateObservableCounter("xtmp.gateway.refusals", () => Enum.GetValues<RefusalReason>().Select(reason => Of(Refusals(reason), "reason", reason.ToString())), "{refusal}", "What was refused, by reason.");
        _meter.CreateObservableCounter("xtmp.gateway.closes", () => Enum.GetValues<SessionCloseReason>().Select(reason => Of(Closes(reason), "reason", reason.ToString())), "{session}", "Sessions that have ended, by reason.");
        _meter.CreateObservableCounter("xtmp.gateway.handshakes", () => new[] { Of(FullHandshakes, "kind", "full"), Of(ResumedHandshakes, "kind", "resumed") }, "{handshake}", "Handshakes that succeeded.");
        _meter.CreateObservableGauge("xtmp.gateway.sessions", () => Enum.GetValues<AuthenticationLevel>().Select(level => Of(Sessions(level), "level", level.ToString())), "{session}", "Open sessions, by what was proved in them.");
        _meter.CreateObservableGauge("xtmp.gateway.streams", () => Streams, "{stream}", "Open streams.");
        _meter.CreateObservableCounter("xtmp.gateway.oneway.dropped", () => Interlocked.Read(ref _dropped), "{message}", "One-way messages that were not handled.");
        _meter.CreateObservableGauge("xtmp.gateway.connections", () => (long)services.OpenConnections, "{connection}", "Open connections.");
        _meter.CreateObservableGauge("xtmp.gateway.connections.half_open", () => (long)services.HalfOpenConnections, "{connection}", "Connections whose handshake is not over.");
        _meter.CreateObservableCounter("xtmp.gateway.bytes", () => new[] { Of(BytesReceived, "direction", "received"), Of(BytesSent, "direction", "sent") }, "By", "Bytes of sessions that have ended.");
    }

    /// <summary>By method, in the order of their names.</summary>
    public IReadOnlyList<MethodMetrics> Methods { get; }

    public long FullHandshakes => Interlocked.Read(ref _fullHandshakes);

    public long ResumedHandshakes => Interlocked.Read(ref _resumedHandshakes);

    /// <summary>Of sessions that have ended.</summary>
    public long BytesReceived => Interlocked.Read(ref _bytesReceived);

    /// <summary>Of sessions that have ended.</summary>
    public long BytesSent => Interlocked.Read(ref _bytesSent);

    /// <summary>Calls that wait for others of their session, over all sessions.</summary>
    public long WaitingCalls => Interlocked.Read(ref _waiting);

    /// <summary>Open streams, over all sessions.</summary>
    public long Streams => Interlocked.Read(ref _streams);

    public long Refusals(RefusalReason reason) => Interlocked.Read(ref _refusals[(int)reason]);

    public long Closes(SessionCloseReason reason) => Interlocked.Read(ref _closes[(int)reason]);

    /// <summary>Open sessions in which so much was proved.</summary>
    public long Sessions(AuthenticationLevel level) => Interlocked.Read(ref _sessions[(int)level]);

    public void Dispose() => _meter.Dispose();

    /// <summary>A call or stream runs from here on.</summary>
    internal void Began(MethodDescriptor method) => _byCode[method.Code]!.Begin();

    /// <summary>A call that ran has its answer.</summary>
    /// <param name="method">Of the call.</param>
    /// <param name="outcome">The error it was answered with, or None.</param>
    /// <param name="took">Since the request arrived.</param>
    internal void Ended(MethodDescriptor method, XtmpErrorCode outcome, TimeSpan took)
    {
        _byCode[method.Code]!.End(took, outcome != XtmpErrorCode.None);
        if (method is not IStreamMethod)
        {
            Record(method, outcome, took);
        }
    }

    /// <summary>A request was answered with an error before it became a call.</summary>
    internal void Answered(MethodDescriptor? method, XtmpErrorCode outcome) => Record(method, outcome, TimeSpan.Zero);

    internal void StreamOpened() => Interlocked.Increment(ref _streams);

    internal void StreamClosed() => Interlocked.Decrement(ref _streams);

    internal void Dropped() => Interlocked.Increment(ref _dropped);

    internal void Refused(RefusalReason reason) => Interlocked.Increment(ref _refusals[(int)reason]);

    internal void Closed(SessionCloseReason reason) => Interlocked.Increment(ref _closes[(int)reason]);

    internal void ChangeWaiting(int calls) => Interlocked.Add(ref _waiting, calls);

    internal void Opened(bool resumed, AuthenticationLevel level)
    {
        Interlocked.Increment(ref resumed ? ref _resumedHandshakes : ref _fullHandshakes);
        Interlocked.Increment(ref _sessions[(int)level]);
    }

    internal void LevelChanged(AuthenticationLevel from, AuthenticationLevel to)
    {
        Interlocked.Decrement(ref _sessions[(int)from]);
        Interlocked.Increment(ref _sessions[(int)to]);
    }

    internal void Ended(AuthenticationLevel level, in SessionStatistics statistics)
    {
        Interlocked.Decrement(ref _sessions[(int)level]);
        Interlocked.Add(ref _bytesReceived, statistics.BytesReceived);
        Interlocked.Add(ref _bytesSent, statistics.BytesSent);
    }

    internal static string NameOf(MethodDescriptor? method) => method is null ? "_OTHER" : $"{method.Handler}/{method.Name}";

    internal static TagList TagsOf(MethodDescriptor? method, XtmpErrorCode outcome)
    {
        var tags = new TagList
        {
            { "rpc.system.name", "xtmp" },
            { "rpc.method", NameOf(method) },
        };
        if (outcome != XtmpErrorCode.None)
        {
            tags.Add("error.type", outcome.ToString());
        }

        return tags;
    }

    private void Record(MethodDescriptor? method, XtmpErrorCode outcome, TimeSpan took)
    {
        if (_duration.Enabled)
        {
            var tags = TagsOf(method, outcome);
            _duration.Record(took.TotalSeconds, in tags);
        }
    }

    private static Measurement<long> Of(long value, string name, string tag) => new(value, new KeyValuePair<string, object?>(name, tag));
}
