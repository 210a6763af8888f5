using System.Net;
using Microsoft.AspNetCore.Connections;
using Xtmp.Runtime;

namespace Xtmp.Testing;

/// <summary>The connections between the silos of a test, which it can cut. Each is known to the silo that made it.</summary>
internal sealed class TestNetwork
{
    private readonly Lock _lock = new();
    private readonly HashSet<(IPEndPoint, IPEndPoint)> _cut = [];
    private readonly HashSet<IPEndPoint> _isolated = [];
    private readonly List<(IPEndPoint From, IPEndPoint To, ConnectionContext Connection)> _open = [];

    /// <summary>The traffic of one silo, within what protects it.</summary>
    public SiloTraffic Of(IPEndPoint silo, SiloTraffic? inner) => new(inner?.Inbound ?? (next => next), next =>
    {
        var protectedNext = inner is null ? next : inner.Outbound(next);
        return connection => CarryAsync(silo, connection, protectedNext);
    });

    public void Cut(IPEndPoint one, IPEndPoint other) => AbortAfter(() =>
    {
        _cut.Add((one, other));
        _cut.Add((other, one));
    });

    public void Heal(IPEndPoint one, IPEndPoint other)
    {
        lock (_lock)
        {
            _cut.Remove((one, other));
            _cut.Remove((other, one));
        }
    }

    public void Isolate(IPEndPoint silo) => AbortAfter(() => _isolated.Add(silo));

    private void AbortAfter(Action cut)
    {
        ConnectionContext[] lost;
        lock (_lock)
        {
            cut();
            lost = [.. _open.Where(open => IsCut(open.From, open.To)).Select(open => open.Connection)];
        }

        Array.ForEach(lost, static connection => connection.Abort());
    }

    private bool IsCut(IPEndPoint from, IPEndPoint to) => _cut.Contains((from, to)) || _isolated.Contains(from) || _isolated.Contains(to);

    private async Task CarryAsync(IPEndPoint from, ConnectionContext connection, ConnectionDelegate next)
    {
        var entry = (from, (IPEndPoint)connection.RemoteEndPoint!, connection);
        lock (_lock)
        {
            if (IsCut(entry.from, entry.Item2))
            {
                throw new ConnectionAbortedException("The test has cut these silos off from each other.");
            }

            _open.Add(entry);
        }

        try
        {
            await next(connection).ConfigureAwait(false);
        }
        finally
        {
            lock (_lock)
            {
                _open.Remove(entry);
            }
        }
    }
}
