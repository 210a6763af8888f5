using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Gateway;

/// <summary>
/// The UDP listener: one socket for the datagrams of all sessions, which are told apart by the session id in their clear
/// header. A datagram that names no session here costs a look into a table.
/// </summary>
public sealed class DatagramGateway : IAsyncDisposable
{
    private const int SessionIdOffset = 8;

    private readonly ConcurrentDictionary<ulong, SessionPump> _sessions = new();
    private readonly DatagramSocket _socket;
    private readonly Task _receiving;

    private DatagramGateway(DatagramSocket socket)
    {
        _socket = socket;
        _receiving = Task.Run(ReceiveAsync);
    }

    public IPEndPoint EndPoint => _socket.LocalEndPoint;

    /// <summary>What clients are told: this port at the address they have reached the silo at.</summary>
    public string Announcement => $"*:{EndPoint.Port}";

    /// <exception cref="System.Net.Sockets.SocketException">The port is taken, or the address is not of this machine.</exception>
    public static DatagramGateway Start(IPEndPoint endPoint) => new(DatagramSocket.Bind(endPoint));

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        await _receiving.ConfigureAwait(false);
    }

    /// <summary>From now on the session takes and sends datagrams here.</summary>
    internal void Enter(ulong sessionId, SessionPump pump)
    {
        // Session ids are drawn at random by this silo, so that none is there twice.
        _sessions[sessionId] = pump;
        pump.SendDatagramsBy(_socket);
    }

    internal void Leave(ulong sessionId) => _sessions.TryRemove(sessionId, out _);

    private async Task ReceiveAsync()
    {
        var batch = DatagramBatch.Rent();
        try
        {
            while (true)
            {
                batch.Clear();
                await _socket.ReceiveAsync(batch, CancellationToken.None).ConfigureAwait(false);
                Deliver(batch);
            }
        }
        catch (ObjectDisposedException)
        {
            batch.Return();
        }
    }

    /// <summary>Hands runs of datagrams of one session to its pump.</summary>
    private void Deliver(DatagramBatch batch)
    {
        for (int start = 0, next; start < batch.Count; start = next)
        {
            next = start + 1;
            if (!TryReadSession(batch[start], out var id))
            {
                continue;
            }

            while (next < batch.Count && TryReadSession(batch[next], out var other) && other == id)
            {
                next++;
            }

            if (_sessions.TryGetValue(id, out var pump))
            {
                pump.HandleDatagrams(batch, start, next - start);
            }
        }
    }

    private static bool TryReadSession(ReadOnlySpan<byte> datagram, out ulong id)
    {
        var isWhole = datagram.Length is >= FrameLayout.HeaderSize and <= XtmpSession.MaxDatagramBytes;
        id = isWhole ? BinaryPrimitives.ReadUInt64LittleEndian(datagram[SessionIdOffset..]) : 0;
        return isWhole;
    }
}
