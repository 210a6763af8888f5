using System.Net;
using Microsoft.Extensions.Logging;
using Xtmp.Gateway;
using Xtmp.Grains;
using Xtmp.Runtime;
using Xtmp.Session;

namespace Xtmp.Silo;

/// <summary>Everything the configuration may set: a silo's options, and what belongs to the process around it.</summary>
internal sealed class SiloSettings(SiloOptions silo)
{
    public SiloOptions Silo { get; } = silo;

    public GatewayOptions Gateway
    {
        get => Silo.Gateway;
        set => Silo.Gateway = value;
    }

    public SessionLimits Sessions
    {
        get => Gateway.SessionLimits;
        set => Gateway = Gateway with { SessionLimits = value };
    }

    public RateLimits Rates
    {
        get => Gateway.Rates;
        set => Gateway = Gateway with { Rates = value };
    }

    public GrainOptions Grains
    {
        get => Silo.Grains;
        set => Silo.Grains = value;
    }

    public RuntimeOptions Runtime
    {
        get => Silo.Runtime;
        set => Silo.Runtime = value;
    }

    public string ClusterDatabase { get; set; } = "";

    public IPEndPoint ClusterEndPoint { get; set; } = new(IPAddress.Loopback, 11111);

    public int ClusterClientPort { get; set; }

    public bool PlainSiloTraffic { get; set; }

    public TimeSpan ProbeInterval { get; set; } = TimeSpan.FromSeconds(1);

    public LogLevel LogLevel { get; set; } = LogLevel.Information;

    public LogFormat LogFormat { get; set; } = LogFormat.Text;
}

/// <summary>How the process writes its log to the console.</summary>
internal enum LogFormat
{
    /// <summary>A line an event, for people.</summary>
    Text,

    /// <summary>A JSON object an event, with its id and fields, for machines.</summary>
    Json,
}
