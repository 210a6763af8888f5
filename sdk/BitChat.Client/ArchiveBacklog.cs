using BitChat.Messages;

namespace BitChat.Client;

/// <summary>
/// Decided values that the silo may still lack, by height without gaps. What is handed in begins at the height after the one the
/// silo says it has, so that a refusal or a lost reply costs a repetition and no gap. Bounded; the oldest make room, and those
/// that the silo has. Safe for concurrent use.
/// </summary>
internal sealed class ArchiveBacklog
{
    public const int MaxValues = 256;
    public const int MaxBatch = 16;
    public const int MaxBatchBytes = 48 * 1_024;

    private readonly Lock _lock = new();
    private readonly Queue<DecidedValue> _values = new();
    private ulong _last;

    /// <summary>Adds the value of a height. One that does not follow the last begins anew: what is between was not decided here.</summary>
    public void Add(DecidedValue decided)
    {
        lock (_lock)
        {
            var height = decided.Value.Height;
            if (_values.Count > 0 && height <= _last)
            {
                return;
            }

            if (_values.Count > 0 && height != _last + 1)
            {
                _values.Clear();
            }

            _values.Enqueue(decided);
            _last = height;
            if (_values.Count > MaxValues)
            {
                _values.Dequeue();
            }
        }
    }

    /// <summary>Forgets what the silo has, and gives what comes next, as much as one call takes: none where nothing does.</summary>
    /// <param name="height">The last height that the silo has.</param>
    /// <param name="isBehind">True where there are values, but not the next one: another seat has it.</param>
    public IReadOnlyList<DecidedValue> After(ulong height, out bool isBehind)
    {
        lock (_lock)
        {
            while (_values.TryPeek(out var first) && first.Value.Height <= height)
            {
                _values.Dequeue();
            }

            isBehind = _values.TryPeek(out var next) && next.Value.Height > height + 1;
            if (isBehind)
            {
                return [];
            }

            // The first goes whatever its size; at a post-quantum table one has up to 30 KiB.
            var bytes = 0;
            return [.. _values.Take(MaxBatch).TakeWhile(value => (bytes += value.GetEncodedSize()) <= MaxBatchBytes || bytes == value.GetEncodedSize())];
        }
    }
}
