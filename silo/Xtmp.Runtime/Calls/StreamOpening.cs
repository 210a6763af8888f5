namespace Xtmp.Runtime;

/// <summary>The part of a stream that counts as activity: until its turn is over. Its items come from what others do.</summary>
internal sealed class StreamOpening
{
    private readonly ActivityCounter _activity;
    private int _isDone;

    public StreamOpening(ActivityCounter activity)
    {
        _activity = activity;
        activity.Add();
    }

    /// <summary>The stream is open, or over. Again does no harm.</summary>
    public void Done()
    {
        if (Interlocked.Exchange(ref _isDone, 1) == 0)
        {
            _activity.Remove();
        }
    }
}
