using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Xtmp.Transport;

namespace Xtmp.Gateway;

/// <summary>The TCP listener: one connection, one session.</summary>
public sealed partial class SocketGateway : IAsyncDisposable
{
    // Connections that wait to be accepted.
    private const int Backlog = 512;

    // Of a process that may open no more files.
    private static readonly TimeSpan AcceptRetry = TimeSpan.FromMilliseconds(100);

    // Beyond the drain, sessions that were aborted get this long to go.
    private static readonly TimeSpan AbortMargin = TimeSpan.FromSeconds(1);

    private readonly GatewayServices _services;
    private readonly TimeSpan _drain;
    private readonly Socket _listener;
    private readonly TaskCompletionSource _allEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Dictionary<AdmittedPeer, TcpLink> _peers = [];
    private readonly Action<AdmittedPeer> _leave;
    private readonly DropLog _failures;
    private readonly Task _accepting;
    private bool _closed;

    private SocketGateway(GatewayServices services, Socket listener, TimeSpan drain)
    {
        _services = services;
        _drain = drain;
        _listener = listener;
        _failures = new DropLog(services.Clock);
        _leave = Leave;
        EndPoint = (IPEndPoint)listener.LocalEndPoint!;
        _accepting = Task.Run(AcceptAsync);
    }

    public IPEndPoint EndPoint { get; }

    /// <summary>Listens.</summary>
    /// <param name="services">What the listeners share.</param>
    /// <param name="endPoint">Where; <see cref="IPAddress.IPv6Any"/> takes IPv4 too.</param>
    /// <param name="drain">How long sessions may go on with their calls once the gateway is disposed of.</param>
    /// <exception cref="SocketException">The port is taken, or the address is not of this machine.</exception>
    public static SocketGateway Start(GatewayServices services, IPEndPoint endPoint, TimeSpan drain)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(endPoint);
        var listener = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (endPoint.Address.Equals(IPAddress.IPv6Any))
            {
                listener.DualMode = true;
            }

            listener.Bind(endPoint);
            listener.Listen(Backlog);
            return new SocketGateway(services, listener, drain);
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    /// <summary>Accepts no more, and waits for the sessions to drain; those that take too long are aborted.</summary>
    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _accepting.ConfigureAwait(false);
        AdmittedPeer[] peers;
        lock (_peers)
        {
            _closed = true;
            peers = [.. _peers.Keys];
        }

        if (peers.Length == 0)
        {
            return;
        }

        foreach (var peer in peers)
        {
            peer.StartDrain();
        }

        try
        {
            await _allEnded.Task.WaitAsync(_drain).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            TcpLink[] left;
            lock (_peers)
            {
                left = [.. _peers.Values];
            }

            foreach (var link in left)
            {
                link.Abort();
            }

            // A call that does not end keeps its session; the silo stops without it.
            await Task.WhenAny(_allEnded.Task, Task.Delay(AbortMargin)).ConfigureAwait(false);
        }
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            try
            {
                var socket = await _listener.AcceptAsync().ConfigureAwait(false);
                ThreadPool.UnsafeQueueUserWorkItem(static accepted => accepted.Item1.Serve(accepted.socket), (this, socket), preferLocal: false);
            }
            catch (Exception error) when (error is ObjectDisposedException or SocketException { SocketErrorCode: SocketError.OperationAborted })
            {
                return;
            }
            catch (SocketException error) when (error.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionAborted)
            {
                // The peer gave up before its turn came.
            }
            catch (SocketException error)
            {
                if (_failures.Add(out var count))
                {
                    LogNotAccepted(_services.Logger, error.Message, count);
                }

                await Task.Delay(AcceptRetry).ConfigureAwait(false);
            }
        }
    }

    private void Serve(Socket socket)
    {
        TcpLink link;
        try
        {
            link = TcpLink.FromAccepted(socket);
        }
        catch (SocketException)
        {
            // The peer is gone already.
            socket.Dispose();
            return;
        }

        if (_services.Sessions.TryAdmit(socket.RemoteEndPoint, _leave) is { } peer)
        {
            if (TryEnter(peer, link))
            {
                _ = _services.Sessions.ServeAsync(link, peer);
                return;
            }

            peer.Dispose();
        }

        link.Abort();
    }

    private bool TryEnter(AdmittedPeer peer, TcpLink link)
    {
        lock (_peers)
        {
            return !_closed && _peers.TryAdd(peer, link);
        }
    }

    private void Leave(AdmittedPeer peer)
    {
        lock (_peers)
        {
            _peers.Remove(peer);
            if (_closed && _peers.Count == 0)
            {
                _allEnded.TrySetResult();
            }
        }
    }

    [LoggerMessage(EventId = 3005, Level = LogLevel.Error, Message = "no connection can be accepted now: {Reason}; {Count} times since the last line")]
    private static partial void LogNotAccepted(ILogger logger, string reason, long count);
}
