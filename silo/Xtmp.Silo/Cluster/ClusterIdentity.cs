using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xtmp.Protocol;
using Xtmp.Runtime;

namespace Xtmp.Silo;

/// <summary>
/// What a program of the operator's own that is no silo shows the silos of a cluster, for
/// <see cref="Runtime.ClientBuilderExtensions.UseXtmpClient"/>. Its directory is made as a silo's is: <c>xtmp-silo cluster join</c>.
/// </summary>
public sealed class ClusterIdentity : IDisposable
{
    private readonly ClusterKeys _keys;

    private ClusterIdentity(ClusterKeys keys, TimeProvider time, ILogger logger)
    {
        _keys = keys;
        Traffic = keys.ToTraffic(static _ => false, time, logger);
    }

    /// <summary>Name of the cluster.</summary>
    public string Cluster => _keys.Credentials.Cluster;

    public SiloTraffic Traffic { get; }

    /// <summary>Reads the keys.</summary>
    /// <exception cref="XtmpException">A file is missing, of another cluster or identity, or out of date; the message says what to do.</exception>
    public static ClusterIdentity Load(string directory, TimeProvider? time = null, ILoggerFactory? loggers = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        time ??= TimeProvider.System;
        return new ClusterIdentity(ClusterKeys.Load(directory, time.GetUtcNow()), time, (loggers ?? NullLoggerFactory.Instance).CreateLogger("Xtmp.Gateway"));
    }

    public void Dispose() => _keys.Dispose();
}
