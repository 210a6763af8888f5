using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using Xtmp.Gateway;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Runtime;
using Xtmp.Session;

namespace Xtmp.Silo;

/// <summary>
/// The live dashboard: a page of the admin port, and a stream of server-sent events that it draws. A look at the silo is taken each
/// second, the others of the cluster are asked each five, and only while somebody watches.
/// </summary>
internal sealed class Dashboard : IAsyncDisposable
{
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private const int MaxWatchers = 16;
    private const int MaxHistory = 300;
    private const int MaxSessions = 50;
    private const int WaitingMessages = 64;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ClusterInterval = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly DashboardSources _from;
    private readonly DateTimeOffset _started;
    private readonly List<Channel<string>> _watchers = [];
    private readonly Queue<Point> _history = new();
    private readonly string _version = typeof(Dashboard).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";
    private readonly ITimer _timer;
    private Counts _before;
    private string? _snapshot;
    private ClusterStatistics? _cluster;
    private DateTimeOffset _clusterAt;
    private Task _asking = Task.CompletedTask;
    private int _looking;

    public Dashboard(DashboardSources from)
    {
        _from = from;
        _started = from.Time.GetUtcNow();
        _before = Read(_started);
        from.Events.Added = text => Send("log", text);
        _timer = from.Time.CreateTimer(static state => _ = ((Dashboard)state!).LookAsync(), this, Interval, Interval);
    }

    /// <summary>Answers with events until the watcher leaves or the silo stops.</summary>
    public async Task WatchAsync(HttpContext context)
    {
        var messages = Channel.CreateBounded<string>(new BoundedChannelOptions(WaitingMessages) { FullMode = BoundedChannelFullMode.DropOldest });
        string hello;
        lock (_lock)
        {
            if (_watchers.Count >= MaxWatchers)
            {
                context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                return;
            }

            hello = JsonSerializer.Serialize(new { history = _history, events = _from.Events.Read(), orleans = _from.HasOrleansDashboard }, Json);
            _watchers.Add(messages);
        }

        try
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync($"event: hello\ndata: {hello}\n\n", context.RequestAborted).ConfigureAwait(false);
            if (_snapshot is { } snapshot)
            {
                await context.Response.WriteAsync($"event: snapshot\ndata: {snapshot}\n\n", context.RequestAborted).ConfigureAwait(false);
            }

            await context.Response.Body.FlushAsync(context.RequestAborted).ConfigureAwait(false);
            await foreach (var message in messages.Reader.ReadAllAsync(context.RequestAborted).ConfigureAwait(false))
            {
                await context.Response.WriteAsync(message, context.RequestAborted).ConfigureAwait(false);
                await context.Response.Body.FlushAsync(context.RequestAborted).ConfigureAwait(false);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or IOException)
        {
            // The watcher has left.
        }
        finally
        {
            lock (_lock)
            {
                _watchers.Remove(messages);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _from.Events.Added = null;
        await _timer.DisposeAsync().ConfigureAwait(false);
        lock (_lock)
        {
            _watchers.ForEach(watcher => watcher.Writer.TryComplete());
        }

        await _asking.ConfigureAwait(false);
    }

    private void Send(string kind, string data)
    {
        lock (_lock)
        {
            foreach (var watcher in _watchers)
            {
                watcher.Writer.TryWrite($"event: {kind}\ndata: {data}\n\n");
            }
        }
    }

    private async Task LookAsync()
    {
        if (Interlocked.Exchange(ref _looking, 1) != 0)
        {
            return;
        }

        try
        {
            var now = _from.Time.GetUtcNow();
            var counts = Read(now);
            var isWatched = IsWatched();
            if (isWatched && _asking.IsCompleted && now - _clusterAt >= ClusterInterval)
            {
                _clusterAt = now;
                _asking = AskClusterAsync();
            }

            var snapshot = Describe(now, counts, await _from.Unready().ConfigureAwait(false), withSessions: isWatched);
            lock (_lock)
            {
                _history.Enqueue(snapshot.Point);
                if (_history.Count > MaxHistory)
                {
                    _history.Dequeue();
                }
            }

            _before = counts;
            if (isWatched)
            {
                _snapshot = JsonSerializer.Serialize(snapshot, Json);
                Send("snapshot", _snapshot);
            }
        }
        catch (Exception error) when (error is XtmpException or ObjectDisposedException)
        {
            // The silo is going; there is nothing more to show.
        }
        finally
        {
            Volatile.Write(ref _looking, 0);
        }
    }

    private bool IsWatched()
    {
        lock (_lock)
        {
            return _watchers.Count > 0;
        }
    }

    private async Task AskClusterAsync()
    {
        try
        {
            _cluster = await _from.Grains.ReadClusterAsync().ConfigureAwait(false);
        }
        catch (Exception error) when (error is Orleans.Runtime.OrleansException or TimeoutException or ObjectDisposedException or OperationCanceledException)
        {
            // What was known before is shown until the next answer.
        }
    }

    private Counts Read(DateTimeOffset now)
    {
        var metrics = _from.Gateway.Metrics;
        return new Counts(
            now,
            [.. metrics.Methods.Select(method => (method.Calls, method.Failures, method.Latency.Read()))],
            [.. Enum.GetValues<RefusalReason>().Select(metrics.Refusals)],
            [.. Enum.GetValues<SessionCloseReason>().Select(metrics.Closes)],
            [.. Enum.GetValues<BundleStatusCode>().Select(_from.Bundles.Entered)],
            metrics.FullHandshakes + metrics.ResumedHandshakes);
    }

    private Snapshot Describe(DateTimeOffset now, Counts counts, string? unready, bool withSessions)
    {
        var metrics = _from.Gateway.Metrics;
        var seconds = Math.Max(0.001, (now - _before.At).TotalSeconds);
        var methods = metrics.Methods.Select((method, index) =>
        {
            var (calls, failures, latency) = counts.Methods[index];
            var before = _before.Methods[index];
            var since = Difference(latency, before.Latency);
            return (Part: new MethodPart(method.Name, (calls - before.Calls) / seconds, calls, failures, method.Running, Millis(LatencyHistogram.Quantile(since, 0.5) ?? LatencyHistogram.Quantile(latency, 0.5)), Millis(LatencyHistogram.Quantile(since, 0.99) ?? LatencyHistogram.Quantile(latency, 0.99))), Since: since, Failures: failures - before.Failures);
        }).ToList();
        var all = new long[methods[0].Since.Length];
        foreach (var method in methods)
        {
            for (var index = 0; index < all.Length; index++)
            {
                all[index] += method.Since[index];
            }
        }

        var sessions = withSessions ? _from.Gateway.ReadSessions(int.MaxValue) : [];
        var received = metrics.BytesReceived + sessions.Sum(session => session.Statistics.BytesReceived);
        var sent = metrics.BytesSent + sessions.Sum(session => session.Statistics.BytesSent);
        var traffic = withSessions && _from.Traffic is { } known ? (In: Math.Max(0, received - known.In) / seconds, Out: Math.Max(0, sent - known.Out) / seconds) : (In: 0d, Out: 0d);
        _from.Traffic = withSessions ? (received, sent) : null;
        var runtime = _from.Grains.ReadStatistics();
        var options = _from.Gateway.Options;
        return new Snapshot
        {
            At = now,
            Uptime = (now - _started).TotalSeconds,
            Silo = new SiloPart(PeerText.Escape(_from.Network), _from.Fingerprint, _from.EndPoint, Environment.MachineName, _version, unready),
            Point = new Point(
                now, methods.Sum(method => method.Part.Rate), methods.Sum(method => method.Failures) / seconds, (counts.Refusals.Sum() - _before.Refusals.Sum()) / seconds,
                Millis(LatencyHistogram.Quantile(all, 0.5)), Millis(LatencyHistogram.Quantile(all, 0.9)), Millis(LatencyHistogram.Quantile(all, 0.99)),
                Enum.GetValues<AuthenticationLevel>().Sum(metrics.Sessions), (counts.Handshakes - _before.Handshakes) / seconds, traffic.In, traffic.Out),
            Handshakes = new HandshakesPart(metrics.FullHandshakes, metrics.ResumedHandshakes),
            Sessions = new SessionsPart(
                _from.Gateway.OpenConnections, _from.Gateway.HalfOpenConnections,
                metrics.Sessions(AuthenticationLevel.None), metrics.Sessions(AuthenticationLevel.Session), metrics.Sessions(AuthenticationLevel.Wallet),
                [.. sessions.OrderByDescending(session => session.Requests).Take(MaxSessions).Select(Describe)]),
            Methods = [.. methods.Select(method => method.Part).Where(method => method.Calls > 0 || method.Running > 0).OrderByDescending(method => method.Rate).ThenByDescending(method => method.Calls)],
            Refusals = [.. Enum.GetValues<RefusalReason>().Select((reason, index) => new ReasonPart(reason.ToString(), counts.Refusals[index], (counts.Refusals[index] - _before.Refusals[index]) / seconds))],
            Closes = [.. Enum.GetValues<SessionCloseReason>().Select((reason, index) => new ReasonPart(reason.ToString(), counts.Closes[index], (counts.Closes[index] - _before.Closes[index]) / seconds))],
            Queues =
            [
                new("Connections", _from.Gateway.OpenConnections, options.MaxConnections),
                new("Handshakes", _from.Gateway.HalfOpenConnections, options.MaxHalfOpen),
                new("Calls running", metrics.Methods.Sum(method => method.Running), 0),
                new("Calls waiting", metrics.WaitingCalls, 0),
                new("Memory held for peers", _from.Gateway.Budget.Used, _from.Gateway.Budget.Limit, "By"),
                new("Signatures to check", runtime.WaitingVerifications, _from.Runtime.MaxWaitingVerifications),
                new("Outbox in memory", runtime.OutboxInFlight, _from.Runtime.MaxOutboxInFlight),
                new("Subscriptions", runtime.Subscriptions, _from.Runtime.MaxSubscriptions),
            ],
            Grains = _cluster is { Silos.Count: > 1, Grains: var grains } ? grains : [.. runtime.Grains.Select(kind => new GrainCount(kind.Key, "", kind.Value))],
            Bundles = [.. Enum.GetValues<BundleStatusCode>().Select((status, index) => new BundlePart(status.ToString(), counts.Bundles[index], (counts.Bundles[index] - _before.Bundles[index]) / seconds))],
            Keys = _from.Keys(now),
            Cluster = _cluster is { Silos.Count: > 1, Silos: var silos }
                ? [.. silos.Select(silo => new MemberPart(silo.EndPoint, silo.Name, silo.Status, silo.Started, silo.IsSelf))]
                : [new MemberPart("Alone, no port for other silos", "", "Active", _started, false)],
        };
    }

    private static SessionPart Describe(SessionInfo session) => new(
        session.SessionId.ToString("x16", CultureInfo.InvariantCulture), session.PeerAddress, session.Client?.ToString(), session.Level.ToString(),
        [.. Enum.GetValues<CallerRoles>().Where(role => role != CallerRoles.None && session.Roles.HasFlag(role)).Select(role => role.ToString())],
        session.Resumed, session.Age.TotalSeconds, session.Requests, session.RunningCalls, session.WaitingCalls, session.OpenStreams, session.HeldBytes,
        Millis(session.RoundTrip), session.Statistics.BytesReceived, session.Statistics.BytesSent);

    private static long[] Difference(long[] now, long[] before) => [.. now.Zip(before, (a, b) => a - b)];

    private static double? Millis(TimeSpan? time) => time?.TotalMilliseconds;

    private sealed record Counts(DateTimeOffset At, (long Calls, long Failures, long[] Latency)[] Methods, long[] Refusals, long[] Closes, long[] Bundles, long Handshakes);
}

/// <summary>Where the dashboard looks.</summary>
internal sealed class DashboardSources
{
    public required GatewayServices Gateway { get; init; }

    public required GrainSilo Grains { get; init; }

    public required RuntimeOptions Runtime { get; init; }

    public required EventRing Events { get; init; }

    public required BundleCounter Bundles { get; init; }

    public required TimeProvider Time { get; init; }

    public required Func<DateTimeOffset, IReadOnlyList<KeyPart>> Keys { get; init; }

    public required Func<ValueTask<string?>> Unready { get; init; }

    public required string Network { get; init; }

    public required string Fingerprint { get; init; }

    public required string EndPoint { get; init; }

    public required bool HasOrleansDashboard { get; init; }

    /// <summary>Bytes of all sessions when they were last added up.</summary>
    public (long In, long Out)? Traffic { get; set; }
}
