using Xtmp.Protocol;

namespace Xtmp.Gateway;

/// <summary>A request being served.</summary>
internal sealed class ServedCall(ulong exchangeId, MethodDescriptor method, IXtmpMessage request, CallerInfo caller)
{
    private readonly CancellationTokenSource _cancellation = new();
    private readonly SemaphoreSlim _credit = new(0, 1);

    public ulong ExchangeId { get; } = exchangeId;

    public MethodDescriptor Method { get; } = method;

    public IXtmpMessage Request { get; } = request;

    public CallerInfo Caller { get; } = caller;

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
        if (Method is IStreamMethod)
        {
            _cancellation.Cancel();
        }
    }

    public void CreditArrived()
    {
        if (_credit.CurrentCount == 0)
        {
            _credit.Release();
        }
    }

    public Task WaitForCreditAsync() => _credit.WaitAsync(Cancelled);
}
