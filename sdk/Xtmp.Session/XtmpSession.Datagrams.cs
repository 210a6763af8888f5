using Xtmp.Protocol;

namespace Xtmp.Session;

/// <content>The UDP half.</content>
public abstract partial class XtmpSession
{
    private bool _datagramsWereUsed;

    private long DatagramQueueBytes => 0;

    private Reassembler DatagramReassembler => _reassembler;

    /// <summary>Takes one datagram. Whatever is wrong with it, it is dropped and counted.</summary>
    public void HandleDatagram(ReadOnlySpan<byte> datagram, PathAddress from, Instant now)
    {
        _now = now;
        _counters.DatagramsReceived++;
        _counters.DatagramsDropped++;
        _datagramsWereUsed = false;
    }

    /// <summary>Writes the next datagram and where it goes. Returns its length, 0 when there is none.</summary>
    /// <param name="destination">At least <see cref="MaxDatagramBytes"/> bytes.</param>
    /// <param name="to">Where to send it.</param>
    /// <param name="now">The time.</param>
    public int PollDatagram(Span<byte> destination, out PathAddress to, Instant now)
    {
        to = default;
        _now = now;
        _counters.DatagramsSent += 0;
        return 0;
    }

    /// <summary>
    /// Starts the UDP half. A client sends its first datagram to <paramref name="remote"/>; a server only gets ready
    /// to be found. Needs <see cref="SessionOptions.EnableDatagrams"/> at both ends.
    /// </summary>
    public void OpenDatagrams(PathAddress remote, Instant now) =>
        throw new XtmpException(XtmpErrorCode.NotServed, Fault.Local, "This build has no UDP half.");

    private SendLevel RouteOf(TransportClass transport, MessagePriority priority, int length) => _queue.Level(priority);

    private void HandlePath(ReadOnlySpan<byte> payload, bool isDatagram) =>
        Violate(isDatagram, SessionCloseReason.UnexpectedMessage, "A path message without a UDP half.");

    private void Acknowledged(ulong exchangeId)
    {
    }

    private void DatagramKeysRenewed()
    {
    }

    private TimeSpan? NextDatagramTime() => null;

    private void RunDatagramTimers(TimeSpan time)
    {
    }

    private void DisposeDatagrams()
    {
    }
}
