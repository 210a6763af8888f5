using Orleans.Runtime;
using Xtmp.Protocol;
using Xtmp.Runtime.Wire;

namespace Xtmp.Runtime;

/// <summary>What goes to one other silo: what gathers while a batch is under way leaves with the next. What it cannot take is counted.</summary>
internal sealed class TopicPeer(ITopicService service)
{
    private const int Capacity = 16_384;
    private const int MaxBatchItems = 1024;
    private const int MaxBatchBytes = 1024 * 1024;

    private readonly Lock _lock = new();
    private readonly Queue<RemoteTopicItem> _waiting = new();
    private ulong _missed;
    private bool _isSending;

    public void Post(RemoteTopicItem item)
    {
        lock (_lock)
        {
            if (_waiting.Count == Capacity)
            {
                _missed++;
                return;
            }

            _waiting.Enqueue(item);
            if (_isSending)
            {
                return;
            }

            _isSending = true;
        }

        // Publications happen in turns, and a turn's context is none of a batch's business.
        using (ExecutionContext.SuppressFlow())
        {
            _ = Task.Run(SendAsync);
        }
    }

    private async Task SendAsync()
    {
        while (Take() is { } batch)
        {
            try
            {
                await service.PublishAsync(batch.ToBytes()).ConfigureAwait(false);
            }
            catch (Exception error) when (error is OrleansException or TimeoutException or XtmpException)
            {
                // The silo is gone, and its subscribers with it, or it hears of the gap with the next batch.
                lock (_lock)
                {
                    _missed += batch.Missed + (ulong)batch.Items.Count;
                }
            }
        }
    }

    private RemoteTopicBatch? Take()
    {
        lock (_lock)
        {
            var items = new List<RemoteTopicItem>(Math.Min(_waiting.Count, MaxBatchItems));
            for (var bytes = 0; items.Count < MaxBatchItems && bytes < MaxBatchBytes && _waiting.TryDequeue(out var item); bytes += item.Body.Length)
            {
                items.Add(item);
            }

            if (items.Count == 0)
            {
                _isSending = false;
                return null;
            }

            var batch = new RemoteTopicBatch { Items = [.. items], Missed = _missed };
            _missed = 0;
            return batch;
        }
    }
}
