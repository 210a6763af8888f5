using System.Threading.Channels;
using Xtmp.Crypto;
using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.TestKit;
using Xtmp.Transport;

namespace Xtmp.Client.Tests;

/// <summary>A server in memory that does what the test says: it takes requests and answers, refuses, ends or says nothing.</summary>
internal sealed class ScriptedServer(TimeProvider time, DatagramSocket? datagrams = null) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly TicketKeyRing _tickets = new(new SeededEntropy("scripted tickets"u8));
    private readonly Channel<Served> _accepted = Channel.CreateUnbounded<Served>();
    private readonly List<Served> _all = [];

    /// <summary>Attempts to connect so far, refused ones too.</summary>
    public int Attempts { get; private set; }

    /// <summary>Attempts that are refused as by a host nobody listens on.</summary>
    public int RefuseNext { get; set; }

    /// <summary>Sessions accepted from now on stand still at their first request: they read and write nothing any more.</summary>
    public bool FreezesAtRequest { get; set; }

    /// <summary>Whether the server announces that it takes trace contexts.</summary>
    public bool TakesTraceContext { get; init; }

    public Task<ILink> DialAsync(XtmpEndpoint endpoint, CancellationToken cancellationToken)
    {
        Attempts++;
        if (RefuseNext > 0)
        {
            RefuseNext--;
            return Task.FromException<ILink>(new XtmpException(XtmpErrorCode.ConnectFailed, Fault.Network, $"{endpoint} refuses.", retryable: true));
        }

        var (client, server) = MemoryLink.CreatePair();
        var options = PairOptions.Server with
        {
            TicketKeys = _tickets,
            TakesTraceContext = TakesTraceContext,
            EnableDatagrams = datagrams is not null,
            DatagramEndpoint = datagrams is null ? null : $"127.0.0.1:{datagrams.LocalEndPoint.Port}",
        };
        var clock = new SessionClock(time);
        var served = new Served(endpoint, FreezesAtRequest);
        served.Pump = new SessionPump(XtmpSession.Accept(options, SystemEntropy.Instance, clock.Now), server, clock, served);
        _ = served.Pump.RunAsync();
        if (datagrams is not null)
        {
            served.Pump.SendDatagramsBy(datagrams);
            _ = ReceiveAsync(datagrams, served.Pump);
        }

        _all.Add(served);
        _accepted.Writer.TryWrite(served);
        return Task.FromResult<ILink>(client);
    }

    /// <summary>The next session that a client opened.</summary>
    public async Task<Served> AcceptAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        return await _accepted.Reader.ReadAsync(patience.Token);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var served in _all)
        {
            served.Thaw();
            await served.Pump.DisposeAsync();
        }

        _tickets.Dispose();
    }

    private static async Task ReceiveAsync(DatagramSocket datagrams, SessionPump pump)
    {
        var batch = DatagramBatch.Rent();
        try
        {
            while (true)
            {
                batch.Clear();
                await datagrams.ReceiveAsync(batch, CancellationToken.None);
                pump.HandleDatagrams(batch, 0, batch.Count);
            }
        }
        catch (ObjectDisposedException)
        {
            batch.Return();
        }
    }

    /// <summary>One session, with the requests that came in on it.</summary>
    internal sealed class Served(XtmpEndpoint endpoint, bool freezesAtRequest) : ISessionObserver
    {
        private readonly Channel<Request> _requests = Channel.CreateUnbounded<Request>();
        private readonly TaskCompletionSource<EstablishedSession> _established = new(TaskCreationOptions.RunContinuationsAsynchronously);

        private readonly TaskCompletionSource _thawed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _datagramsReady = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Channel<(byte Code, bool IsDatagram)> _oneWays = Channel.CreateUnbounded<(byte, bool)>();

        public XtmpEndpoint Endpoint { get; } = endpoint;

        private bool _isFrozen;

        public SessionPump Pump { get; set; } = null!;

        public Task DatagramsReady => _datagramsReady.Task;

        public Task<EstablishedSession> Established => _established.Task.WaitAsync(Patience);

        public void OnEvent(XtmpSession session, in SessionEvent sessionEvent)
        {
            switch (sessionEvent.Kind)
            {
                case SessionEventKind.Established:
                    _established.TrySetResult(sessionEvent.Established!);
                    break;
                case SessionEventKind.DatagramsReady:
                    _datagramsReady.TrySetResult();
                    break;
                case SessionEventKind.OneWay:
                    _oneWays.Writer.TryWrite((sessionEvent.Code, sessionEvent.IsDatagram));
                    break;
                case SessionEventKind.Request or SessionEventKind.Cancel:
                    _isFrozen |= freezesAtRequest && sessionEvent.Kind == SessionEventKind.Request;
                    _requests.Writer.TryWrite(new Request(sessionEvent.Kind, sessionEvent.Code, sessionEvent.ExchangeId, sessionEvent.Payload.ToArray()));
                    break;
            }
        }

        public ValueTask OnInputHandledAsync() => _isFrozen ? new ValueTask(_thawed.Task) : default;

        public void Thaw() => _thawed.TrySetResult();

        /// <summary>The next request, or cancellation of one.</summary>
        public async Task<Request> TakeAsync()
        {
            using var patience = new CancellationTokenSource(Patience);
            return await _requests.Reader.ReadAsync(patience.Token);
        }

        /// <summary>The next one-way message, and whether it came by datagram.</summary>
        public async Task<(byte Code, bool IsDatagram)> TakeOneWayAsync()
        {
            using var patience = new CancellationTokenSource(Patience);
            return await _oneWays.Reader.ReadAsync(patience.Token);
        }

        public void Answer(Request request, IXtmpMessage reply) =>
            Pump.Use((request, reply), static (session, answer) => session.SendResponse(answer.request.ExchangeId, answer.reply));

        public void Item(Request request, IXtmpMessage item) =>
            Pump.Use((request, item), static (session, answer) => session.SendItem(answer.request.ExchangeId, answer.item));

        public void Refuse(Request request, XtmpErrorCode code) =>
            Pump.Use((request, code), static (session, refusal) => session.SendError(refusal.request.ExchangeId, refusal.code, "refused", retryable: true));

        /// <summary>The end of the stream without a word, as a process that dies.</summary>
        public void Cut() => Pump.Abort(XtmpErrorCode.ConnectionLost, "cut by the test");
    }

    internal sealed record Request(SessionEventKind Kind, byte Code, ulong ExchangeId, byte[] Payload)
    {
        public T Read<T>()
            where T : class, IXtmpMessage<T> => XtmpCodec.Decode<T>(Payload, DecodeLimits.Untrusted);
    }
}
