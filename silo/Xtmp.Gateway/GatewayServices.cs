using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Gateway;

/// <summary>What every listener of a gateway shares.</summary>
public sealed class GatewayServices : IDisposable
{
    private volatile GatewayOptions _options = null!;
    private volatile ServerSessionOptions _sessionOptions = null!;
    private volatile PumpOptions _pump = null!;
    private GatewayMetrics? _metrics;

    public GatewayServices()
    {
        Orders = new SessionOrders(this);
    }

    public required MethodTable Methods { get; init; }

    /// <summary>Where calls go: the grains.</summary>
    public required ICallInvoker Invoker { get; init; }

    public required ServerSessionOptions SessionOptions
    {
        get => _sessionOptions;
        init => _sessionOptions = value;
    }

    public required SessionClock Clock { get; init; }

    public required ILogger Logger { get; init; }

    public required GatewayOptions Options
    {
        get => _options;
        init
        {
            _options = value;
            Budget = new MemoryBudget(value.MemoryBudgetBytes ?? MemoryBudget.DefaultLimit);
            _pump = PumpOf(value);
            Rates = new CallRates(value.Rates);
            Connections = new ConnectionCounter(value);
            Streams = new StreamCounter(value);
        }
    }

    /// <summary>Where the sessions' datagrams go; null where there are none.</summary>
    public DatagramGateway? Datagrams { get; init; }

    /// <summary>What all sessions may hold for their peers.</summary>
    public MemoryBudget Budget { get; private init; } = null!;

    /// <summary>Connections open now, over all listeners.</summary>
    public int OpenConnections => Connections.Count;

    /// <summary>Connections whose handshake is not over.</summary>
    public int HalfOpenConnections => Connections.HalfOpen;

    /// <summary>What this gateway has done and refused.</summary>
    public GatewayMetrics Metrics => _metrics ?? Interlocked.CompareExchange(ref _metrics, new GatewayMetrics(this), null) ?? _metrics;

    /// <summary>The session of an id where there is one, or with null every session established now.</summary>
    public IEnumerable<GatewaySession> FindSessions(ulong? sessionId = null) =>
        sessionId is not { } id ? Live.Values.Select(session => session.Report())
        : Live.TryGetValue(id, out var found) ? [found.Report()] : [];

    internal ConcurrentDictionary<ulong, ServerConnection> Live { get; } = new();

    internal SessionOrders Orders { get; }

    internal PumpOptions Pump => _pump;

    internal CallRates Rates { get; private init; } = null!;

    internal ConnectionCounter Connections { get; private init; } = null!;

    internal SessionServer Sessions => field ??= new SessionServer(this);

    internal StreamCounter Streams { get; private init; } = null!;

    /// <summary>
    /// Other options from now on. Rates, roles and trust hold for open sessions at once, and who is not trusted any more is
    /// told so; limits of a session hold for those that begin. The memory budget stays.
    /// </summary>
    public void Apply(GatewayOptions options, ServerSessionOptions session)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(session);
        _options = options;
        _sessionOptions = session;
        _pump = PumpOf(options);
        Rates.Apply(options.Rates);
        Connections.Apply(options);
        Streams.Apply(options);
        foreach (var (_, connection) in Live)
        {
            connection.ApplyOptions();
        }
    }

    /// <summary>The sessions that are open now.</summary>
    /// <param name="max">At most so many, in no order.</param>
    public IReadOnlyList<SessionInfo> ReadSessions(int max) => [.. Live.Values.Take(max).Select(connection => connection.Describe()).OfType<SessionInfo>()];

    /// <summary>What callers used of their rates since this was last asked: all together, and the <paramref name="max"/> that used most.</summary>
    public IReadOnlyList<CallerUsage> TakeUsage(int max) => Rates.TakeUsage(max);

    /// <summary>Counts what callers used at another gateway that shares these limits.</summary>
    public void Charge(in CallerUsage used) => Rates.Charge(in used, Clock.Monotonic);

    public void Dispose()
    {
        Orders.Dispose();
        _metrics?.Dispose();
        Budget.Dispose();
    }

    private PumpOptions PumpOf(GatewayOptions options) => options.Pump with { Budget = Budget.Limit == long.MaxValue ? null : Budget, StopsReadingWhenFull = true };
}
