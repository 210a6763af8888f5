using Xtmp.Protocol;

namespace Xtmp.Engine;

/// <summary>A call without a reply. A sender that only needs it accepted does not look at the task.</summary>
internal sealed class OneWayTurn<TRequest> : ActionTurn
    where TRequest : class, IXtmpMessage<TRequest>
{
    private readonly OneWayMethod<TRequest> _method;
    private readonly TRequest _request;

    public OneWayTurn(EmbeddedEngine engine, GrainId target, OneWayMethod<TRequest> method, TRequest request, CallContext context, bool isInternal)
        : base(engine, target, context, isInternal)
    {
        _method = method;
        _request = request;
    }

    public override ValueTask RunAsync(Activation activation, Grain grain, CancellationToken cancellationToken) =>
        _method.HandleAsync(grain, _request, Context with { CancellationToken = cancellationToken });
}
