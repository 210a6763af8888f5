using Xtmp.Protocol;

namespace Xtmp.Engine;

/// <summary>The body of a stream method. Its result is enumerated outside the turn.</summary>
internal sealed class StreamOpenTurn<TRequest, TItem> : Turn
    where TRequest : class, IXtmpMessage<TRequest>
    where TItem : class, IXtmpMessage<TItem>
{
    private readonly StreamMethod<TRequest, TItem> _method;
    private readonly TRequest _request;
    private readonly TaskCompletionSource<IAsyncEnumerable<TItem>> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IAsyncEnumerable<TItem>? _items;

    public StreamOpenTurn(EmbeddedEngine engine, GrainId target, Turn? caller, StreamMethod<TRequest, TItem> method, TRequest request, CallContext context)
        : base(engine, target, caller, context)
    {
        _method = method;
        _request = request;
    }

    public override bool OpensStream => true;

    public Task<IAsyncEnumerable<TItem>> Task => _opened.Task;

    public override async ValueTask RunAsync(Activation activation, Grain grain, CancellationToken cancellationToken)
    {
        // The caller's own token, not the turn's: the method may keep it for the life of the stream.
        var items = _method.HandleAsync(grain, _request, Context);
        _items = items is DeferredStream<TItem> deferred ? await deferred.OpenAsync().ConfigureAwait(false) : items;
    }

    protected override void SetResult()
    {
        Assertion.Check(_items is not null);
        _opened.SetResult(_items);
    }

    protected override void SetError(Exception error) => _opened.SetException(error);
}
