namespace Xtmp.Transport;

/// <summary>
/// Sends the datagrams of one session, one batch at a time. While a batch is on its way further messages gather in the
/// session, which is what fills datagrams.
/// </summary>
internal sealed class DatagramSender(SessionPump pump, DatagramSocket socket) : IThreadPoolWorkItem
{
    private const int Idle = 0;
    private const int Sending = 1;
    private const int SendRequested = 2;

    private int _state;

    /// <summary>Something may be there to send.</summary>
    public void Wake(bool inline)
    {
        while (true)
        {
            var state = Volatile.Read(ref _state);
            if (state == SendRequested)
            {
                return;
            }

            if (Interlocked.CompareExchange(ref _state, state == Idle ? Sending : SendRequested, state) != state)
            {
                continue;
            }

            if (state == Idle && inline)
            {
                _ = SendAsync();
            }
            else if (state == Idle)
            {
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
            }

            return;
        }
    }

    /// <summary>For the thread pool.</summary>
    void IThreadPoolWorkItem.Execute() => _ = SendAsync();

    private async Task SendAsync()
    {
        var batch = DatagramBatch.Rent();
        try
        {
            while (true)
            {
                batch.Clear();
                pump.TakeDatagrams(batch);
                if (batch.Count > 0)
                {
                    await socket.SendAsync(batch).ConfigureAwait(false);
                }
                else if (Interlocked.CompareExchange(ref _state, Idle, Sending) == Sending)
                {
                    return;
                }
                else
                {
                    Volatile.Write(ref _state, Sending);
                }
            }
        }
        catch (ObjectDisposedException)
        {
            // The socket went with the session.
        }
        catch (Exception bug) when (bug is not OutOfMemoryException)
        {
            pump.EndBy(bug);
        }
        finally
        {
            batch.Return();
        }
    }
}
