using Xtmp.Protocol;

namespace Xtmp.Gateway;

/// <summary>A request or one-way message of a peer, from its arrival until it is answered.</summary>
internal sealed class InboundCall(ulong exchangeId, MethodDescriptor method, IXtmpMessage request, CallerInfo caller)
{
    private readonly CancellationTokenSource _cancellation = new();
    private readonly SemaphoreSlim _mayGoOn = new(0, 1);

    /// <summary>0 for a one-way message.</summary>
    public ulong ExchangeId { get; } = exchangeId;

    public MethodDescriptor Method { get; } = method;

    public IXtmpMessage Request { get; } = request;

    public CallerInfo Caller { get; } = caller;

    public bool IsStream => Method is IStreamMethod;

    /// <summary>Under which the stream is counted; null where it is not.</summary>
    public string? StreamKey { get; init; }

    /// <summary>Done when the answer has been given to the session.</summary>
    public Task Completion { get; set; } = Task.CompletedTask;

    public CancellationToken Cancelled => _cancellation.Token;

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

    /// <summary>Credit came, or the send queue has room: whoever waits looks again.</summary>
    public void GoOn()
    {
        if (_mayGoOn.CurrentCount == 0)
        {
            _mayGoOn.Release();
        }
    }

    public Task WaitAsync(CancellationToken cancellationToken) => _mayGoOn.WaitAsync(cancellationToken);
}
