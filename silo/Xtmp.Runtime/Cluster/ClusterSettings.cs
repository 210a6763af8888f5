using System.Net;
using Npgsql;
using Xtmp.Protocol;

namespace Xtmp.Runtime;

/// <summary>How a silo finds the others of its cluster, and they it.</summary>
public sealed record ClusterSettings
{
    /// <summary>The PostgreSQL database with the cluster's membership, as Npgsql reads it. Empty where <see cref="Membership"/> takes its place.</summary>
    public string ConnectionString { get; init; } = "";

    /// <summary>Who is in the cluster, where that is not in PostgreSQL. Each silo has one of its own.</summary>
    public Orleans.IMembershipTable? Membership { get; init; }

    /// <summary>Where the other silos reach this one. The port is not 0.</summary>
    public required IPEndPoint EndPoint { get; init; }

    /// <summary>Port at <see cref="EndPoint"/>'s address for Orleans clients of the operator's own (<see cref="ClientBuilderExtensions.UseXtmpClient"/>); 0: none.</summary>
    public int ClientPort { get; init; }

    /// <summary>Name of the cluster; silos of other names in the same database do not see each other.</summary>
    public string Name { get; init; } = "xtmp";

    /// <summary>What protects the connections between silos. A cluster does not start without it, unless <see cref="AllowPlainTraffic"/> says so.</summary>
    public SiloTraffic? Traffic { get; init; }

    /// <summary>True lets silos talk in the clear, which is for networks that nobody else is on. Needs <see cref="Traffic"/> to be null.</summary>
    public bool AllowPlainTraffic { get; init; }

    /// <summary>Time between two probes of a silo. Two that are missed make it dead.</summary>
    public TimeSpan ProbeInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a silo that starts tries to reach the others before it gives up.</summary>
    public TimeSpan JoinPatience { get; init; } = TimeSpan.FromSeconds(30);

    /// <exception cref="XtmpException">A setting cannot be used; its field is named.</exception>
    public void Validate()
    {
        if (Traffic is null != AllowPlainTraffic)
        {
            var text = AllowPlainTraffic
                ? "Traffic between silos is either protected or in the clear, and both are asked for."
                : "Nothing protects the traffic between silos. Give it something that does, or on a network that nobody else is on allow plain traffic by name.";
            throw new XtmpException(XtmpErrorCode.PayloadInvalid, Fault.Local, text, "plain_traffic");
        }

        if (EndPoint.Port is 0 || EndPoint.Address.Equals(IPAddress.Any) || EndPoint.Address.Equals(IPAddress.IPv6Any))
        {
            throw new XtmpException(XtmpErrorCode.PayloadInvalid, Fault.Local, $"Other silos cannot reach {EndPoint}: an address of this machine and a port are needed.", "end_point");
        }

        if (Name.Length is 0 or > 64)
        {
            throw new XtmpException(XtmpErrorCode.PayloadInvalid, Fault.Local, "The cluster's name has 1 to 64 characters.", "name");
        }

        if (Membership is null == (ConnectionString.Length == 0))
        {
            throw new XtmpException(XtmpErrorCode.PayloadInvalid, Fault.Local, "A cluster's membership is in one place: a database or a table that is given.", "connection_string");
        }

        try
        {
            _ = new NpgsqlConnectionStringBuilder(ConnectionString);
        }
        catch (ArgumentException error)
        {
            throw new XtmpException(XtmpErrorCode.PayloadInvalid, Fault.Local, "The connection string of the cluster cannot be read; it looks like Host=db;Database=xtmp;Username=silo.", "connection_string", innerException: error);
        }
    }
}
