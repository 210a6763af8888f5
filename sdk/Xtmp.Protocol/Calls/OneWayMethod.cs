namespace Xtmp.Protocol;

/// <summary>A one-way method seen by code that knows no message types, such as a gateway.</summary>
public interface IOneWayMethod
{
    ValueTask SendAsync(ICallInvoker invoker, IXtmpMessage request, CallContext context);

    /// <summary>Runs the method on a handler object.</summary>
    ValueTask HandleAsync(object handler, IXtmpMessage request, CallContext context);
}

/// <summary>A method without a reply.</summary>
public sealed class OneWayMethod<TRequest> : MethodDescriptor<TRequest>, IOneWayMethod
    where TRequest : class, IXtmpMessage<TRequest>
{
    private readonly Func<object, TRequest, CallContext, ValueTask> _handle;

    /// <inheritdoc cref="UnaryMethod{TRequest,TReply}(string,string,Func{TRequest,CallContext,string},Func{object,TRequest,CallContext,ValueTask{TReply}})"/>
    public OneWayMethod(string handler, string name, Func<TRequest, CallContext, string> key, Func<object, TRequest, CallContext, ValueTask> handle)
        : base(handler, name, reply: null, key)
    {
        _handle = handle;
    }

    /// <summary>
    /// A method that is only called, for a client that knows the schema at run time and whose message type stands for many.
    /// </summary>
    public OneWayMethod(string handler, string name, MessageInfo request)
        : base(handler, name, request, reply: null, (_, _) => throw ClientOnly())
    {
        _handle = (_, _, _) => throw ClientOnly();
    }

    /// <summary>Runs the method on a handler object.</summary>
    public ValueTask HandleAsync(object handler, TRequest request, CallContext context) => _handle(handler, request, context);

    ValueTask IOneWayMethod.HandleAsync(object handler, IXtmpMessage request, CallContext context) => _handle(handler, (TRequest)request, context);

    ValueTask IOneWayMethod.SendAsync(ICallInvoker invoker, IXtmpMessage request, CallContext context) =>
        invoker.SendAsync(this, (TRequest)request, context);
}
