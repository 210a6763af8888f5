using System.Threading.Tasks.Sources;
using Xtmp.Protocol;

namespace Xtmp.Engine;

/// <summary>A call with a reply.</summary>
internal sealed class UnaryTurn<TRequest, TReply> : Turn, IValueTaskSource<TReply>
    where TRequest : class, IXtmpMessage<TRequest>
    where TReply : class, IXtmpMessage<TReply>
{
    private readonly UnaryMethod<TRequest, TReply> _method;
    private readonly TRequest _request;
    private ManualResetValueTaskSourceCore<TReply> _source = new() { RunContinuationsAsynchronously = true };
    private TReply? _reply;

    public UnaryTurn(EmbeddedEngine engine, GrainId target, Turn? caller, UnaryMethod<TRequest, TReply> method, TRequest request, CallContext context, bool isInternal)
        : base(engine, target, caller, context)
    {
        _method = method;
        _request = request;
        IsInternal = isInternal;
    }

    public override bool IsInternal { get; }

    public ValueTask<TReply> Task => new(this, _source.Version);

    public override ValueTask RunAsync(Activation activation, Grain grain, CancellationToken cancellationToken)
    {
        var running = _method.HandleAsync(grain, _request, Context with { CancellationToken = cancellationToken });
        if (running.IsCompletedSuccessfully)
        {
            _reply = running.Result;
            return ValueTask.CompletedTask;
        }

        return AwaitAsync(running);
    }

    public TReply GetResult(short token) => _source.GetResult(token);

    public ValueTaskSourceStatus GetStatus(short token) => _source.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);

    protected override void SetResult()
    {
        Assertion.Check(_reply is not null);
        _source.SetResult(_reply);
    }

    protected override void SetError(Exception error) => _source.SetException(error);

    private async ValueTask AwaitAsync(ValueTask<TReply> running) => _reply = await running.ConfigureAwait(false);
}
