using System.Diagnostics;
using System.Diagnostics.Metrics;
using Xtmp.Protocol;

namespace Xtmp.Client;

/// <summary>Meter and trace source of a connection, named as OpenTelemetry's conventions name them (the project's README).</summary>
internal sealed class ClientTelemetry : IDisposable
{
    public const string Name = "Xtmp.Client";

    private static readonly ActivitySource Source = new(Name);

    // A factory keeps its meters; one made here is this object's own.
    private readonly Meter? _own;
    private readonly Histogram<double> _duration;
    private readonly UpDownCounter<long> _sessions;
    private readonly Counter<long> _opened;
    private readonly Counter<long> _failures;
    private readonly Counter<long> _resent;
    private readonly Counter<long> _items;
    private readonly TimeProvider _time;

    public ClientTelemetry(IMeterFactory? factory, TimeProvider time)
    {
        _time = time;
        var meter = factory?.Create(new MeterOptions(Name)) ?? (_own = new Meter(Name));
        _duration = meter.CreateHistogram<double>("rpc.client.call.duration", "s", "Time from a call to its answer, waiting for a session included.");
        _sessions = meter.CreateUpDownCounter<long>("xtmp.client.sessions", "{session}", "Sessions that take calls.");
        _opened = meter.CreateCounter<long>("xtmp.client.sessions.opened", "{session}", "Sessions established.");
        _failures = meter.CreateCounter<long>("xtmp.client.sessions.failed", "{attempt}", "Attempts to open a session that failed.");
        _resent = meter.CreateCounter<long>("xtmp.client.calls.resent", "{call}", "Calls sent again on another session.");
        _items = meter.CreateCounter<long>("xtmp.client.stream.items", "{item}", "Stream items handed to readers.");
    }

    /// <summary>Somebody listens, or the caller is part of a trace.</summary>
    public bool IsWanted => _duration.Enabled || Source.HasListeners() || Activity.Current is not null;

    /// <summary>Begins the span of a call, and gives the call the context that the silo goes on from.</summary>
    public CallSpan Begin(PendingCall call)
    {
        var activity = Source.StartActivity($"{call.Method.Handler}/{call.Method.Name}", ActivityKind.Client);
        call.Trace = (activity ?? Activity.Current)?.Context ?? default;
        return new CallSpan(this, call, activity, _time.GetTimestamp());
    }

    public void Opened(XtmpEndpoint endpoint, bool resumed)
    {
        _sessions.Add(1, Address(endpoint), Port(endpoint));
        _opened.Add(1, Address(endpoint), Port(endpoint), new("xtmp.session.resumed", resumed));
    }

    public void Closed(XtmpEndpoint endpoint) => _sessions.Add(-1, Address(endpoint), Port(endpoint));

    public void Failed(XtmpEndpoint endpoint, XtmpException error) => _failures.Add(1, Address(endpoint), Port(endpoint), new("error.type", error.Code.ToString()));

    public void Resent(int calls) => _resent.Add(calls);

    public void Item(MethodDescriptor method) => _items.Add(1, new KeyValuePair<string, object?>("rpc.method", $"{method.Handler}/{method.Name}"));

    public void Dispose() => _own?.Dispose();

    private static KeyValuePair<string, object?> Address(XtmpEndpoint endpoint) => new("server.address", endpoint.Host);

    private static KeyValuePair<string, object?> Port(XtmpEndpoint endpoint) => new("server.port", endpoint.Port);

    /// <summary>One call while it is measured.</summary>
    internal readonly struct CallSpan(ClientTelemetry telemetry, PendingCall call, Activity? activity, long started)
    {
        public void End(Exception? error)
        {
            var tags = new TagList
            {
                { "rpc.system.name", "xtmp" },
                { "rpc.method", $"{call.Method.Handler}/{call.Method.Name}" },
            };
            if (call.Endpoint is { } endpoint)
            {
                tags.Add("server.address", endpoint.Host);
                tags.Add("server.port", endpoint.Port);
            }

            if (error is not null)
            {
                var type = error is XtmpException { Code: var code } ? code.ToString() : error.GetType().FullName;
                tags.Add("error.type", type);
            }

            telemetry._duration.Record(telemetry._time.GetElapsedTime(started).TotalSeconds, in tags);
            if (activity is null)
            {
                return;
            }

            foreach (var tag in tags)
            {
                activity.SetTag(tag.Key, tag.Value);
            }

            if (error is not null)
            {
                activity.SetStatus(ActivityStatusCode.Error, error.Message);
            }

            activity.Dispose();
        }
    }
}
