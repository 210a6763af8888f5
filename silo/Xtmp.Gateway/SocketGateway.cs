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
    private readonly CancellationTokenSource _closing = new();
    private readonly TaskCompletionSource _allEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HashSet<TcpLink> _links = [];
    private readonly DropLog _failures;
    private readonly Task _accepting;
    private bool _closed;

    private SocketGateway(GatewayServices services, Socket listener, TimeSpan drain)
    {
        _services = services;
        _drain = drain;
        _listener = listener;
        _failures = new DropLog(services.Clock);
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
        await _closing.CancelAsync().ConfigureAwait(false);
        TcpLink[] left;
        lock (_links)
        {
            _closed = true;
            left = [.. _links];
        }

        if (left.Length == 0)
        {
            return;
        }

        try
        {
            await _allEnded.Task.WaitAsync(_drain).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            lock (_links)
            {
                left = [.. _links];
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
                ThreadPool.UnsafeQueueUserWorkItem(static accepted => _ = accepted.Item1.ServeAsync(accepted.socket), (this, socket), preferLocal: false);
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

    private async Task ServeAsync(Socket socket)
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

        using var admitted = _services.Sessions.TryAdmit(socket.RemoteEndPoint);
        if (admitted is null || !TryEnter(link))
        {
            link.Abort();
            return;
        }

        await _services.Sessions.ServeAsync(link, admitted, _closing.Token).ConfigureAwait(false);
        lock (_links)
        {
            _links.Remove(link);
            if (_closed && _links.Count == 0)
            {
                _allEnded.TrySetResult();
            }
        }
    }

    private bool TryEnter(TcpLink link)
    {
        lock (_links)
        {
            return !_closed && _links.Add(link);
        }
    }

    [LoggerMessage(EventId = 3005, Level = LogLevel.Error, Message = "no connection can be accepted now: {Reason}; {Count} times since the last line")]
    private static partial void LogNotAccepted(ILogger logger, string reason, long count);
}
