using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Orleans.Hosting;
using Orleans.Runtime;
using Xtmp.Runtime;
using Xtmp.Storage;

namespace Xtmp.Testing;

/// <summary>
/// Silos of a test's own grains that are one cluster: in this process, on one store in memory, with loopback connections between
/// them. They can be stopped, killed, joined by others, and cut off from each other. Their clock is the system's, since what one silo
/// thinks of another rests on real time.
/// </summary>
public sealed class TestCluster : IAsyncDisposable
{
    private static readonly TimeSpan DefaultProbeInterval = TimeSpan.FromSeconds(10);

    private readonly Action<ISiloBuilder> _configure;
    private readonly RuntimeOptions _limits;
    private readonly SiloTraffic? _traffic;
    private readonly TimeSpan _probeInterval;
    private readonly TestNetwork _network = new();
    private readonly MemoryMembership.Table _table = new();
    private readonly List<TestMember> _members = [];

    private TestCluster(Action<ISiloBuilder> configure, RuntimeOptions limits, SiloTraffic? traffic, TimeSpan probeInterval)
    {
        _probeInterval = probeInterval;
        _traffic = traffic;
        _configure = configure;
        _limits = limits;
    }

    /// <summary>Name of the cluster, for Orleans clients.</summary>
    public string Name => new ClusterSettings { EndPoint = _members[0].EndPoint }.Name;

    public MemoryGrainStore Store { get; } = new() { IsShared = true };

    /// <summary>All silos there ever were, in the order in which they joined.</summary>
    public IReadOnlyList<TestMember> Members => _members;

    public ConcurrentQueue<RuntimeFault> Faults { get; } = [];

    /// <summary>Starts a cluster.</summary>
    /// <param name="silos">How many silos.</param>
    /// <param name="configure">Adds the grains, and the services they are made with; called for each silo.</param>
    /// <param name="limits">Null: the defaults, with quick retries.</param>
    /// <param name="traffic">What the connections between silos go through; null: they are in the clear.</param>
    /// <param name="probeInterval">
    /// Time between two probes of a silo, of which two that are missed make it dead; null: 10 s, so that a busy machine does not
    /// make a silo look dead. A test that kills one wants it found out sooner.
    /// </param>
    public static async Task<TestCluster> StartAsync(int silos, Action<ISiloBuilder> configure, RuntimeOptions? limits = null, SiloTraffic? traffic = null, TimeSpan? probeInterval = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(silos, 1);
        ArgumentNullException.ThrowIfNull(configure);
        var cluster = new TestCluster(configure, limits ?? new RuntimeOptions { OutboxRetryMin = TimeSpan.FromMilliseconds(10), SweepInterval = TimeSpan.FromSeconds(1) }, traffic, probeInterval ?? DefaultProbeInterval);
        try
        {
            for (var silo = 0; silo < silos; silo++)
            {
                await cluster.JoinAsync().ConfigureAwait(false);
            }

            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>One more silo.</summary>
    public async Task<TestMember> JoinAsync()
    {
        var member = new TestMember(new IPEndPoint(IPAddress.Loopback, FreePort()), new IPEndPoint(IPAddress.Loopback, FreePort()), new MemoryMembership(_table));
        member.Silo = await GrainSilo.StartAsync(
            Store,
            _configure,
            _limits with
            {
                OnFault = fault =>
                {
                    Faults.Enqueue(fault);
                    _limits.OnFault?.Invoke(fault);
                },
            },
            cluster: new ClusterSettings { Membership = member.Membership, EndPoint = member.EndPoint, ClientPort = member.ClientEndPoint.Port, Traffic = _network.Of(member.EndPoint, _traffic), ProbeInterval = _probeInterval }).ConfigureAwait(false);
        _ = WatchAsync(member);
        _members.Add(member);
        return member;
    }

    /// <summary>Drains a silo: what is in flight ends, and its grains go to the others.</summary>
    public static async Task StopAsync(TestMember member)
    {
        ArgumentNullException.ThrowIfNull(member);
        member.IsRunning = false;
        await member.Silo.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>A silo is gone from one moment to the next: nobody hears a word from it any more.</summary>
    public async Task KillAsync(TestMember member)
    {
        ArgumentNullException.ThrowIfNull(member);
        member.IsRunning = false;
        member.Membership.IsMute = true;
        _network.Isolate(member.EndPoint);
        try
        {
            await member.Silo.StopAsync(new CancellationToken(canceled: true)).ConfigureAwait(false);
        }
        catch (Exception error) when (error is OperationCanceledException or OrleansException or AggregateException)
        {
            // It cannot say goodbye to anybody, and complains of it.
        }

        await member.Silo.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Two silos do not hear each other any more, while both hear the others and read who is in the cluster.</summary>
    public void Partition(TestMember one, TestMember other)
    {
        ArgumentNullException.ThrowIfNull(one);
        ArgumentNullException.ThrowIfNull(other);
        _network.Cut(one.EndPoint, other.EndPoint);
    }

    /// <summary>They hear each other again.</summary>
    public void Heal(TestMember one, TestMember other)
    {
        ArgumentNullException.ThrowIfNull(one);
        ArgumentNullException.ThrowIfNull(other);
        _network.Heal(one.EndPoint, other.EndPoint);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var member in Enumerable.Reverse(_members))
        {
            await StopAsync(member).ConfigureAwait(false);
        }

        await Store.DisposeAsync().ConfigureAwait(false);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static async Task WatchAsync(TestMember member)
    {
        await member.Silo.Lost.ConfigureAwait(false);
        member.IsRunning = false;
    }
}
