using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Gateway;

/// <summary>What every listener of a gateway shares.</summary>
public sealed class GatewayServices : IDisposable
{
    private readonly GatewayOptions _options = null!;

    public GatewayServices()
    {
        Orders = new SessionOrders(this);
    }

    public required MethodTable Methods { get; init; }

    /// <summary>Where calls go: the grains.</summary>
    public required ICallInvoker Invoker { get; init; }

    public required ServerSessionOptions SessionOptions { get; init; }

    public required SessionClock Clock { get; init; }

    public required ILogger Logger { get; init; }

    public required GatewayOptions Options
    {
        get => _options;
        init
        {
            _options = value;
            Budget = new MemoryBudget(value.MemoryBudgetBytes ?? MemoryBudget.DefaultLimit);
            Pump = value.Pump with { Budget = Budget, StopsReadingWhenFull = true };
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

    /// <summary>The session of an id where there is one, or with null every session established now.</summary>
    public IEnumerable<GatewaySession> FindSessions(ulong? sessionId = null) =>
        sessionId is not { } id ? Live.Values.Select(session => session.Report())
        : Live.TryGetValue(id, out var found) ? [found.Report()] : [];

    internal ConcurrentDictionary<ulong, ServerConnection> Live { get; } = new();

    internal GatewayTelemetry Telemetry { get; } = new();

    internal SessionOrders Orders { get; }

    internal PumpOptions Pump { get; private init; } = null!;

    internal CallRates Rates { get; private init; } = null!;

    internal ConnectionCounter Connections { get; private init; } = null!;

    internal InboundCalls Calls { get; } = new();

    internal SessionServer Sessions => field ??= new SessionServer(this);

    internal StreamCounter Streams { get; private init; } = null!;

    /// <summary>What callers used of their rates since this was last asked: all together, and the <paramref name="most"/> that used most.</summary>
    public IReadOnlyList<CallerUsage> TakeUsage(int most) => Rates.TakeUsage(most);

    /// <summary>Counts what callers used at another gateway that shares these limits.</summary>
    public void Charge(in CallerUsage used) => Rates.Charge(in used, Clock.Monotonic);

    public void Dispose()
    {
        Orders.Dispose();
        Budget.Dispose();
        Telemetry.Dispose();
    }
}
