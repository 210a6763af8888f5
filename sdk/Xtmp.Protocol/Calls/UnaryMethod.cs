namespace Xtmp.Protocol;

/// <summary>A unary method seen by code that knows no message types, such as a gateway.</summary>
public interface IUnaryMethod
{
    ValueTask<IXtmpMessage> InvokeAsync(ICallInvoker invoker, IXtmpMessage request, CallContext context);

    /// <summary>Runs the method on a handler object.</summary>
    ValueTask<IXtmpMessage> HandleAsync(object handler, IXtmpMessage request, CallContext context);
}

/// <summary>A method with exactly one reply or error.</summary>
public sealed class UnaryMethod<TRequest, TReply> : MethodDescriptor<TRequest>, IUnaryMethod
    where TRequest : class, IXtmpMessage<TRequest>
    where TReply : class, IXtmpMessage<TReply>
{
    private readonly Func<object, TRequest, CallContext, ValueTask<TReply>> _handle;

    /// <param name="handler">Handler group.</param>
    /// <param name="name">Method name without <c>Async</c>.</param>
    /// <param name="key">Grain key of a request.</param>
    /// <param name="handle">Calls the method on an object that implements the generated handler interface.</param>
    public UnaryMethod(string handler, string name, Func<TRequest, CallContext, string> key, Func<object, TRequest, CallContext, ValueTask<TReply>> handle)
        : base(handler, name, TReply.MessageInfo, key)
    {
        _handle = handle;
    }

    /// <summary>
    /// A method that is only called, for a client that knows the schema at run time and whose message type stands for many.
    /// </summary>
    public UnaryMethod(string handler, string name, MessageInfo request, MessageInfo reply)
        : base(handler, name, request, reply, (_, _) => throw ClientOnly())
    {
        _handle = (_, _, _) => throw ClientOnly();
    }

    /// <summary>Runs the method on a handler object.</summary>
    public ValueTask<TReply> HandleAsync(object handler, TRequest request, CallContext context) => _handle(handler, request, context);

    ValueTask<IXtmpMessage> IUnaryMethod.HandleAsync(object handler, IXtmpMessage request, CallContext context)
    {
        var handling = _handle(handler, (TRequest)request, context);
        return handling.IsCompletedSuccessfully ? new(handling.Result) : AwaitAsync(handling);
    }

    ValueTask<IXtmpMessage> IUnaryMethod.InvokeAsync(ICallInvoker invoker, IXtmpMessage request, CallContext context)
    {
        var calling = invoker.InvokeAsync(this, (TRequest)request, context);
        return calling.IsCompletedSuccessfully ? new(calling.Result) : AwaitAsync(calling);
    }

    private static async ValueTask<IXtmpMessage> AwaitAsync(ValueTask<TReply> reply) => await reply.ConfigureAwait(false);
}
