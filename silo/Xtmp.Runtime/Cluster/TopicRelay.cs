using System.Collections.Concurrent;
using Orleans;
using Orleans.Runtime;
using Xtmp.Protocol;
using Xtmp.Runtime.Wire;

namespace Xtmp.Runtime;

/// <summary>
/// Carries publications to every other silo of the cluster, in their order. A subscription therefore needs no announcement:
/// it is in place everywhere as soon as it is in its own silo, and a snapshot read after it misses nothing.
/// </summary>
internal sealed class TopicRelay(ILocalSiloDetails self, ISiloStatusOracle silos, TopicServiceClient client, TopicHub hub) : ILifecycleParticipant<ISiloLifecycle>, ISiloStatusListener
{
    private readonly ConcurrentDictionary<SiloAddress, TopicPeer> _peers = new();

    public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(nameof(TopicRelay), ServiceLifecycleStage.RuntimeGrainServices, StartAsync, StopAsync);

    public void SiloStatusChangeNotification(SiloAddress updatedSilo, SiloStatus status)
    {
        if (updatedSilo.Equals(self.SiloAddress))
        {
            return;
        }

        if (status == SiloStatus.Active)
        {
            _peers.TryAdd(updatedSilo, new TopicPeer(client.At(updatedSilo)));
        }
        else if (status.IsTerminating())
        {
            _peers.TryRemove(updatedSilo, out _);
        }
    }

    private Task StartAsync(CancellationToken cancellationToken)
    {
        silos.SubscribeToSiloStatusEvents(this);
        foreach (var (silo, status) in silos.GetApproximateSiloStatuses())
        {
            SiloStatusChangeNotification(silo, status);
        }

        hub.Relay = Post;
        return Task.CompletedTask;
    }

    private Task StopAsync(CancellationToken cancellationToken)
    {
        hub.Relay = null;
        silos.UnSubscribeFromSiloStatusEvents(this);
        return Task.CompletedTask;
    }

    private void Post(string topic, IXtmpMessage item)
    {
        if (_peers.IsEmpty)
        {
            return;
        }

        var encoded = new RemoteTopicItem { Topic = topic, Type = TopicHub.TypeName(item.GetType()), Body = item.ToBytes() };
        foreach (var (_, peer) in _peers)
        {
            peer.Post(encoded);
        }
    }
}
