using System.Diagnostics.Metrics;
using Xtmp.Protocol;
using Xtmp.Session;

namespace Xtmp.Gateway;

/// <summary>
/// What a gateway has done since its start: counters that cost a few nanoseconds, read by the dashboard, and by whoever listens to
/// the meter <c>Xtmp.Gateway</c>. Durations are <see cref="GatewayTelemetry"/>'s.
/// </summary>
public sealed class GatewayMetrics : IDisposable
{
    public const string MeterName = "Xtmp.Gateway";

    private static readonly string[] ReasonNames = Enum.GetNames<RefusalReason>();
    private static readonly int CloseReasons = (int)Enum.GetValues<SessionCloseReason>().Max() + 1;

    private readonly Meter _meter = new(MeterName);
    private readonly MethodMetrics?[] _byCode = new MethodMetrics?[256];
    private readonly long[] _refusals = new long[ReasonNames.Length];
    private readonly long[] _closes = new long[CloseReasons];
    private readonly long[] _sessions = new long[(int)AuthenticationLevel.Wallet + 1];
    private long _fullHandshakes;
    private long _resumedHandshakes;
    private long _bytesReceived;
    private long _bytesSent;
    private long _waiting;

    internal GatewayMetrics(GatewayServices services)
    {
        foreach (var method in services.Methods.Methods)
        {
            _byCode[method.Code] = new MethodMetrics(method);
        }

        Methods = [.. _byCode.OfType<MethodMetrics>().OrderBy(method => method.Name, StringComparer.Ordinal)];
        _meter.CreateObservableCounter("xtmp.gateway.calls", () => Methods.Select(method => Of(method.Calls, "method", method.Name)), "{call}", "Calls that have ended, by method.");
        _meter.CreateObservableCounter("xtmp.gateway.failures", () => Methods.Select(method => Of(method.Failures, "method", method.Name)), "{call}", "Calls that ended with an error, by method.");
        _meter.CreateObservableGauge("xtmp.gateway.calls.running", () => Methods.Sum(method => (long)method.Running), "{call}", "Calls that run now.");
        _meter.CreateObservableGauge("xtmp.gateway.calls.waiting", () => WaitingCalls, "{call}", "Calls that wait for others of their session.");
        _meter.CreateObservableCounter("xtmp.gateway.refusals", () => Enum.GetValues<RefusalReason>().Select(reason => Of(Refusals(reason), "reason", reason.ToString())), "{refusal}", "What was refused, by reason.");
        _meter.CreateObservableCounter("xtmp.gateway.closes", () => Enum.GetValues<SessionCloseReason>().Select(reason => Of(Closes(reason), "reason", reason.ToString())), "{session}", "Sessions that have ended, by reason.");
        _meter.CreateObservableCounter("xtmp.gateway.handshakes", () => new[] { Of(FullHandshakes, "kind", "full"), Of(ResumedHandshakes, "kind", "resumed") }, "{handshake}", "Handshakes that succeeded.");
        _meter.CreateObservableGauge("xtmp.gateway.sessions", () => Enum.GetValues<AuthenticationLevel>().Select(level => Of(Sessions(level), "level", level.ToString())), "{session}", "Open sessions, by what was proved in them.");
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

    public long Refusals(RefusalReason reason) => Interlocked.Read(ref _refusals[(int)reason]);

    public long Closes(SessionCloseReason reason) => Interlocked.Read(ref _closes[(int)reason]);

    /// <summary>Open sessions in which so much was proved.</summary>
    public long Sessions(AuthenticationLevel level) => Interlocked.Read(ref _sessions[(int)level]);

    public void Dispose() => _meter.Dispose();

    internal MethodMetrics Of(MethodDescriptor method) => _byCode[method.Code]!;

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

    private static Measurement<long> Of(long value, string name, string tag) => new(value, new KeyValuePair<string, object?>(name, tag));
}
