using System.Collections.Concurrent;
using System.Net;
using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.TestKit.Traffic;
using Xtmp.Transport;

namespace Xtmp.TestKit;

/// <summary>
/// Two ends of a session over loopback TCP with datagrams beside it, in this process: what the client sends is counted by
/// number at the server.
/// </summary>
public sealed class DatagramEnds : IAsyncDisposable
{
    private readonly SessionPump _client;
    private readonly SessionPump _server;
    private readonly DatagramSocket _serverSocket;
    private readonly List<DatagramSocket> _clientSockets = [];
    private readonly List<Task> _running = [];
    private readonly bool _batched;

    private DatagramEnds(SessionPump client, SessionPump server, Recorder clientEvents, Recorder serverEvents, DatagramSocket serverSocket, bool batched)
    {
        _client = client;
        _server = server;
        _serverSocket = serverSocket;
        _batched = batched;
        Client = clientEvents;
        Server = serverEvents;
        _running.Add(_client.RunAsync());
        _running.Add(_server.RunAsync());
        _running.Add(ReceiveAsync(serverSocket, server));
    }

    public Recorder Client { get; }

    public Recorder Server { get; }

    /// <summary>Established ends; datagrams are not asked for yet.</summary>
    public static async Task<DatagramEnds> StartAsync(ILink client, ILink server, bool batched)
    {
        var clock = new SessionClock(TimeProvider.System);
        var clientEvents = new Recorder();
        var serverEvents = new Recorder();
        var socket = DatagramSocket.Bind(new IPEndPoint(IPAddress.Loopback, 0), batched);
        var ends = new DatagramEnds(
            new SessionPump(XtmpSession.Connect(PairOptions.Client with { EnableDatagrams = true }, SystemEntropy.Instance, clock.Now), client, clock, clientEvents),
            new SessionPump(
                XtmpSession.Accept(PairOptions.Server with { EnableDatagrams = true, DatagramEndpoint = $"*:{socket.LocalEndPoint.Port}" }, SystemEntropy.Instance, clock.Now), server, clock, serverEvents),
            clientEvents, serverEvents, socket, batched);
        await clientEvents.WaitForAsync(SessionEventKind.Established);
        await serverEvents.WaitForAsync(SessionEventKind.Established);
        ends._server.SendDatagramsBy(socket);
        return ends;
    }

    /// <summary>Begins to look for the path, or goes on from another port.</summary>
    /// <param name="remote">Where the server's datagrams are said to be; null: where they are.</param>
    public void OpenDatagrams(IPEndPoint? remote = null)
    {
        var socket = DatagramSocket.Bind(new IPEndPoint(IPAddress.Loopback, 0), _batched);
        var isFirst = _clientSockets.Count == 0;
        _clientSockets.Add(socket);
        _running.Add(ReceiveAsync(socket, _client));
        remote ??= _serverSocket.LocalEndPoint;
        _client.SendDatagramsBy(socket, isFirst ? PathAddress.From(remote.Address, remote.Port) : null);
        if (!isFirst)
        {
            _clientSockets[^2].Dispose();
        }
    }

    /// <summary>Sends messages that prefer datagrams.</summary>
    public void Send(ulong first, int count, int bodySize = 100)
    {
        var body = new byte[bodySize];
        for (var number = first; number < first + (ulong)count; number++)
        {
            _client.Use((number, body), static (session, tick) =>
                session.SendOneWay(new Tick { Number = tick.number, Body = tick.body }, SendOptions.From(Tick.MessageInfo)));
        }
    }

    public PathAddress? ServerSees => _server.Use(0, static (session, _) => session.DatagramPeer);

    public async ValueTask DisposeAsync()
    {
        _client.Use(0, static (session, _) => session.CloseGracefully());
        _serverSocket.Dispose();
        _clientSockets.ForEach(socket => socket.Dispose());
        await Task.WhenAll(_running);
        await _client.DisposeAsync();
        await _server.DisposeAsync();
    }

    private static async Task ReceiveAsync(DatagramSocket socket, SessionPump pump)
    {
        var batch = DatagramBatch.Rent();
        try
        {
            while (true)
            {
                batch.Clear();
                await socket.ReceiveAsync(batch, CancellationToken.None);
                pump.HandleDatagrams(batch, 0, batch.Count);
            }
        }
        catch (ObjectDisposedException)
        {
            batch.Return();
        }
    }

    /// <summary>What one end has reported.</summary>
    public sealed class Recorder : ISessionObserver
    {
        private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

        private readonly SemaphoreSlim _arrived = new(0);
        private readonly ConcurrentQueue<SessionEventKind> _kinds = new();

        /// <summary>Numbers of the ticks that came, and whether by datagram.</summary>
        public ConcurrentDictionary<ulong, bool> Ticks { get; } = new();

        /// <summary>Ticks that came again.</summary>
        public int Doubles { get; private set; }

        public void OnEvent(XtmpSession session, in SessionEvent sessionEvent)
        {
            _kinds.Enqueue(sessionEvent.Kind);
            if (sessionEvent.Kind == SessionEventKind.OneWay && sessionEvent.Code == Tick.MessageInfo.Code)
            {
                Tick.TryDecode(sessionEvent.Payload.Span, DecodeLimits.Untrusted, out var tick, out _, out _);
                Doubles += Ticks.TryAdd(tick!.Number, sessionEvent.IsDatagram) ? 0 : 1;
            }

            _arrived.Release();
        }

        public Task WaitForAsync(SessionEventKind kind) => WaitForAsync(() => _kinds.Contains(kind), kind.ToString());

        /// <summary>Looks again after each event.</summary>
        public async Task WaitForAsync(Func<bool> holds, string what)
        {
            using var patience = new CancellationTokenSource(Patience);
            while (!holds())
            {
                try
                {
                    await _arrived.WaitAsync(patience.Token);
                }
                catch (OperationCanceledException)
                {
                    throw new TimeoutException($"Waited for {what}; events were {string.Join(", ", _kinds.GroupBy(kind => kind).Select(group => $"{group.Count()} {group.Key}"))}.");
                }
            }
        }
    }
}
