using System.Diagnostics;
using System.Diagnostics.Metrics;
using Xtmp.Protocol;

namespace Xtmp.Gateway;

/// <summary>Meter and trace source of the gateways of a silo, named as OpenTelemetry's conventions name them (the project's README).</summary>
internal sealed class GatewayTelemetry : IDisposable
{
    public const string Name = "Xtmp.Gateway";

    private static readonly ActivitySource Source = new(Name);

    private readonly Meter _meter = new(Name);
    private readonly Histogram<double> _duration;
    private readonly UpDownCounter<long> _sessions;
    private readonly UpDownCounter<long> _streams;
    private readonly Counter<long> _drops;

    public GatewayTelemetry()
    {
        _duration = _meter.CreateHistogram<double>("rpc.server.call.duration", "s", "Time from a request's arrival until its answer is queued, waiting for its turn included.");
        _sessions = _meter.CreateUpDownCounter<long>("xtmp.server.sessions", "{session}", "Sessions established.");
        _streams = _meter.CreateUpDownCounter<long>("xtmp.server.streams", "{stream}", "Streams open.");
        _drops = _meter.CreateCounter<long>("xtmp.server.oneway.dropped", "{message}", "One-way messages that were not handled.");
    }

    public void SessionOpened() => _sessions.Add(1);

    public void SessionClosed() => _sessions.Add(-1);

    public void StreamOpened() => _streams.Add(1);

    public void StreamClosed() => _streams.Add(-1);

    public void Dropped() => _drops.Add(1);

    /// <summary>Begins the span of a call, as a child of the caller's where the request carried one.</summary>
    public static Activity? Begin(InboundCall call) => Begin(call.Method, call.Trace);

    /// <summary>The call has its answer.</summary>
    public void End(InboundCall call, TimeSpan took)
    {
        End(call.Method, call.Outcome, call.Span, took);
        call.Span = null;
    }

    /// <summary>A request was answered with an error before it became a call.</summary>
    public void Refused(MethodDescriptor? method, ActivityContext trace, XtmpErrorCode code) => End(method, code, Begin(method, trace), TimeSpan.Zero);

    public void Dispose() => _meter.Dispose();

    private static string NameOf(MethodDescriptor? method) => method is null ? "_OTHER" : $"{method.Handler}/{method.Name}";

    private static Activity? Begin(MethodDescriptor? method, ActivityContext trace) =>
        Source.HasListeners() ? Source.StartActivity(NameOf(method), ActivityKind.Server, trace) : null;

    private void End(MethodDescriptor? method, XtmpErrorCode outcome, Activity? activity, TimeSpan took)
    {
        if (activity is null && !_duration.Enabled)
        {
            return;
        }

        var tags = new TagList
        {
            { "rpc.system.name", "xtmp" },
            { "rpc.method", NameOf(method) },
        };
        if (outcome != XtmpErrorCode.None)
        {
            tags.Add("error.type", outcome.ToString());
        }

        if (method is not IStreamMethod)
        {
            _duration.Record(took.TotalSeconds, in tags);
        }

        if (activity is null)
        {
            return;
        }

        foreach (var tag in tags)
        {
            activity.SetTag(tag.Key, tag.Value);
        }

        if (outcome != XtmpErrorCode.None)
        {
            activity.SetStatus(ActivityStatusCode.Error);
        }

        activity.Dispose();
    }
}
