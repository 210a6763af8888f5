using System.Diagnostics;
using System.Diagnostics.Metrics;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.TestKit;
using Xtmp.Testing;

namespace Xtmp.Client.Tests;

/// <summary>What a connection measures and traces. The factory's meters belong to one test, so that others do not show.</summary>
public sealed class TelemetryTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private static readonly XtmpClientOptions Options = new()
    {
        ServerFingerprint = TestIdentities.Server.Public.Fingerprint,
        ReconnectDelay = TimeSpan.FromTicks(1),
        MaxReconnectDelay = TimeSpan.FromTicks(1),
    };

    [Fact]
    public async Task a_call_carries_its_callers_trace_where_the_server_takes_one()
    {
        foreach (var takes in new[] { true, false })
        {
            await using var server = new ScriptedServer(TimeProvider.System) { TakesTraceContext = takes };
            await using var connection = Connect(server, Options);
            using var caller = new Activity("caller").SetIdFormat(ActivityIdFormat.W3C).Start();
            caller.TraceStateString = "vendor=1";
            var call = connection.Registry.QueryAsync(new RegistryQuery { Name = "traced" }).AsTask();
            var served = await server.AcceptAsync();
            var request = await served.TakeAsync();
            XtmpCodecLength(request.Payload, out var length);
            Assert.True(TraceContext.TryRead(request.Payload.AsSpan(length), out var context, out _));
            Assert.Equal(takes ? caller.TraceId : default, context.TraceId);
            Assert.Equal(takes ? "vendor=1" : null, context.TraceState);
            served.Answer(request, Reply("traced"));
            await call.WaitAsync(Patience);
        }
    }

    [Fact]
    public async Task calls_sessions_and_failures_are_measured_by_the_conventions_names()
    {
        using var meters = new TestMeterFactory();
        using var recorded = new Recorded(meters);
        await using var server = new ScriptedServer(TimeProvider.System) { RefuseNext = 1 };
        await using var connection = Connect(server, Options with { MeterFactory = meters });
        var early = connection.Registry.QueryAsync(new RegistryQuery { Name = "early" }).AsTask();
        var first = await server.AcceptAsync();
        var request = await first.TakeAsync();

        // The ticket goes out before any answer.
        first.Answer(request, Reply("early"));
        await early.WaitAsync(Patience);
        var good = connection.Registry.QueryAsync(new RegistryQuery { Name = "good" }).AsTask();
        request = await first.TakeAsync();
        first.Cut();
        var second = await server.AcceptAsync();
        request = await second.TakeAsync();
        second.Answer(request, Reply("good"));
        await good.WaitAsync(Patience);
        var bad = connection.Registry.QueryAsync(new RegistryQuery { Name = "bad" }).AsTask();
        second.Refuse(await second.TakeAsync(), XtmpErrorCode.NotFound);
        await Assert.ThrowsAsync<XtmpException>(() => bad.WaitAsync(Patience));

        var calls = recorded.Of("rpc.client.call.duration");
        Assert.Equal(3, calls.Length);
        Assert.All(calls, call => Assert.Equal(("xtmp", "Registry/Query", "server.test", 1), (call.Tags["rpc.system.name"], call.Tags["rpc.method"], call.Tags["server.address"], call.Tags["server.port"])));
        Assert.All(calls[..2], call => Assert.DoesNotContain("error.type", call.Tags.Keys));
        Assert.Equal("NotFound", calls[2].Tags["error.type"]);
        Assert.Equal(1, recorded.Of("xtmp.client.sessions").Sum(point => point.Value));
        Assert.Equal([false, true], recorded.Of("xtmp.client.sessions.opened").Select(point => point.Tags["xtmp.session.resumed"]));
        Assert.Equal("ConnectFailed", Assert.Single(recorded.Of("xtmp.client.sessions.failed")).Tags["error.type"]);
        Assert.Equal(1, recorded.Of("xtmp.client.calls.resent").Sum(point => point.Value));
    }

    [Fact]
    public async Task every_subscription_of_a_stream_is_a_span()
    {
        using var meters = new TestMeterFactory();
        using var recorded = new Recorded(meters);
        var spans = new List<Activity>();
        using var caller = new Activity("caller").SetIdFormat(ActivityIdFormat.W3C);
        caller.ActivityTraceFlags = ActivityTraceFlags.Recorded;
        caller.Start();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Xtmp.Client",
            Sample = (ref ActivityCreationOptions<ActivityContext> options) => options.TraceId == caller.TraceId ? ActivitySamplingResult.AllData : ActivitySamplingResult.None,
            ActivityStopped = spans.Add,
        };
        ActivitySource.AddActivityListener(listener);
        await using var server = new ScriptedServer(TimeProvider.System) { TakesTraceContext = true };
        await using var connection = Connect(server, Options with { MeterFactory = meters });
        await using (var reader = connection.Stream.EventsAsync(new EventStream { Topic = "events:silo" }).GetAsyncEnumerator())
        {
            var next = reader.MoveNextAsync().AsTask();
            var first = await server.AcceptAsync();
            await first.TakeAsync();
            first.Cut();
            Assert.True(await next.WaitAsync(Patience));
            next = reader.MoveNextAsync().AsTask();
            var second = await server.AcceptAsync();
            second.Item(await second.TakeAsync(), new EventItem { Topic = "events:silo", Sequence = 1, At = DateTimeOffset.UnixEpoch, Severity = EventSeverity.Info, Name = "x", Attributes = default });
            Assert.True(await next.WaitAsync(Patience));
        }

        Assert.Equal(2, spans.Count);
        Assert.All(spans, span => Assert.Equal(("Stream/Events", ActivityKind.Client, caller.SpanId), (span.DisplayName, span.Kind, span.ParentSpanId)));
        Assert.Equal((ActivityStatusCode.Error, ActivityStatusCode.Unset), (spans[0].Status, spans[1].Status));
        Assert.Equal(["ConnectionLost", null], recorded.Of("rpc.client.call.duration").Select(point => (string?)point.Tags.GetValueOrDefault("error.type")));
    }

    [Fact]
    public async Task a_session_reports_its_latency_and_error_rate()
    {
        var time = new VirtualTimeProvider();
        await using var server = new ScriptedServer(time);
        await using var connection = Connect(server, Options with { TimeProvider = time });
        Assert.Empty(connection.Sessions);
        await connection.OpenAsync().WaitAsync(Patience);
        var served = await server.AcceptAsync();
        for (var index = 1; index <= 100; index++)
        {
            var call = connection.Registry.QueryAsync(new RegistryQuery { Name = "timed" }).AsTask();
            var request = await served.TakeAsync();
            time.Advance(TimeSpan.FromMilliseconds(index));
            if (index % 4 == 0)
            {
                served.Refuse(request, XtmpErrorCode.NotFound);
                await Assert.ThrowsAsync<XtmpException>(() => call.WaitAsync(Patience));
            }
            else
            {
                served.Answer(request, Reply("timed"));
                await call.WaitAsync(Patience);
            }
        }

        var report = Assert.Single(connection.Sessions);
        Assert.Equal("server.test", report.Endpoint.Host);
        Assert.Equal((100, 25, 0.25), (report.Quality.Calls, report.Quality.FailedCalls, report.Quality.ErrorRate));
        Assert.InRange(report.Quality.P50, TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(57));
        Assert.InRange(report.Quality.P99, TimeSpan.FromMilliseconds(99), TimeSpan.FromMilliseconds(100));
        Assert.Equal(TimeSpan.FromMilliseconds(100), report.Quality.Slowest);
        Assert.True(report.Quality.MessagesSentPerSecond > 0);
        Assert.Null(report.Quality.DatagramLoss);
    }

    private static XtmpConnection Connect(ScriptedServer server, XtmpClientOptions options) => new([new("server.test", 1)], options, server.DialAsync);

    private static RegistryQueryReply Reply(string name) => new() { Name = name, Source = RegistrySource.Negative, Addresses = [], ValidFor = TimeSpan.Zero };

    private static void XtmpCodecLength(byte[] payload, out int length) =>
        Assert.Equal(DecodeStatus.Ok, RegistryQuery.TryDecode(payload, DecodeLimits.Untrusted, out _, out length, out _));

    private sealed class TestMeterFactory : IMeterFactory
    {
        private readonly List<Meter> _meters = [];

        public Meter Create(MeterOptions options)
        {
            var meter = new Meter(new MeterOptions(options.Name) { Scope = this });
            _meters.Add(meter);
            return meter;
        }

        public void Dispose() => _meters.ForEach(meter => meter.Dispose());
    }

    private sealed record Point(string Name, double Value, Dictionary<string, object?> Tags);

    private sealed class Recorded : IDisposable
    {
        private readonly List<Point> _points = [];
        private readonly MeterListener _listener = new();

        public Recorded(IMeterFactory factory)
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (ReferenceEquals(instrument.Meter.Scope, factory))
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
            _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
            _listener.Start();
        }

        public Point[] Of(string name)
        {
            lock (_points)
            {
                return [.. _points.Where(point => point.Name == name)];
            }
        }

        public void Dispose() => _listener.Dispose();

        private void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            lock (_points)
            {
                _points.Add(new Point(instrument.Name, value, new Dictionary<string, object?>(tags.ToArray())));
            }
        }
    }
}
