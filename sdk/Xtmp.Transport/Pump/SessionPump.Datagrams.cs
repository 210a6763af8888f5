using Xtmp.Session;

namespace Xtmp.Transport;

/// <content>The datagrams beside the stream.</content>
public sealed partial class SessionPump
{
    private volatile DatagramSender? _datagrams;

    /// <summary>
    /// Has the session's datagrams go out by this socket, which stays the caller's; again takes another one in its place. A
    /// client names where the server's are, and begins to look for the path.
    /// </summary>
    public void SendDatagramsBy(DatagramSocket socket, PathAddress? remote = null)
    {
        _datagrams = new DatagramSender(this, socket);
        if (remote is { } address)
        {
            Use((address, _clock), static (session, path) => session.OpenDatagrams(path.address, path._clock.Now));
        }
    }

    /// <summary>Takes datagrams of a batch that name this session.</summary>
    public void HandleDatagrams(DatagramBatch batch, int start, int count)
    {
        ArgumentNullException.ThrowIfNull(batch);
        try
        {
            TakeIn(batch, start, count);
        }
        catch (Exception bug) when (bug is not OutOfMemoryException)
        {
            // The thread that reads the socket serves other sessions too.
            EndBy(bug);
        }

        // What an observer hands on from datagrams is not waited for: who sends more than is taken loses it.
        _ = FollowUp();
        WakeWriter(inline: false);
        _datagrams?.Wake(inline: true);
    }

    private void TakeIn(DatagramBatch batch, int start, int count)
    {
        lock (_gate)
        {
            for (var index = start; index < start + count && !_disposed; index++)
            {
                _session.HandleDatagram(batch[index], batch.AddressOf(index), _clock.Now);
                DrainEvents();
            }

            Count();
        }
    }

    /// <summary>For the sender: what the session has for datagrams now.</summary>
    internal void TakeDatagrams(DatagramBatch batch)
    {
        bool hasStream;
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            while (!batch.IsFull)
            {
                var length = _session.PollDatagram(batch.Free, out var to, _clock.Now);
                if (length == 0)
                {
                    break;
                }

                batch.Add(length, to);
            }

            DrainEvents();
            Count();
            GiveRoom();

            // A path that is given up leaves its messages to the stream.
            hasStream = _session.SendQueueBytes > 0;
        }

        if (hasStream)
        {
            WakeWriter(inline: false);
        }
    }
}
