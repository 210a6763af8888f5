using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;
using Orleans.Runtime.Services;
using Orleans.Services;

namespace Xtmp.Runtime;

/// <summary>Takes the publications of other silos.</summary>
[Alias("xtmp.topics")]
internal interface ITopicService : IGrainService
{
    /// <param name="batch">A RemoteTopicBatch. Its sender has one such call under way, so batches stay in order.</param>
    [Alias("publish")]
    ValueTask PublishAsync(byte[] batch);
}

[Reentrant]
internal sealed class TopicService(Orleans.Runtime.GrainId id, Silo silo, ILoggerFactory loggers, TopicHub hub) : GrainService(id, silo, loggers), ITopicService
{
    public ValueTask PublishAsync(byte[] batch)
    {
        hub.Receive(batch);
        return default;
    }
}

internal sealed class TopicServiceClient(IServiceProvider services) : GrainServiceClient<ITopicService>(services)
{
    public ITopicService At(SiloAddress silo) => GetGrainService(silo);
}
