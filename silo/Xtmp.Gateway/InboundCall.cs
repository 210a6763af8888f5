using System.Diagnostics;
using Xtmp.Protocol;

namespace Xtmp.Gateway;

/// <summary>
/// A request or one-way message of a peer, from its arrival until it is answered. Used again for a later one: everything but
/// the token and <see cref="WaitAsync"/> is touched only by who serves the call, or while the pump holds the session.
/// </summary>
internal sealed class InboundCall : IThreadPoolWorkItem
{
    private readonly CancellationTokenSource _cancellation = new();
    private ServerConnection _connection = null!;
    private SemaphoreSlim? _mayGoOn;

    /// <summary>0 for a one-way message.</summary>
    public ulong ExchangeId { get; private set; }

    public MethodDescriptor Method { get; private set; } = null!;

    public IXtmpMessage Request { get; private set; } = null!;

    /// <summary>Once a unary call has it.</summary>
    public IXtmpMessage? Reply { get; set; }

    public CallerInfo Caller { get; private set; } = null!;

    /// <summary>The one before it in the list of calls that were read.</summary>
    public InboundCall? Earlier { get; set; }

    /// <summary>The caller's span, where the request carried it.</summary>
    public ActivityContext Trace { get; private set; }

    /// <summary>Its span here, while it is served and somebody listens.</summary>
    public Activity? Span { get; set; }

    /// <summary>When it came, by the gateway's clock.</summary>
    public TimeSpan ArrivedAt { get; private set; }

    /// <summary>What its request counts for among the bytes held for the peer.</summary>
    public int HeldBytes { get; set; }

    /// <summary>The error it was answered with, or None.</summary>
    public XtmpErrorCode Outcome { get; set; }

    public bool IsStream => Method is IStreamMethod;

    /// <summary>Under which the stream is counted; null where it is not.</summary>
    public string? StreamKey { get; private set; }

    public CancellationToken Cancelled => _cancellation.Token;

    public void Begin(ServerConnection connection, ulong exchangeId, MethodDescriptor method, IXtmpMessage request, CallerInfo caller, string? streamKey, ActivityContext trace, TimeSpan arrivedAt)
    {
        _connection = connection;
        ExchangeId = exchangeId;
        Method = method;
        Request = request;
        Caller = caller;
        StreamKey = streamKey;
        Trace = trace;
        ArrivedAt = arrivedAt;
        HeldBytes = 0;
        Outcome = XtmpErrorCode.None;
    }

    /// <summary>Lets go of the message. False where the call cannot serve for another one.</summary>
    public bool TryReset()
    {
        _connection = null!;
        Request = null!;
        Reply = null;
        Caller = null!;
        return !IsStream && _mayGoOn is null && _cancellation.TryReset();
    }

    /// <summary>The peer gave the call up.</summary>
    public void Cancel() => _cancellation.Cancel();

    /// <summary>
    /// The session is gone. A unary call runs to its end, since its effect must not depend on when a connection breaks;
    /// a stream has nobody left to read it.
    /// </summary>
    public void OnSessionClosed()
    {
        if (IsStream)
        {
            _cancellation.Cancel();
        }

        GoOn();
    }

    /// <summary>The answer found no credit or no room: from now on <see cref="GoOn"/> counts.</summary>
    public void ExpectToWait() => _mayGoOn ??= new SemaphoreSlim(0, 1);

    /// <summary>Credit came, or the send queue has room: whoever waits looks again.</summary>
    public void GoOn()
    {
        if (_mayGoOn is { CurrentCount: 0 } waiting)
        {
            waiting.Release();
        }
    }

    /// <summary>After <see cref="ExpectToWait"/>.</summary>
    public Task WaitAsync(CancellationToken cancellationToken) => _mayGoOn!.WaitAsync(cancellationToken);

    /// <summary>For the thread pool.</summary>
    void IThreadPoolWorkItem.Execute() => _connection.Serve(this);
}
